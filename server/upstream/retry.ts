/** How often and how long something is tried again: bounded in number and in waiting. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Waits that many milliseconds, or rejects with the signal's reason. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>

export type Patience = {
  /** Tries after the first. */
  readonly retries: number
  /** The first wait in ms; each further one is twice as long. */
  readonly firstWait: number
  /** All waits together, ms. */
  readonly maxWait: number
}

export const defaultPatience: Patience = { retries: 4, firstWait: 500, maxWait: 600_000 }

export const wait: Wait = async (ms, signal) => {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** Counts one undertaking's tries: {@link next} is the wait before the next one, or null when there is none left. */
export function createTries(patience: Patience): { next(atLeast?: number): number | null } {
  let tries = 0
  let waited = 0
  return {
    next(atLeast = 0) {
      const ms = Math.max(atLeast, patience.firstWait * 2 ** tries)
      tries++
      if (tries > patience.retries || waited + ms > patience.maxWait) return null
      waited += ms
      return ms
    },
  }
}

/** Retry-After (RFC 9110 10.2.3) in ms, between 1 s and 10 min whatever upstream says; 0 when it says nothing usable. */
export function retryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0
  const text = header.trim()
  // a date only in HTTP's own form: the parser takes almost anything for one
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : /^\w{3}, .* GMT$/.test(text) ? Date.parse(text) - now : NaN
  return Number.isNaN(ms) ? 0 : Math.min(600_000, Math.max(1000, ms))
}
