/** What became of requests, said once at the end: to stdout what went well, to stderr what did not. */
import type { RequestView } from '../../server/contract.ts'
import { bytes } from './amounts.ts'
import { plain, plainLines } from './columns.ts'
import type { Context } from './context.ts'
import type { Words } from './texts.ts'

export function printOutcome({ io, words }: Context, request: RequestView): void {
  const { id, state, problem, reqId } = request
  const fields = { id, target: plain(request.target) }
  if (state === 'ready') {
    if (request.install === '') return void io.stdout.write(`${words('readyNothing', fields)}\n`)
    const first = words('ready', { ...fields, size: sizeOf(request, words) })
    io.stdout.write(`${first}\n  ${plain(request.install)}\n`)
  } else if (state === 'failed' || state === 'rejected' || state === 'cancelled') {
    const why = problem ? words('why', { message: plainLines(problem.detail) }) : words('whyUnknown')
    io.stderr.write(`airlock: ${words(`ended:${state}`, { ...fields, why })}\n`)
    if (problem && problem.hint !== '') io.stderr.write(`  ${plain(problem.hint)}\n`)
    if (state === 'failed') sayLogId({ io, words }, reqId)
  }
}

/** What finds a failure in the server's log; nothing where that is not known. */
export function sayLogId({ io, words }: Pick<Context, 'io' | 'words'>, reqId: string | null): void {
  if (reqId !== null) io.stderr.write(`  ${words('logId', { id: plain(reqId) })}\n`)
}

function sizeOf({ files, bytes: size }: RequestView, words: Words): string {
  if (files === null) return ''
  return size === null ? words('readyFiles', { files }) : words('readySize', { files, bytes: bytes(size) })
}
