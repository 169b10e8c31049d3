import PQueue from 'p-queue'

/**
 * One publisher at a time for each lane (an index, a target's repository): stage, prove and publish run serially
 * there, while solves and downloads of everybody run free.
 */
export function createLanes() {
  const lanes = new Map<string, PQueue>()

  return {
    /** Runs `work` alone in its lane, in order of arrival, as {@link inTurn} does. */
    enter<T>(lane: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
      const queue = lanes.get(lane) ?? new PQueue({ concurrency: 1 })
      lanes.set(lane, queue)
      return inTurn(queue, signal, work)
    },
  }
}

export type Lanes = ReturnType<typeof createLanes>

/**
 * Runs `work` when a place in the queue is free. Rejects with the signal's reason if it aborts while waiting; once begun,
 * work ends by itself, and Invariant: its place is free only then (p-queue's own `signal` would free it at once).
 */
export function inTurn<T>(queue: PQueue, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const waiting = new AbortController()
  const leave = () => waiting.abort(signal.reason)
  if (signal.aborted) leave()
  signal.addEventListener('abort', leave, { once: true })
  const begin = () => {
    signal.removeEventListener('abort', leave)
    return work()
  }
  return queue.add(begin, { signal: waiting.signal })
}
