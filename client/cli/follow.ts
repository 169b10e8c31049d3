/** Waits for requests by looking at them again and again; a server that restarts meanwhile is waited for as well. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnswerOf } from './api.ts'
import type { Board } from './board.ts'
import type { Context } from './context.ts'
import { isFinished } from './exits.ts'
import { NotAirlock, ProblemAnswer, Unreachable, WaitEnded } from './failures.ts'

type Detail = AnswerOf<'getRequest'>

export type Wait = {
  readonly ids: readonly number[]
  /** Seconds; undefined: as long as it takes. */
  readonly timeout: number | undefined
  /** The server has answered this command already, so it is worth waiting for. */
  readonly known: boolean
}

/** The finished requests, in the order asked. Throws WaitEnded with those that are not, Unreachable, ProblemAnswer. */
export async function follow(context: Context, board: Board, { ids, timeout, known }: Wait): Promise<Detail[]> {
  const { call, io } = context
  const { every = 500, patience = 60_000 } = io
  const latest = new Map<number, Detail>()
  const unfinished = () => ids.filter((id) => !latest.has(id) || !isFinished(latest.get(id)!.json.state))

  const end = new AbortController()
  const { signal } = end
  const silence = io.onSignal((name) => end.abort(name))
  const alarm = timeout === undefined ? undefined : setTimeout(() => end.abort('timeout'), timeout * 1000)
  try {
    while (unfinished().length > 0) {
      if (latest.size === ids.length) await sleep(every, undefined, { signal })
      for (const id of unfinished()) latest.set(id, await look(id))
      board.show([...latest.values()].map(({ json }) => json))
    }
    return ids.map((id) => latest.get(id)!)
  } catch (error) {
    if (signal.aborted) throw new WaitEnded(signal.reason as WaitEnded['reason'], unfinished())
    throw error
  } finally {
    clearTimeout(alarm)
    silence()
    board.close()
  }

  async function look(id: number): Promise<Detail> {
    let lost: number | null = null
    for (;;) {
      try {
        const detail = await call('getRequest', { id, signal })
        if (lost !== null) board.note(context.words('found'))
        return detail
      } catch (error) {
        const worth = (known || latest.size > 0) && isPassing(error) && !signal.aborted
        if (!worth || (lost !== null && Date.now() - lost >= patience)) throw error
        if (lost === null) {
          lost = Date.now()
          const fields = { url: context.url, reason: error.message, seconds: Math.round(patience / 1000) }
          board.note(context.words('lost', fields))
        }
        await sleep(every, undefined, { signal })
      }
    }
  }
}

/** Nobody there, or a proxy that says so: what a restart looks like. */
function isPassing(error: unknown): error is Error {
  if (error instanceof ProblemAnswer) return error.problem.status >= 502 && error.problem.status <= 504
  return error instanceof Unreachable || (error instanceof NotAirlock && error.status >= 502 && error.status <= 504)
}
