import { AsyncLocalStorage } from 'node:async_hooks'
import { pino, type Logger } from 'pino'

/** JSON lines on stderr: control characters escaped by JSON itself, credentials never passed in. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>

/**
 * On whose behalf something is done, as every line that is written meanwhile says it: an HTTP exchange by its id, or a
 * job with its requests and the ids of the exchanges that asked for them, which may become more while it runs.
 */
export type Cause =
  | { readonly reqId: string }
  | { readonly job: number; readonly requests: readonly number[]; readonly reqIds: readonly string[] }

const causes = new AsyncLocalStorage<() => Cause>()

/** Runs `work`; whatever it calls, waits for or starts, also in a p-queue, writes the cause into its lines. */
export function withCause<T>(cause: () => Cause, work: () => T): T {
  return causes.run(cause, work)
}

/** What is done now is done for a job or an exchange, and not by Airlock itself. */
export function hasCause(): boolean {
  return causes.getStore() !== undefined
}

/** `level`: the least that is written, in pino's words. `fd`: where to; stderr. */
export function createLog(level: string, fd = 2): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, mixin: () => ({ ...causes.getStore()?.() }) },
    pino.destination({ dest: fd, sync: true }),
  )
}
