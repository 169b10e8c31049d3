import { spawn, type ChildProcess } from 'node:child_process'
import { PassThrough, type Readable } from 'node:stream'

export type Child = ChildProcess

export type ChildResult = { readonly status: number | null; readonly stdout: string; readonly stderr: string }

export type ChildOptions = {
  /** The whole environment: nothing of ours is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly signal: AbortSignal
  /** Bytes of each output that are kept; the rest is read and dropped. */
  readonly maxOutput?: number
  /** Told of the child as soon as it is started. */
  readonly onChild?: (child: ChildProcess) => void
}

/**
 * Runs a solver to its end, without a shell. It dies with us, however we die (PR_SET_PDEATHSIG by util-linux's
 * setpriv), and on abort. A status other than 0 is the caller's to judge; rejects when it cannot be started or was
 * aborted (with the signal's reason).
 */
export function runChild(
  command: string,
  args: readonly string[],
  { env, cwd, signal, maxOutput = 1 << 20, onChild }: ChildOptions,
): Promise<ChildResult> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
      env,
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onChild?.(child)
    const abort = () => child.kill('SIGKILL')
    signal.addEventListener('abort', abort, { once: true })
    const outputs = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = []
      let kept = 0
      stream.on('data', (chunk: Buffer) => {
        if (kept >= maxOutput) return
        chunks.push(chunk.subarray(0, maxOutput - kept))
        kept += chunk.length
      })
      return () => Buffer.concat(chunks).toString('utf8')
    })
    child.on('error', reject)
    child.on('close', (status) => {
      signal.removeEventListener('abort', abort)
      if (signal.aborted) reject(signal.reason as Error)
      else resolve({ status, stdout: outputs[0]!(), stderr: outputs[1]!() })
    })
  })
}

export type RunChild = typeof runChild

/**
 * What a child writes, as it comes, for output that is not text or is large. Ends with an error where the child ends
 * badly or was aborted; destroying the stream ends the child, which dies with us too.
 */
export function openChild(
  command: string,
  args: readonly string[],
  { env, signal, onChild }: Pick<ChildOptions, 'env' | 'signal' | 'onChild'>,
): Readable {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
    signal,
    killSignal: 'SIGKILL',
  })
  onChild?.(child)
  const output = new PassThrough()
  child.once('error', (error) => output.destroy(error))
  child.once('close', (status) => {
    if (status === 0) output.end()
    else output.destroy(new Error(`${command} ended with ${status}`))
  })
  output.once('close', () => {
    child.kill('SIGKILL')
    // what it has started itself ends at a pipe that nobody reads
    child.stdout.destroy()
  })
  child.stdout.pipe(output, { end: false })
  return output
}

export type OpenChild = typeof openChild

/**
 * A child with pipes as its first descriptors, in a session of its own, for those who follow it themselves. It dies with
 * us; `killAll` reaches whatever it has started there.
 */
export function startChild(
  command: string,
  args: readonly string[],
  {
    env,
    pipes,
    onChild,
  }: Pick<ChildOptions, 'env' | 'onChild'> & {
    readonly pipes: number
    /** What the log calls it, where the command only leads to it. */
    readonly name?: string
  },
): { readonly child: ChildProcess; readonly killAll: () => void } {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
    env,
    stdio: Array.from({ length: pipes }, () => 'pipe' as const),
    detached: true,
  })
  onChild?.(child)
  const killAll = () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  return { child, killAll }
}

export type StartChild = typeof startChild
