/** What was asked: `airlock status`. */
import { localMinute } from './amounts.ts'
import { createBoard, silentBoard } from './board.ts'
import { fit, table } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { printDetail } from './detail.ts'
import { exits, worst } from './exits.ts'
import type { Waiting } from './ask.ts'
import { follow } from './follow.ts'
import { printOutcome } from './outcome.ts'
import { stateOf, whatOf } from './request-words.ts'
import type { Words } from './texts.ts'
import type { RequestView } from '../../server/contract.ts'

export type ListedState = RequestView['state'] | 'unfinished'
export type ListOptions = { readonly state?: ListedState; readonly limit?: number; readonly json?: boolean }

/** `airlock status`: the latest requests. */
export async function list(context: Context, { state, limit = 20, json }: ListOptions): Promise<number> {
  const { io, words, call } = context
  const answer = await call('listRequests', { query: { limit: String(limit), ...(state && { state }) } })
  if (json) {
    printJson(context, answer.text)
    return exits.done
  }
  const { requests, next } = answer.json
  if (requests.length === 0) {
    io.stdout.write(`${state ? words('noneLike', { state: words(`state:${state}`) }) : words('none')}\n`)
    return exits.done
  }
  const titles = (
    ['columnId', 'columnState', 'columnTarget', 'columnRequester', 'columnCreated', 'columnRequirements'] as const
  ).map((title) => words(title))
  const lines = table(
    titles,
    requests.map((request) => row(request, words, io.stdout.columns === undefined ? unbound : narrow)),
    io.stdout.columns,
  )
  io.stdout.write(`${lines.join('\n')}\n`)
  if (next !== null) io.stdout.write(`${words('more', { limit: Math.min(200, limit * 2) })}\n`)
  return exits.done
}

/** Cells of a terminal: for a name, behind which the rest stands, and for what was asked where the cause of its failure does. */
const narrow = { name: 16, asked: 40 }
const unbound = { name: Infinity, asked: Infinity }

function row(request: RequestView, words: Words, most: typeof narrow): string[] {
  const { id, state, ecosystem, target, requester, createdAt, problem } = request
  const asked = whatOf(request, words)
  // the first line: a solver's own words come below it
  const cause = state === 'failed' ? problem?.detail.split('\n')[0]!.replace(/[:：]$/, '') : undefined
  return [
    String(id),
    stateOf(request, words),
    `${ecosystem}/${target}`,
    fit(requester ?? words('nobody'), most.name),
    localMinute(createdAt),
    cause === undefined ? asked : words('rowFailed', { asked: fit(asked, most.asked), cause }),
  ]
}

/** `airlock status 7`, and with `--wait` its end. */
export async function detail(context: Context, id: number, { json, wait, timeout }: Waiting): Promise<number> {
  if (wait) {
    const board = json ? silentBoard : createBoard(context.io.stderr, context.words)
    const [ended] = await follow(context, board, { ids: [id], timeout, known: false })
    if (json) printJson(context, ended!.text)
    else printOutcome(context, ended!.json)
    return worst([ended!.json])
  }
  const answer = await context.call('getRequest', { id })
  if (json) printJson(context, answer.text)
  else printDetail(context, answer.json)
  return exits.done
}
