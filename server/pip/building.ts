/** Wheels built here, where a release exists as source only: each source once, with everything that went in on record. */
import { mkdtemp, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact, Build, Closure, Job, JsonObject, NewBuild } from '../../storage/records.ts'
import type { BuildAttempt, PathOf } from '../ecosystem.ts'
import { AirlockError, problemOf, type Code } from '../errors.ts'
import { recipe, type RunBuild } from './build-run.ts'
import type { PinBuildRequirements } from './build-requirements.ts'
import { buildSystemOf } from './build-system.ts'
import { buildFaults } from './build-words.ts'
import { readLog, type Cause } from './build-causes.ts'
import { chooseBuilder, type Builder } from './builders.ts'
import { sha256OfFile } from './metadata.ts'
import { fitsBuild } from './sources.ts'
import type { StandIns } from './stand-ins.ts'
import type { PipTarget } from './target.ts'
import { readWheel } from './wheel.ts'
import { inWorkFolder, type Work } from './work-folder.ts'

/** What is remembered of builds, as the state has it. */
export type BuildStore = {
  add(build: NewBuild): Promise<Build>
  /** The successful ones of these sources (by their SHA-256), newest first. */
  of(ecosystem: string, sources: readonly string[]): Promise<readonly Build[]>
  those(ids: readonly number[]): Promise<readonly Build[]>
}

type Deps = Work & {
  readonly builders: readonly Builder[]
  readonly store: BuildStore
  readonly standIns: Pick<StandIns, 'buildFor' | 'read'>
  readonly pin: PinBuildRequirements
  readonly run: RunBuild
  readonly fetch: (artifacts: readonly Artifact[], options: { readonly signal: AbortSignal }) => Promise<void>
  /** Takes a file of ours into `.incoming/`, whole. */
  readonly keep: (path: string, made: { readonly file: string; readonly sha256: string }) => Promise<void>
  readonly pathOf: PathOf
  /** Few builds at once, in order of arrival. */
  readonly inTurn: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>
  readonly now: () => Date
}

/** A backend may ask for more once it knows the source, and that for more again. */
const rounds = 4
/** A job whose solutions lead from one source to the next is no use to anybody. */
const buildsPerJob = 32
/** Jobs whose failures are remembered: those under way. */
const jobsRemembered = 512

/** What is the source's own fault: the next solve does without. Anything else is this machine's or upstream's. */
const own: ReadonlySet<Code> = new Set(['build-failed', 'build-needs-target'])

