/** One build in the sandbox: what it is given, and what came out, judged. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Artifact } from '../../storage/records.ts'
import type { PathOf, Sandbox, SandboxEnd } from '../ecosystem.ts'
import { AirlockError, type Phrase } from '../errors.ts'
import { causeOf, overLimit, readLog, type Cause } from './build-causes.ts'
import type { BuildSystem } from './build-system.ts'
import { buildFaults } from './build-words.ts'
import type { Builder } from './builders.ts'
import { parseWheelName } from './names.ts'
import { parseRequirement } from './requirement.ts'
import { sameVersion } from './versions.ts'

export type BuildLimits = {
  readonly seconds: number
  /** Bytes. */
  readonly memory: number
  readonly disk: number
}

export type RunOptions = {
  /** A folder of ours for what comes out. */
  readonly into: string
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

/** What the backend made, what it wants first, or why there is nothing. */
export type Ran = { readonly log: string } & (
  | { readonly made: { readonly file: string; readonly path: string } }
  | { readonly more: readonly string[] }
  | { readonly cause: Cause }
)

const driver = fileURLToPath(new URL('build.py', import.meta.url))
const inputs = '/build/in'

/** The same for every build, since what is built may keep it: a wheel's times are this. 2020-01-01. */
const epoch = '1577836800'
/** Raise it when a build is done otherwise than before: part of what a build is recorded with. */
export const recipe = 1

const env = {
  PATH: '/build/env/bin:/usr/local/bin:/usr/bin:/bin',
  HOME: '/tmp',
  TMPDIR: '/tmp',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  SOURCE_DATE_EPOCH: epoch,
  PYTHONHASHSEED: '0',
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONNOUSERSITE: '1',
  PIP_NO_INDEX: '1',
}

const requirementsSchema = z.array(z.string().max(1000)).min(1).max(100)

type Deps = { readonly sandbox: Pick<Sandbox, 'run'>; readonly pathOf: PathOf; readonly limits: BuildLimits }

export function createBuildRun({ sandbox, pathOf, limits }: Deps) {
  /** Runs the backend's hooks with these requirements installed. Rejects on abort, and where the sandbox itself fails. */
  return async function run(
    source: Artifact,
    system: BuildSystem,
    requires: readonly string[],
    wheels: readonly Artifact[],
    builder: Builder,
    { into, signal, onLine }: RunOptions,
  ): Promise<Ran> {
    const plan = {
      source: `${inputs}/${source.file}`,
      wheels: `${inputs}/wheels`,
      backend: system.backend,
      path: system.path,
      requires,
    }
    const end = await sandbox.run(
      {
        command: [builder.executable, '-I', '-S', `${inputs}/airlock_driver.py`, JSON.stringify(plan)],
        inputs: [
          { from: driver, to: `${inputs}/airlock_driver.py` },
          { from: pathOf(source)!, to: plan.source },
          ...wheels.map((wheel) => ({ from: pathOf(wheel)!, to: `${plan.wheels}/${wheel.file}` })),
          ...builder.folders.map((folder) => ({ from: folder, to: folder })),
        ],
        outputFolder: '/build/out',
        env,
        cwd: '/build',
        limits: {
          cpuSeconds: limits.seconds * 2,
          wallSeconds: limits.seconds,
          memoryBytes: limits.memory,
          processes: 256,
          diskBytes: limits.disk,
          files: 200_000,
          logBytes: 1 << 20,
          outputBytes: limits.disk,
        },
        signal,
        onLine,
      },
      into,
    )
    return { log: end.log, ...(await judge(end, source)) }
  }

  async function judge(end: SandboxEnd, { name, version }: Artifact) {
    if (end.ended !== 'exit') return { cause: endedBy(end) }
    const wanted = end.outputs.find(({ name: file }) => file === 'requires.json')
    if (wanted && end.status === 0) return more(await readFile(wanted.path, 'utf8'))
    if (end.status !== 0) return { cause: causeOf(end.log) }
    const wheels = end.outputs.filter(({ name: file }) => file.endsWith('.whl'))
    const [wheel, second] = wheels
    if (!wheel || second) return fault(wheel ? buildFaults.several : buildFaults.none)
    const named = parseWheelName(wheel.name)
    if (named?.name !== name || !sameVersion(named.version, version)) return fault(buildFaults.name(wheel.name))
    return { made: { file: wheel.name, path: wheel.path } }
  }

  function endedBy({ ended, limit }: SandboxEnd): Cause {
    if (ended === 'timeout' || limit === 'cpu') return overLimit(buildFaults.timeout(limits.seconds), 'builds.seconds')
    if (limit === 'memory') return overLimit(buildFaults.memory, 'builds.memory')
    if (limit === 'file-size') return overLimit(buildFaults.file, 'builds.disk')
    if (ended === 'output-too-large') return overLimit(buildFaults.output, 'builds.disk')
    return { reason: ended === 'log-too-long' ? buildFaults.log : buildFaults.killed, instead: readLog }
  }
}

export type RunBuild = ReturnType<typeof createBuildRun>

/** Written by code that nobody knows: held to the same grammar as what people type. */
function more(text: string): { readonly more: readonly string[] } | { readonly cause: Cause } {
  try {
    return { more: requirementsSchema.parse(JSON.parse(text)).map((line) => parseRequirement(line).text) }
  } catch (error) {
    const shown = error instanceof AirlockError ? (error.fields['item'] as string) : 'what is no list'
    return fault(buildFaults.requirementInvalid(shown))
  }
}

function fault(reason: Phrase): { readonly cause: Cause } {
  return { cause: { reason, instead: readLog } }
}
