/** Starts a sandbox's processes and hears of their end. */
import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { setTimeout as later } from 'node:timers'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { StartChild } from '../child.ts'
import { AirlockError } from '../errors.ts'
import type { SandboxRun } from './run.ts'
import { bubblewrap } from './view.ts'

const setUp = fileURLToPath(new URL('set-up.sh', import.meta.url))

/**
 * Makes the set-up who adopts orphans, by prctl's PR_SET_CHILD_SUBREAPER: bwrap leaves its first process behind, which
 * would be a zombie for ever where process 1 is a server and no init. Debian always has this much of Perl.
 */
const adopting = `syscall(${process.arch === 'arm64' ? 167 : 157}, 36, 1, 0, 0, 0); exec { $ARGV[0] } @ARGV`

/** Milliseconds for what was killed to be gone: hundreds of processes take seconds where the machine has much else to do. */
const patience = 60_000

export type Launched = {
  readonly pid: number
  /** Standard output and error of the command, one after the other as they come. */
  readonly output: Readable
  /** What the sandbox's own set-up said where it failed. */
  readonly complaint: () => string
  /** The command's status once no process of it is left; null: it was never started, or everything was killed. */
  readonly ended: Promise<number | null>
  /** Where the output folder lies, seen from here, until `end`. */
  readonly outputs: string
  /** Kills whatever runs; `ended` tells when it has gone. */
  kill(): void
  /** Lets go of what was set up, and of everything else; settles when the last process has gone. */
  end(): Promise<void>
}

type Deps = { readonly startChild: StartChild; readonly filter: Buffer; readonly uid: number | null }

/** `uid` null: as who we are, in a user namespace of our own. */
export function launch({ startChild, filter, uid }: Deps, run: SandboxRun): Launched {
  const { inputs, limits } = run
  const namespaces = uid === null ? ['--user', '--map-root-user', '--mount'] : ['--mount']
  const { child, killAll } = startChild(
    'unshare',
    [
      [...namespaces, '--', 'setpriv', '--pdeathsig', 'KILL', '--', 'perl', '-e', adopting, 'bash', '--norc', setUp],
      [String(limits.diskBytes), String(limits.files), uid === null ? '' : String(uid)],
      [String(inputs.length), ...inputs.map(({ from }) => from)],
      bubblewrap(run),
    ].flat(),
    { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, pipes: 5, name: 'bwrap' },
  )
  const [keep, output, complaints, program, status] = child.stdio as unknown as [
    NodeJS.WritableStream,
    Readable,
    Readable,
    NodeJS.WritableStream,
    Readable,
  ]
  for (const stream of [keep, program]) stream.on('error', () => {})
  program.end(filter)
  const complaint = tail(complaints)
  const told = tail(status)
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  const said = new Promise<void>((resolve) => output.once('close', resolve))
  const ended = new Promise<void>((resolve) => {
    status.on('data', () => told().includes('"ended"') && resolve())
    status.once('close', resolve)
  })
  failed.catch(() => {})
  return {
    pid: child.pid ?? 0,
    output,
    complaint,
    ended: Promise.race([failed, Promise.all([ended, said])]).then(async () => {
      const first = firstOf(told())
      // bwrap does not wait for it where the command ended by itself; its own end kills it
      if (first !== null) await gone(first)
      return exitOf(told())
    }),
    outputs: `/proc/${child.pid ?? 0}/root/sys/out`,
    kill() {
      // the first process in the sandbox takes all others with it, and bwrap waits for that
      const first = firstOf(told())
      if (first === null || told().includes('"exit-code"')) return killAll()
      try {
        process.kill(first, 'SIGKILL')
      } catch {
        // it has gone by itself
      }
      later(killAll, patience).unref()
    },
    async end() {
      keep.end()
      later(killAll, patience).unref()
      await Promise.race([closed, failed.catch(() => {})])
    },
  }
}

/** The number, here, of the first process of the sandbox; null: there is none yet. */
function firstOf(told: string): number | null {
  const number = /"child-pid": (\d+)/.exec(told)?.[1]
  return number === undefined ? null : Number(number)
}

/**
 * Settles when the first process of a process namespace has ended: the kernel ends all others of it before.
 * Throws `sandbox-failed` where it does not.
 */
async function gone(pid: number): Promise<void> {
  for (const late = Date.now() + patience; ; await setTimeout(2)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
    // proc(5): the state comes after the name, which is in brackets and may hold anything
    if (stat === null || /\) [ZX] [^)]*$/.test(stat)) return
    if (Date.now() > late) throw new AirlockError('sandbox-failed', { reason: 'its processes do not end' })
  }
}

/** bwrap reports a status only of a command that it has started. */
function exitOf(told: string): number | null {
  const status = /"exit-code": (\d+)/.exec(told)?.[1]
  return status === undefined ? null : Number(status)
}

function tail(stream: Readable): () => string {
  let text = ''
  stream.on('data', (chunk: Buffer) => (text = (text + chunk.toString('utf8')).slice(-4000)))
  return () => text
}
