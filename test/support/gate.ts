import type { Answer } from './upstream.ts'

export type Gate = {
  /** Waits for {@link open}, then answers. */
  readonly answer: Answer
  /** Resolves when somebody has asked. */
  readonly asked: Promise<void>
  /** Lets everybody through, from now on. */
  open(): void
}

/** Holds an answer back until a test lets it go: what is under way stays under way. */
export function gate(answer: Answer): Gate {
  const opened = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  return {
    answer(req, res) {
      asked.resolve()
      void opened.promise.then(() => (res.destroyed ? undefined : answer(req, res)))
    },
    asked: asked.promise,
    open: opened.resolve,
  }
}
