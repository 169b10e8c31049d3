/** `airlock mirror` with `leaks.ts` loaded before it: the control of every test that says that nothing leaks. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export type LeakyMirror = { readonly port: number; stop(): Promise<void> }

export type LeakyOptions = {
  readonly root: string
  /** One of those in leaks.ts. */
  readonly way: string
  /** Where the index is that it asks, as `host:port`. */
  readonly to?: string
  readonly host: string
  readonly port: number
  /** What its command line comes after. */
  readonly before?: readonly string[]
}

const server = fileURLToPath(new URL('../../server/main.ts', import.meta.url))
const leaks = fileURLToPath(new URL('leaks.ts', import.meta.url))

export async function startLeakyMirror({ root, way, to, host, port, before = [] }: LeakyOptions): Promise<LeakyMirror> {
  const line = [...before, process.execPath, '--import', leaks, server, 'mirror']
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...line], {
    env: {
      PATH: process.env['PATH'],
      AIRLOCK_ROOT: root,
      AIRLOCK_MIRROR_LISTEN: `${host}:${port}`,
      AIRLOCK_TEST_LEAK: way,
      ...(to !== undefined && { AIRLOCK_TEST_LEAK_TO: to }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  await Promise.race([
    new Promise((resolve) => child.stdout.once('data', resolve)),
    ended.then(() => {
      throw new Error('the leaky mirror ended at its start')
    }),
  ])
  return {
    port,
    async stop() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
