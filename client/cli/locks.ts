/** `airlock lock to-upstream uv.lock`, `airlock lock to-airlock uv.lock`. */
import { plain } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits } from './exits.ts'
import { WrongUsage } from './failures.ts'
import { readText } from './files.ts'

export type ConvertOptions = {
  readonly json?: boolean
  readonly write?: boolean
  readonly mirror?: string
  readonly index?: string
}

/** Names of projects that a line of a terminal bears. */
const maxNames = 10

/** The lock on standard output or, with `--write`, in its file; what there is to say on standard error. Throws WrongUsage. */
export async function convertLock(
  context: Context,
  to: 'upstream' | 'airlock',
  file: string,
  { json, write, mirror, index }: ConvertOptions,
): Promise<number> {
  const { io, words, call } = context
  if (write && (file === '-' || json)) throw new WrongUsage(words('usageWriteWhere'))
  const text = await readText(context, file)
  const answer = await call('convertLock', { body: { text, to, ...(mirror && { mirror }), ...(index && { index }) } })
  const converted = answer.json
  if (json) printJson(context, answer.text)
  else if (write) await io.write(file, converted.text)
  else io.stdout.write(converted.text)
  if (json) return exits.done
  io.stderr.write(`${words('lockConverted', { count: converted.replaced })}\n`)
  if (to === 'airlock' && converted.missing.length > 0) {
    const names = converted.missing.slice(0, maxNames).map(plain).join(', ')
    const more = converted.missing.length > maxNames ? ', …' : ''
    io.stderr.write(`${words('lockMissing', { names: names + more, file: plain(file) })}\n`)
  }
  return exits.done
}
