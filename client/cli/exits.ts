import type { RequestView } from '../../server/contract.ts'

type State = RequestView['state']

/** How `airlock` ends. Documented in `airlock --help`; scripts may rely on it. */
export const exits = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Kept for approvals, as its state is: nothing rejects a request yet. */
  rejected: 3,
  cancelled: 4,
  /** Any other problem that the API answered with. */
  problem: 5,
  /** The wait ended before the request did. */
  waiting: 6,
  unreachable: 7,
  /** Ctrl-C, as shells count it. */
  interrupted: 130,
} as const

/** What each state means for a command that waited: null while it is under way. */
export const exitOf: Readonly<Record<State, number | null>> = {
  queued: null,
  solving: null,
  'awaiting-approval': null,
  downloading: null,
  building: null,
  proving: null,
  publishing: null,
  ready: exits.done,
  failed: exits.failed,
  rejected: exits.rejected,
  cancelled: exits.cancelled,
}

export const states = Object.keys(exitOf) as State[]

/** Those that a request can be in today: approvals, for which the contract keeps two more, do not exist yet. */
export const reached = states.filter((state) => state !== 'awaiting-approval' && state !== 'rejected')

export function isFinished(state: State): boolean {
  return exitOf[state] !== null
}

/** One exit for several requests: the first reason, in the order of the codes, why not all are ready. */
export function worst(requests: readonly Pick<RequestView, 'state'>[]): number {
  const codes = requests.map(({ state }) => exitOf[state] ?? exits.waiting).filter((code) => code !== exits.done)
  return codes.length === 0 ? exits.done : Math.min(...codes)
}
