/** The commands that change something: request, retry, cancel. */
import type { NewRequest, RequestView } from '../../server/contract.ts'
import { createBoard, silentBoard } from './board.ts'
import { plain } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits, worst } from './exits.ts'
import { follow, type Wait } from './follow.ts'
import { askedFor, printOutcome } from './outcome.ts'

export type Waiting = { readonly json?: boolean; readonly wait?: boolean; readonly timeout?: number }
export type RequestOptions = Waiting & {
  readonly target?: readonly string[]
  readonly requester?: string
  readonly note?: string
  readonly yes?: boolean
  readonly refresh?: boolean
}

/** `airlock request pip fonttools 'numpy<2'` */
export async function request(
  context: Context,
  ecosystem: 'pip' | 'apt',
  requirements: readonly string[],
  { target, requester = context.io.user, note, yes, refresh, ...waiting }: RequestOptions,
): Promise<number> {
  const body = {
    ecosystem,
    requirements: [...requirements],
    ...(target && { targets: [...target] }),
    ...(requester && { requester }),
    ...(note && { note }),
    ...(yes && { confirm: true }),
    ...(refresh && { refresh }),
  } satisfies NewRequest
  const { text, json } = await context.call('createRequests', { body })
  if (waiting.wait) return waitFor(context, json.requests, waiting, (texts) => `{"requests":[${texts.join(',')}]}`)
  if (waiting.json) printJson(context, text)
  else for (const one of json.requests) printAsked(context, one)
  return exits.done
}

/** `airlock retry 7` */
export async function retry(context: Context, id: number, waiting: Waiting): Promise<number> {
  const { text, json } = await context.call('retryRequest', { id })
  if (waiting.wait) return waitFor(context, [json], waiting, ([only]) => only!)
  if (waiting.json) printJson(context, text)
  else printAsked(context, json)
  return exits.done
}

/** `airlock cancel 7` */
export async function cancel(context: Context, id: number, { json }: { readonly json?: boolean }): Promise<number> {
  const answer = await context.call('cancelRequest', { id })
  const { io, words } = context
  if (json) printJson(context, answer.text)
  else io.stdout.write(`${words('cancelledNow', { id, state: words(`state:${answer.json.state}`) })}\n`)
  return exits.done
}

/** Waits for one or more, then says what became of each. `document` puts their JSON together, untouched. */
async function waitFor(
  context: Context,
  requests: readonly RequestView[],
  { json, timeout }: Waiting,
  document: (texts: readonly string[]) => string,
): Promise<number> {
  const board = json ? silentBoard : createBoard(context.io.stderr, context.words)
  const wait: Wait = { ids: requests.map(({ id }) => id), timeout, known: true }
  const ended = await follow(context, board, wait)
  if (json) printJson(context, document(ended.map(({ text }) => text.trim())))
  else for (const one of ended) printOutcome(context, one.json)
  return worst(ended.map((one) => one.json))
}

function printAsked({ io, words }: Context, one: RequestView): void {
  const state = words(`state:${one.state}`)
  const fields = { id: one.id, what: askedFor(one), target: plain(one.target), state }
  io.stdout.write(`${words('asked', fields)}\n  ${words('askedHint', { id: one.id })}\n`)
}
