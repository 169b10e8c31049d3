/** The commands that change something: request, retry, cancel. */
import { basename } from 'node:path'
import type { NewRequest, RequestView } from '../../server/contract.ts'
import { createBoard, silentBoard } from './board.ts'
import { plain } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits, worst } from './exits.ts'
import { WrongUsage } from './failures.ts'
import { linesOf, readText } from './files.ts'
import { follow, type Wait } from './follow.ts'
import { printOutcome } from './outcome.ts'
import { askedFor, stateOf } from './request-words.ts'

export type Waiting = { readonly json?: boolean; readonly wait?: boolean; readonly timeout?: number }
export type RequestOptions = Waiting & {
  readonly target?: readonly string[]
  readonly requester?: string
  readonly note?: string
  readonly yes?: boolean
  readonly refresh?: boolean
  /** Paths, or `-`. */
  readonly file?: string
  readonly constraints?: string
  readonly lock?: string
}

/** Characters of a query: HTTP servers take some 16 KiB of head in all. */
const maxQuery = 12_000

/** `airlock request pip fonttools 'numpy<2'`, `airlock request pip -r requirements.txt`. Throws WrongUsage. */
export async function request(
  context: Context,
  ecosystem: 'pip' | 'apt',
  requirements: readonly string[],
  options: RequestOptions,
): Promise<number> {
  const { text, json } = await context.call('createRequests', await sentFor(context, ecosystem, requirements, options))
  if (options.wait) return waitFor(context, json.requests, options, (texts) => `{"requests":[${texts.join(',')}]}`)
  if (options.json) printJson(context, text)
  else for (const one of json.requests) printAsked(context, one)
  return exits.done
}

/** What the API is sent: a file goes as it is, with the rest in the query. */
async function sentFor(
  context: Context,
  ecosystem: 'pip' | 'apt',
  requirements: readonly string[],
  options: RequestOptions,
): Promise<{ body: NewRequest } | { body: string; query: Record<string, string | readonly string[]> }> {
  const { words, io } = context
  const { target, requester = io.user, note, yes, refresh, lock, constraints } = options
  const file = lock ?? options.file
  const others = [options.file, lock, constraints].filter((given) => given !== undefined)
  if (lock !== undefined && others.length > 1) throw new WrongUsage(words('usageLockAlone'))
  if (file !== undefined && requirements.length > 0) throw new WrongUsage(words('usageFileOrNames'))
  if (file === undefined && requirements.length === 0)
    throw new WrongUsage(words('usageMissing', { what: 'REQUIREMENT' }))
  if (file === '-' && constraints === '-') throw new WrongUsage(words('usageInputTwice'))
  const bounds = constraints === undefined ? [] : linesOf(await readText(context, constraints))
  const asked = { ...(requester && { requester }), ...(note && { note }) }
  if (file === undefined) {
    const body = {
      ecosystem,
      requirements: [...requirements],
      ...(bounds.length > 0 && { constraints: bounds }),
      ...(target && { targets: [...target] }),
      ...asked,
      ...(yes && { confirm: true }),
      ...(refresh && { refresh }),
    }
    return { body }
  }
  const query = {
    ecosystem,
    ...(target && { target }),
    ...(bounds.length > 0 && { constraint: bounds }),
    // what kind of lock it is is told by its name
    ...(lock !== undefined && { lock: basename(lock) }),
    ...asked,
    ...(yes && { confirm: 'true' }),
    ...(refresh && { refresh: 'true' }),
  }
  if (new URLSearchParams(bounds.map((bound) => ['constraint', bound])).toString().length > maxQuery)
    throw new WrongUsage(words('usageConstraintsLong', { count: bounds.length }))
  const body = await readText(context, file)
  if (linesOf(body).length === 0) throw new WrongUsage(words('usageFileEmpty', { file: plain(file) }))
  return { body, query }
}

/** `airlock withdraw apt cmake` */
export async function withdraw(
  context: Context,
  ecosystem: 'pip' | 'apt',
  roots: readonly string[],
  { target, requester = context.io.user, note, yes, ...waiting }: Omit<RequestOptions, 'target'> & { target?: string },
): Promise<number> {
  const body = {
    ecosystem,
    roots: [...roots],
    ...(target && { target }),
    ...(requester && { requester }),
    ...(note && { note }),
    ...(yes && { confirm: true }),
  }
  const { text, json } = await context.call('withdraw', { body })
  if (waiting.wait) return waitFor(context, json.requests, waiting, (texts) => `{"requests":[${texts.join(',')}]}`)
  if (waiting.json) printJson(context, text)
  else for (const one of json.requests) printAsked(context, one)
  return exits.done
}

/** Who does it, as far as the system knows. */
function by({ io: { user } }: Context) {
  return { ...(user !== undefined && { requester: user }) }
}

/** `airlock retry 7` */
export async function retry(context: Context, id: number, waiting: Waiting): Promise<number> {
  const { text, json } = await context.call('retryRequest', { id, body: by(context) })
  if (waiting.wait) return waitFor(context, [json], waiting, ([only]) => only!)
  if (waiting.json) printJson(context, text)
  else printAsked(context, json)
  return exits.done
}

/** `airlock cancel 7` */
export async function cancel(context: Context, id: number, { json }: { readonly json?: boolean }): Promise<number> {
  const answer = await context.call('cancelRequest', { id, body: by(context) })
  const { io, words } = context
  if (json) printJson(context, answer.text)
  else io.stdout.write(`${words('cancelledNow', { id, state: stateOf(answer.json, words) })}\n`)
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
  const state = stateOf(one, words)
  const fields = { id: one.id, what: askedFor(one, words), target: plain(one.target), state }
  io.stdout.write(`${words('asked', fields)}\n  ${words('askedHint', { id: one.id })}\n`)
}
