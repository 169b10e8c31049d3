/** A place where code that nobody knows may run: bubblewrap's, with bounds on everything. */
import { readFileSync } from 'node:fs'
import type { StartChild } from '../child.ts'
import { AirlockError } from '../errors.ts'
import { systemCallFilter } from './filter.ts'
import { launch, type Launched } from './launch.ts'
import { createSandboxLog } from './log.ts'
import { bringOut } from './outputs.ts'
import { probe } from './probe.ts'
import type { Sandbox, SandboxEnd, SandboxRun } from './run.ts'
import { unusedUser } from './users.ts'
import { watchMemory } from './watch.ts'

export type SandboxDeps = {
  readonly startChild: StartChild
  /** Folders that must be out of reach: the state, the tree. */
  readonly hidden: readonly string[]
  /** A folder of ours for what the probe brings out. */
  readonly work: string
  readonly signal: AbortSignal
}

/** Tries a sandbox out before anybody relies on it. Never throws for what the machine lacks: `available` says it. */
export async function createSandbox(deps: SandboxDeps): Promise<Sandbox> {
  const run = createRun(deps)
  return { available: await probe({ ...deps, run }), run }
}

function createRun({ startChild }: Pick<SandboxDeps, 'startChild'>): Sandbox['run'] {
  const processor = process.arch === 'arm64' ? 'arm64' : 'x64'
  const filter = systemCallFilter(processor)
  return async function run(run, into) {
    run.signal.throwIfAborted()
    const uid = process.getuid?.() === 0 ? unusedUser(readFileSync('/proc/self/uid_map', 'utf8')) : null
    const launched = launch({ startChild, filter, uid }, run)
    try {
      return await follow(launched, run, into)
    } finally {
      await launched.end()
    }
  }
}

async function follow(launched: Launched, run: SandboxRun, into: string): Promise<SandboxEnd> {
  const { limits, signal, onLine } = run
  const stopped: Pick<SandboxEnd, 'ended' | 'limit'>[] = []
  const log = createSandboxLog(limits.logBytes, onLine)
  const stop = (ended: SandboxEnd['ended'], limit: SandboxEnd['limit'] = null) => {
    if (stopped.push({ ended, limit }) === 1) launched.kill()
  }
  const abort = () => launched.kill()
  const timer = setTimeout(() => stop('timeout'), limits.wallSeconds * 1000)
  const endWatch = watchMemory(launched.pid, limits.memoryBytes, () => stop('killed', 'memory'))
  signal.addEventListener('abort', abort, { once: true })
  launched.output.on('data', (chunk: Buffer) => {
    log.write(chunk)
    if (log.full()) stop('log-too-long')
  })
  try {
    const status = await launched.ended
    signal.throwIfAborted()
    const [first] = stopped
    if (first !== undefined) return { ...first, status: null, ...nothing, log: log.end() }
    if (status === null) throw new AirlockError('sandbox-failed', { reason: launched.complaint().trim() || log.end() })
    const limit = limitOf(status)
    if (limit !== undefined) return { ended: 'killed', limit, status, ...nothing, log: log.end() }
    const brought = await bringOut(launched.outputs, into, limits.outputBytes)
    const ended = brought === null ? 'output-too-large' : 'exit'
    return { ended, limit: null, status, ...(brought ?? nothing), log: log.end() }
  } finally {
    clearTimeout(timer)
    endWatch()
    signal.removeEventListener('abort', abort)
  }
}

const nothing = { outputs: [], leftOut: [] } as const

/** Of SIGXCPU and SIGXFSZ; null: SIGKILL, which follows the former and whatever the kernel found too much. */
function limitOf(status: number): SandboxEnd['limit'] | undefined {
  return ({ 152: 'cpu', 153: 'file-size', 137: null } as const)[status]
}
