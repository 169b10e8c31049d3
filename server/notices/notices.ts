/**
 * The outbox, carried out: a loop for each hook, so that one that hangs delays neither a job nor another hook. A notice is
 * tried with longer and longer waits until it is taken or three days old. Invariant: at least once; a try that was not
 * acknowledged is repeated with the same key.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Problem } from '../../storage/records.ts'
import type { Notice, Outbox, OutboxRow } from '../../storage/outbox.ts'
import { AirlockError, problemOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Deliver, Hook } from './deliver.ts'

type Deps = {
  readonly hooks: readonly Hook[]
  readonly outbox: Outbox
  readonly deliver: Deliver
  readonly log: Log
  readonly now: () => Date
  /** ms: the first wait, each further one being twice as long, and the longest. */
  readonly firstWait?: number
  readonly longestWait?: number
}

/** ms. */
const life = 3 * 86_400_000
const keptFor = 30 * 86_400_000
const hour = 3_600_000
const patience = 30_000

export type HookState = Pick<Hook, 'name' | 'kind' | 'on' | 'language'> & {
  readonly waiting: number
  readonly problem: Problem | null
}

export function createNotices({ hooks, outbox, deliver, log, now, firstWait = 2000, longestWait = hour }: Deps) {
  const stopping = new AbortController()
  const asleep = new Map<string, () => void>()
  /** What the state has yet to hear of, as while its disk is full: nobody is told again for that. */
  const taken = new Set<number>()
  let loops: Promise<unknown> = Promise.resolve()
  let woken = 0

  /** Until something may be due: that time, a new notice, or the end. */
  async function rest(hook: Hook, ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    asleep.set(hook.name, resolve)
    const timer = new AbortController()
    const over = sleep(ms, undefined, { signal: timer.signal, ref: false }).catch(() => {})
    await Promise.race([promise, over])
    timer.abort()
    asleep.delete(hook.name)
  }

  async function attempt(hook: Hook, row: OutboxRow): Promise<void> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(patience)])
    try {
      if (!taken.has(row.id)) await deliver(hook, row.notice, row.key, signal)
    } catch (error) {
      if (stopping.signal.aborted) return
      const problem = problemOf(signal.aborted ? late(hook) : error)
      const wait = Math.min(longestWait, firstWait * 2 ** Math.min(row.tries, 20))
      const due = new Date(now().getTime() + wait)
      const fields = { hook: hook.name, notice: row.key, tries: row.tries + 1, problem }
      if (due.getTime() - Date.parse(row.createdAt) > life) {
        log.error(fields, 'notice dropped')
        return outbox.end(row.id, 'dropped')
      }
      log.warn(fields, 'notice not taken')
      return outbox.again(row.id, due, problem)
    }
    taken.add(row.id)
    await outbox.end(row.id, 'sent')
    taken.delete(row.id)
    log.info({ hook: hook.name, notice: row.key }, 'notice sent')
  }

  async function carryOut(hook: Hook): Promise<void> {
    while (!stopping.signal.aborted) {
      const before = woken
      const row = await outbox.next(hook.name)
      const ms = row ? Date.parse(row.dueAt) - now().getTime() : hour
      if (row && ms <= 0) await attempt(hook, row)
      // what was written while the outbox was read has woken nobody
      else if (woken === before) await rest(hook, Math.min(ms, hour))
    }
  }

  /** A loop goes on whatever happens: a disk that is full is no reason to fall silent for ever. */
  async function persist(hook: Hook): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await carryOut(hook)
      } catch (error) {
        log.error({ err: error, hook: hook.name }, 'the outbox could not be read')
        await rest(hook, 10_000)
      }
    }
  }

  const sweep = () =>
    outbox
      .sweep(new Date(now().getTime() - keptFor))
      .catch((error: unknown) => log.error({ err: error }, 'the outbox could not be swept'))

  return {
    begin(): void {
      const swept = sweep()
      const timer = setInterval(() => void sweep(), hour).unref()
      stopping.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
      loops = Promise.all([swept, ...hooks.map(persist)])
    },

    /** Something may have been written into the outbox. */
    wake(): void {
      woken++
      for (const go of asleep.values()) go()
    },

    /** One notice, now, past the outbox. Throws `notice-hook-unknown` or `notice-failed`. */
    async test(name: string, signal: AbortSignal): Promise<void> {
      const hook = hooks.find((one) => one.name === name)
      if (!hook) throw new AirlockError('notice-hook-unknown', { hook: name, known: hooks.map((one) => one.name) })
      const bounded = AbortSignal.any([signal, stopping.signal, AbortSignal.timeout(patience)])
      const notice: Notice = {
        event: 'test',
        at: now().toISOString(),
        requests: [],
        roots: [],
        problem: null,
        held: null,
      }
      await deliver(hook, notice, randomUUID(), bounded).catch((error: unknown) => {
        if (error instanceof AirlockError) throw error
        throw bounded.aborted ? late(hook) : error
      })
    },

    async list(): Promise<HookState[]> {
      const waiting = await outbox.waiting()
      return hooks.map(({ name, kind, on, language }) => {
        const { count = 0, problem = null } = waiting.get(name) ?? {}
        return { name, kind, on, language, waiting: count, problem }
      })
    },

    /** What is under way is aborted, and done again after the next start. */
    async close(): Promise<void> {
      stopping.abort(new Error('Airlock stops'))
      this.wake()
      await loops
    },
  }
}

export type Notices = ReturnType<typeof createNotices>

function late({ name }: Hook): AirlockError {
  return new AirlockError('notice-failed', { hook: name, reason: { en: 'it did not answer in time', zh: '应答超时' } })
}
