/** At most so many at a time for each key; who waits goes in order. */
export type Turns = {
  /** Resolves with what ends the turn (repeatable); rejects with the signal's reason while waiting. */
  turn(key: string, signal?: AbortSignal): Promise<() => void>
}

export function createTurns(atOnce: number): Turns {
  const lines = new Map<string, { busy: number; readonly waiting: Set<() => void> }>()
  return {
    async turn(key, signal) {
      signal?.throwIfAborted()
      const line = lines.get(key) ?? { busy: 0, waiting: new Set() }
      lines.set(key, line)
      if (line.busy < atOnce) line.busy++
      // who is called takes over the turn that ends
      else
        await new Promise<void>((resolve, reject) => {
          const call = () => {
            signal?.removeEventListener('abort', leave)
            line.waiting.delete(call)
            resolve()
          }
          const leave = () => {
            line.waiting.delete(call)
            reject(signal?.reason as Error)
          }
          line.waiting.add(call)
          signal?.addEventListener('abort', leave, { once: true })
        })
      let over = false
      return () => {
        if (over) return
        over = true
        const [next] = line.waiting
        if (next !== undefined) next()
        else if (--line.busy === 0) lines.delete(key)
      }
    },
  }
}