export function createBuilding(deps: Deps) {
  const { builders, store, standIns, pin, run, fetch, keep, pathOf, inTurn, now } = deps
  const failed = new Map<number, Map<string, AirlockError>>()
  const counts = new Map<number, number>()

  function noteFailure(job: Job, source: Artifact, error: AirlockError): void {
    const known = failed.get(job.id) ?? new Map<string, AirlockError>()
    failed.set(job.id, known.set(source.name, error))
    if (failed.size > jobsRemembered) failed.delete(failed.keys().next().value!)
  }

  function countBuild(job: Job): void {
    const count = (counts.get(job.id) ?? 0) + 1
    counts.set(job.id, count)
    if (counts.size > jobsRemembered) counts.delete(counts.keys().next().value!)
    if (count > buildsPerJob) throw new AirlockError('builds-too-many', { limit: buildsPerJob })
  }

  async function build(job: Job, target: PipTarget, source: Artifact, signal: AbortSignal): Promise<void> {
    if (await standIns.buildFor(source.sha256, target)) return
    const builder = chooseBuilder(builders, target)
    const earlier = (await store.of('pip', [source.sha256])).find(
      ({ builder: by }) => by['python'] === builder.target.python && by['platform'] === builder.target.platform,
    )
    if (earlier && !fitsBuild(earlier, target)) throw needsTarget(earlier, target, builder)
    countBuild(job)
    const made = await inWorkFolder(deps, 'build-', (into) => make(job, target, source, builder, into, signal)).catch(
      async (error: unknown) => {
        throw await ofFullDisk(error, deps.work)
      },
    )
    if (!fitsBuild(made, target)) throw needsTarget(made, target, builder)
  }

  /** Builds, and records how that ended. Throws `build-failed` with the build's id. */
  async function make(
    job: Job,
    target: PipTarget,
    source: Artifact,
    builder: Builder,
    into: string,
    signal: AbortSignal,
  ): Promise<Build> {
    const beganAt = now().toISOString()
    const said: string[] = []
    const tried = await attempt(source, builder, into, said, signal)
    const { materials } = tried
    const record = {
      ecosystem: 'pip',
      name: source.name,
      version: source.version,
      job: job.id,
      target: target.name,
      materials: await Promise.all(materials.map(withSize)),
      builder: describe(builder),
      beganAt,
      endedAt: now().toISOString(),
      log: said.join('\n'),
    }
    if ('made' in tried) return store.add({ ...record, made: tried.made, problem: null })
    const { reason, instead } = tried.cause
    const fields = { project: source.name, version: source.version, reason, instead }
    const { id } = await store.add({
      ...record,
      made: null,
      problem: problemOf(new AirlockError('build-failed', fields)),
    })
    const log = { en: `Its log: airlock builds ${id}.`, zh: `日志：airlock builds ${id}。` }
    throw new AirlockError('build-failed', { ...fields, build: id, log })
  }

  type Tried = { readonly materials: readonly Artifact[] } & (
    | { readonly made: NonNullable<Build['made']> }
    | { readonly cause: Cause }
  )

  async function attempt(
    source: Artifact,
    builder: Builder,
    into: string,
    said: string[],
    signal: AbortSignal,
  ): Promise<Tried> {
    const alone = { materials: [source] }
    try {
      const system = buildSystemOf(await standIns.read(source.sha256, source.file), source.file)
      let requires = system.requires
      for (let round = 0; round < rounds; round++) {
        const pinned = await pin(requires, builder.target, signal)
        if ('explanation' in pinned)
          return { ...alone, cause: { reason: buildFaults.requirements(pinned.explanation), instead: readLog } }
        await fetch(pinned.wheels, { signal })
        const materials = [source, ...pinned.wheels]
        const folder = await mkdtemp(join(into, 'out-'))
        const ran = await run(source, system, requires, pinned.wheels, builder, {
          into: folder,
          signal,
          onLine: () => {},
        })
        said.push(ran.log)
        if ('cause' in ran) return { materials, cause: ran.cause }
        if ('made' in ran) return { materials, made: await take(ran.made, signal) }
        requires = [...new Set([...requires, ...ran.more])]
      }
      return { ...alone, cause: { reason: buildFaults.more, instead: readLog } }
    } catch (error) {
      const cause = causeIn(error)
      if (cause === null) throw error
      return { ...alone, cause }
    }
  }

  /** Reads the wheel strictly, as one from upstream. Throws `artifact-invalid`. */
  async function take({ file, path }: { readonly file: string; readonly path: string }, signal: AbortSignal) {
    await readWheel(path, file, signal)
    const [{ size }, sha256] = await Promise.all([stat(path), sha256OfFile(path, signal)])
    await keep(path, { file, sha256 })
    return { file, sha256, size }
  }

  async function withSize(artifact: Artifact): Promise<Artifact> {
    const path = pathOf(artifact)
    return { ...artifact, size: path === null ? artifact.size : (await stat(path)).size }
  }

  return {
    of: (closure: Closure): readonly Artifact[] =>
      closure.items.map(({ artifact }) => artifact).filter(({ facts }) => facts['source'] === true),

    async run(job: Job, target: PipTarget, sources: readonly Artifact[], { signal, onProgress }: BuildAttempt) {
      const still = { filesTotal: sources.length, bytes: 0, bytesTotal: null, bytesPerSecond: 0 }
      for (const [files, source] of sources.entries()) {
        onProgress({ ...still, files, doing: `${source.name} ${source.version}` })
        try {
          await inTurn(signal, () => build(job, target, source, signal))
        } catch (error) {
          if (!(error instanceof AirlockError) || !own.has(error.code)) throw error
          noteFailure(job, source, error)
        }
      }
      onProgress({ ...still, files: sources.length, doing: null })
    },

    /** Projects of which a build failed for a job. */
    failures: (job: Job): ReadonlyMap<string, AirlockError> => failed.get(job.id) ?? new Map<string, AirlockError>(),
  }
}

export type Building = ReturnType<typeof createBuilding>

function needsTarget({ name, version, made }: Build, target: PipTarget, builder: Builder): AirlockError {
  return new AirlockError('build-needs-target', {
    project: name,
    version,
    file: made?.file ?? '',
    target: target.name,
    wanted: target.summary,
    builder: builder.target.summary,
  })
}

function describe({ executable, target }: Builder): JsonObject {
  const { python, implementation, platform } = target
  return { executable, python, implementation, platform, recipe }
}

/** The sandbox writes in memory, so that a full disk is this machine's, and passes. */
async function ofFullDisk(error: unknown, folder: string): Promise<unknown> {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error
  const { bavail, bsize } = await statfs(folder)
  return new AirlockError('disk-full', { folder, free: bavail * bsize, needed: 0 }, { cause: error })
}

/** What the source itself is to blame for; null: something else. */
function causeIn(error: unknown): Cause | null {
  if (!(error instanceof AirlockError)) return null
  if (error.code === 'artifact-invalid') {
    const { en, zh } = error.fields['reason'] as { en: string; zh: string }
    const file = error.fields['file'] as string
    return { reason: { en: `${file}: ${en}`, zh: `${file}：${zh}` }, instead: readLog }
  }
  if (error.code !== 'requirement-invalid' && error.code !== 'requirement-refused') return null
  return { reason: buildFaults.requirementInvalid(error.fields['item'] as string), instead: readLog }
}
