import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Config, Environment } from './config.ts'
import type { Log } from './log.ts'

/** What the mirror has done, as it tells itself. */
export type MirrorCounts = {
  /** Answers by status. */
  readonly answers: Readonly<Record<string, number>>
  /** Bytes written to connections, heads included. */
  readonly bytes: number
  /** Open connections. */
  readonly connections: number
  /** Connections that were not admitted: their address had a large part of very many. */
  readonly refused: number
}

/**
 * What an answer leaves behind is dead at once, so a small young generation does as well: 20 MB less, and no slower (MB; as in
 * scripts/airlock).
 */
export const frugal = ['--max-semi-space-size=4']

const nothing: MirrorCounts = { answers: {}, bytes: 0, connections: 0, refused: 0 }

type Deps = {
  readonly config: Pick<Config, 'root' | 'mirrorListen' | 'mirrorUrl' | 'consoleUrl'>
  readonly env: Environment
  readonly log: Log
  /** ms before a mirror that died is started again. */
  readonly pause?: number
}

/**
 * The mirror beside `airlock serve`, in a process of its own that can read the tree and nothing else. It ends when its
 * channel to us closes, however we die; when it dies by itself it is started again.
 */
export function createMirrorChild({ config, env, log, pause = 1000 }: Deps) {
  let child: ChildProcess | null = null
  let stopped = false
  /** Of those that died, and of the one that lives. */
  let [before, counted] = [nothing, nothing]

  function start(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const { host, port } = config.mirrorListen!
    const own = {
      PATH: env.PATH ?? '/usr/bin:/bin',
      LANG: env.LANG ?? 'C.UTF-8',
      AIRLOCK_ROOT: config.root,
      AIRLOCK_MIRROR_LISTEN: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
      ...(config.mirrorUrl !== null && { AIRLOCK_MIRROR_URL: config.mirrorUrl }),
      ...(config.consoleUrl !== null && { AIRLOCK_CONSOLE_URL: config.consoleUrl }),
    }
    const main = fileURLToPath(new URL('main.ts', import.meta.url))
    const started = fork(main, ['mirror'], { env: own, execArgv: [...process.execArgv, ...frugal] })
    child = started
    let listened = false
    started.on('message', (message: { listening?: number; counts?: MirrorCounts }) => {
      if (message.counts) counted = message.counts
      if (message.listening === undefined) return
      listened = true
      resolve(message.listening)
    })
    started.on('exit', (status, signal) => {
      before = sumOf(before, counted)
      counted = nothing
      if (!listened) return reject(new Error(`the mirror ended at its start (${signal ?? status})`))
      if (stopped) return
      log.error({ status, signal }, 'the mirror died and is started again')
      setTimeout(
        () =>
          void start().catch((error: unknown) => log.error({ err: error }, 'the mirror could not be started again')),
        pause,
      )
    })
    return promise
  }

  return {
    /** Resolves with its port once it listens; rejects when it ends before (it has said why on stderr). */
    start,
    /** Since our own start, as of two seconds ago. */
    counts: (): MirrorCounts => sumOf(before, counted),
    alive: (): boolean => child?.connected === true,
    /** Lets it drain: what pods are reading is finished, within its few seconds. */
    async stop(): Promise<void> {
      stopped = true
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child!.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    },
  }
}

export type MirrorChild = ReturnType<typeof createMirrorChild>

function sumOf(dead: MirrorCounts, living: MirrorCounts): MirrorCounts {
  const statuses = new Set([...Object.keys(dead.answers), ...Object.keys(living.answers)])
  const answers = [...statuses].map((status) => [status, (dead.answers[status] ?? 0) + (living.answers[status] ?? 0)])
  return {
    answers: Object.fromEntries(answers) as MirrorCounts['answers'],
    bytes: dead.bytes + living.bytes,
    connections: living.connections,
    refused: dead.refused + living.refused,
  }
}
