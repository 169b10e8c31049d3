/** Children whose beginning and end stand in the log, with what they were started for. Their arguments never do. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { basename } from 'node:path'
import { openChild, runChild, startChild, type Child, type OpenChild, type RunChild, type StartChild } from './child.ts'
import { hasCause, type Log } from './log.ts'

/**
 * The ways to start a child, each with two lines: `child started` with `child` (the program's name) and `pid`, and
 * `child ended` with also `ms`, `status` and `signal`. What nobody asked for (a look at this machine) is for `debug`.
 */
export function createLoggedChildren(log: Log) {
  const follow = (name: string) => (process: Child) => {
    const began = performance.now()
    const level = hasCause() ? 'info' : 'debug'
    const child = { child: basename(name), pid: process.pid }
    // its end is heard of by nobody's doing
    const ended = AsyncLocalStorage.bind((status: number | null, signal: string | null) =>
      log[level]({ ...child, ms: Math.round(performance.now() - began), status, signal }, 'child ended'),
    )
    process.once('spawn', () => process.once('exit', ended))
    process.once(
      'error',
      AsyncLocalStorage.bind((err: Error) => log.error({ ...child, err }, 'child could not be started')),
    )
    if (process.pid !== undefined) log[level](child, 'child started')
  }

  return {
    runChild: ((command, args, options) =>
      runChild(command, args, { ...options, onChild: follow(command) })) satisfies RunChild,
    openChild: ((command, args, options) =>
      openChild(command, args, { ...options, onChild: follow(command) })) satisfies OpenChild,
    startChild: ((command, args, options) =>
      startChild(command, args, { ...options, onChild: follow(options.name ?? command) })) satisfies StartChild,
  }
}
