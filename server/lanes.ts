import PQueue from 'p-queue'

/**
 * One publisher at a time for each lane (an index, a target's repository): stage, prove and publish run serially
 * there, while solves and downloads of everybody run free.
 */
export function createLanes() {
  const lanes = new Map<string, PQueue>()

  return {
    /** Runs `work` alone in its lane, in order of arrival. Rejects with the signal's reason if it aborts while waiting. */
    enter<T>(lane: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
      const queue = lanes.get(lane) ?? new PQueue({ concurrency: 1 })
      lanes.set(lane, queue)
      return queue.add(work, { signal })
    },
  }
}

export type Lanes = ReturnType<typeof createLanes>
