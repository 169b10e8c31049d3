/**
 * Every byte that pods may read, hashed again in the background, no faster than its rate: a disk that rots or a hand that
 * slips is found before a pod finds it. Goes on after a restart where it was.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Listings } from '../storage/listings.ts'
import { poolPath } from '../storage/layout.ts'
import type { IsWhole } from '../storage/verify.ts'
import type { Verifying } from '../storage/verifying.ts'
import type { Log } from './log.ts'

type Deps = {
  readonly listings: Pick<Listings, 'page'>
  readonly isWhole: IsWhole
  readonly verifying: { get(): Promise<Verifying>; set(state: Verifying): Promise<void> }
  readonly now: () => Date
  readonly log: Log
  /** Bytes a second; 0: not at all. */
  readonly rate: number
  /** Days from the end of one round to the beginning of the next. */
  readonly every: number
  readonly stopping: AbortSignal
}

/** Listings between two notes of how far it is, at most. */
const pageSize = 50
const day = 86_400_000
/** ms after a round that failed. */
const patience = 60_000

export function createBackgroundVerify({ listings, isWhole, verifying, now, log, rate, every, stopping }: Deps) {
  /** A timer cannot wait longer than 24 days. */
  const rest = (ms: number) => sleep(Math.min(Math.max(0, ms), 24 * day), undefined, { signal: stopping })
  let ended: Verifying['ended'] = null
  let running: Promise<void> = Promise.resolve()

  /** One round, from where the last one was left. */
  async function round(from: Verifying): Promise<void> {
    let { after } = from
    const damaged = new Set(from.damaged)
    for (;;) {
      const page = await listings.page(after, pageSize)
      const last = page.at(-1)
      if (!last) break
      for (const { artifact } of page) {
        const begun = performance.now()
        const path = poolPath(artifact.ecosystem, artifact.sha256, artifact.file)
        if ((await isWhole(artifact, stopping)) !== true && !damaged.has(path)) {
          damaged.add(path)
          log.error({ file: path }, 'a file of the pool is damaged or missing')
        }
        const due = ((artifact.size ?? 0) / rate) * 1000 - (performance.now() - begun)
        await rest(due)
      }
      after = { lane: last.lane, file: last.artifact.file }
      await verifying.set({ after, damaged: [...damaged], ended })
    }
    ended = { at: now().toISOString(), damaged: damaged.size }
    await verifying.set({ after: null, damaged: [], ended })
  }

  async function forever(): Promise<void> {
    for (;;) {
      const state = await verifying.get()
      ended = state.ended
      const due = state.after || !ended ? 0 : Date.parse(ended.at) + every * day - now().getTime()
      await rest(Math.min(due, day))
      if (due <= day) await round(await verifying.get())
    }
  }

  /** What the state itself cannot tell or take is tried again. */
  async function persevere(): Promise<void> {
    while (!stopping.aborted) {
      await forever().catch((error: unknown) => {
        if (!stopping.aborted) log.error({ err: error }, 'the pool could not be verified')
      })
      await sleep(patience, undefined, { signal: stopping }).catch(() => {})
    }
  }

  return {
    /** Goes on until the server stops. */
    begin(): void {
      if (rate === 0) return
      running = persevere()
    },
    /** The last whole round; null: there was none. */
    last: (): Verifying['ended'] => ended,
    /** Resolves when it has stopped. */
    ended: (): Promise<void> => running,
  }
}
