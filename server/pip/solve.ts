/** Requirements for a target -> the closure: uv decides, we look up the one best wheel of each release it chose. */
import type { Closure, ClosureItem, Job, Remark } from '../../storage/records.ts'
import type { Listings } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import { dependencyEdges, parseMetadata } from './dependants.ts'
import type { PipGateway, Session } from './gateway.ts'
import type { Found, KeptBack } from './kept-back.ts'
import type { LockedPackage } from './lock.ts'
import type { Metadata } from './metadata.ts'
import type { BuildPolicy } from './policy.ts'
import { artifactOf } from './prefetch.ts'
import type { Projects } from './projects.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { pinOf } from './lock-pins.ts'
import { refuseGone } from './lock-gone.ts'
import { isExact, type PipOptions } from './requirements-file.ts'
import { readSpecifiers } from './specifiers.ts'
import { artifactFor, type Sources, type StandIns } from './stand-ins.ts'
import type { Reach, StandIn } from './sources.ts'
import { bestWheel } from './tags.ts'
import type { PipTarget } from './target.ts'
import type { Unsolved } from './unsolved.ts'
import type { CompileWithUv } from './uv.ts'
import { compareVersions, isFinal, sameVersion } from './versions.ts'
import { unknownExtras, yanked } from './warnings.ts'

type Deps = {
  readonly gateway: PipGateway
  readonly compile: CompileWithUv
  readonly projects: Projects
  readonly metadata: Metadata
  readonly listings: Listings
  readonly keptBack: KeptBack
  readonly explain: Unsolved
  readonly standIns: StandIns
  readonly policy: BuildPolicy
  /** Projects of which a build failed for a job, with what it said. */
  readonly failures: (job: Job) => ReadonlyMap<string, AirlockError>
}

/** What one solve came to. */
type Answer = {
  readonly outcome: Closure | AirlockError
  /** A solve that is shown more sources may come to more: there is no solution, a root is kept back, or something comes as a pre-release. */
  readonly mayBeBetter: boolean
}

export function createSolve(deps: Deps) {
  const { gateway, compile, projects, metadata, listings, keptBack, explain, standIns, policy, failures } = deps

  /**
   * Wheels, and the newest of what exists as source only. Where that is not enough, older sources too: what needs one
   * (`==4.9.*`, where 4.13 has wheels) is found then. Where nothing is found, whatever there is.
   */
  return async function solve(job: Job, target: PipTarget, signal: AbortSignal): Promise<Closure> {
    let { outcome, mayBeBetter } = await answer(job, target, signal, 'newest')
    if (mayBeBetter) {
      const reach = outcome instanceof AirlockError ? 'everything' : 'past'
      const wide = (await answer(job, target, signal, reach)).outcome
      if (!(wide instanceof AirlockError) && isBetter(wide, outcome)) outcome = wide
    }
    if (!(outcome instanceof AirlockError)) return outcome
    // what could not be built is what is missing
    throw failures(job).values().next().value ?? outcome
  }

  async function answer(job: Job, target: PipTarget, signal: AbortSignal, reach: Reach): Promise<Answer> {
    const ended = new AbortController()
    const options = job.options as PipOptions
    const roots = job.roots.map(parseRequirement)
    const session = gateway.open({
      signal: AbortSignal.any([signal, ended.signal]),
      target,
      fresh: job.refresh && reach === 'newest',
      stale: roots.every(isExact),
      sources: sourcesFor(job, target, [...roots, ...(options.constraints ?? []).map(parseRequirement)], reach),
      abort: (reason) => ended.abort(reason),
    })
    const { constraints, locked } = options
    const question = { constraints, locked, installed: target.installed, target, signal: session.signal }
    try {
      // the solver takes a moment to start, and then asks for these first
      if (!session.fresh) for (const { name } of roots) projects.get(name, session).catch(() => {})
      const solution = await compile({ ...question, requirements: job.roots, indexUrl: gateway.indexUrl(session) })
      if ('explanation' in solution) {
        if (locked) refuseGone(roots.map(pinOf), options, session)
        const outcome = await explain(job, target, session, solution.explanation)
        return { outcome, mayBeBetter: session.withheld && !decided.has(outcome.code) }
      }
      const items = await Promise.all(solution.packages.map((locked) => itemOf(locked, target, options, session)))
      const outcome = await describe(job, target, items, session)
      // a pre-release may stand in for what needs another project's old source
      const isPoor = outcome.remarks.some(({ code }) => code === 'kept-back') || outcome.items.some(isUnfinished)
      return { outcome, mayBeBetter: session.withheld && isPoor }
    } catch (error) {
      signal.throwIfAborted()
      throw session.failure ?? error
    } finally {
      session.close()
    }
  }

  /** Null: nothing may be built. A project of which a build failed has only its wheels. */
  function sourcesFor(job: Job, target: PipTarget, named: readonly Requirement[], reach: Reach): Sources | null {
    if (policy.off) return null
    const failed = failures(job)
    const pins = named.flatMap(({ name, specifier }) =>
      readSpecifiers(specifier)
        .filter(({ operator }) => operator === '==' || operator === '===')
        .map(({ version }) => ({ name, version })),
    )
    return {
      target,
      reach,
      maxSource: policy.maxSource,
      isPinned: (project, version) => pins.some((pin) => pin.name === project && sameVersion(pin.version, version)),
      allows: (project) => policy.allows(project) && !failed.has(project),
    }
  }

  /** Never a guess: a release of which the target accepts no wheel, and none can be built, ends the solve. */
  async function itemOf(
    locked: LockedPackage,
    target: PipTarget,
    options: PipOptions,
    session: Session,
  ): Promise<Found> {
    const project = session.asked.get(locked.name) ?? (await projects.get(locked.name, { signal: session.signal }))
    const compatible = new Set(locked.wheels.map((wheel) => wheel.file))
    const allowed = options.hashes?.[locked.name]
    const standIn = locked.wheels.map(({ file }) => session.standIns.get(file)).find((found) => found !== undefined)
    if (standIn && (!allowed || allowed.includes(standIn.sdist.sha256!))) return builtItem(standIn, session)
    const wheels = (project?.page.files ?? []).filter((file) => file.sha256 !== null && compatible.has(file.file))
    const file = bestWheel(allowed ? wheels.filter(({ sha256 }) => allowed.includes(sha256!)) : wheels, target.tags)
    const { name, version } = locked
    if (!file && options.locked) refuseGone([{ name, version }], options, session)
    if (project && !file && (standIn || bestWheel(wheels, target.tags)))
      throw new AirlockError('hash-unmatched', { project: name, version, target: target.name })
    if (!project || !file) throw new AirlockError('wheel-not-accepted', { project: name, version, target: target.name })
    const artifact = { ...artifactOf(project, file), version }
    // where nothing is advertised, the solver was told from the wheel itself, if that is here
    const told = (await metadata.upstream(file, session.signal)) ?? (await metadata.pooled(file.sha256!, file.file))
    return { project, version, artifact, metadata: told }
  }

  async function builtItem(standIn: StandIn, { signal }: Session): Promise<Found> {
    const { project, version } = standIn
    return {
      project,
      version,
      artifact: artifactFor(standIn),
      metadata: await standIns.metadataOf(standIn, false, signal),
    }
  }

  async function describe(job: Job, target: PipTarget, found: readonly Found[], session: Session): Promise<Closure> {
    const roots = job.roots.map(parseRequirement)
    const edges = dependencyEdges(
      found.map(({ project, metadata }) => ({ name: project.name, metadata: metadata && parseMetadata(metadata) })),
      roots,
      target,
    )
    const rootNames = new Set(roots.map(({ name }) => name))
    const items = found.map(({ project, artifact }): ClosureItem => ({
      artifact,
      isRoot: rootNames.has(project.name),
      neededBy: edges[project.name] ?? [],
    }))
    await refuseChanged(target, items)
    const present = new Set(items.map(({ artifact }) => artifact.name))
    const remarks = [
      ...roots
        .filter(({ name }) => !present.has(name))
        .map(({ text }): Remark => ({ code: 'root-not-applicable', fields: { root: text, target: target.name } })),
      ...staleOrigins(session).map((origin): Remark => ({ code: 'upstream-stale', fields: { origin } })),
      ...yanked(found),
      ...unknownExtras(roots, found),
      ...(await keptBack(roots, found, job, target, session, failures(job))),
    ]
    return {
      items: items.toSorted(
        (a, b) => Number(b.isRoot) - Number(a.isRoot) || (a.artifact.name < b.artifact.name ? -1 : 1),
      ),
      remarks,
    }
  }

  /** Origins of pages that upstream could not confirm. */
  function staleOrigins(session: Session): string[] {
    const since = Date.now() - unconfirmed
    const stale = [...session.asked.values()].filter((project) => project && Date.parse(project.fetchedAt) < since)
    return [...new Set(stale.map((project) => project!.origin))].toSorted()
  }

  /** The same file name with other bytes is refused before anything is fetched. */
  async function refuseChanged(target: PipTarget, items: readonly ClosureItem[]): Promise<void> {
    const listed = await listings.listed(
      target.lane,
      items.map(({ artifact }) => artifact.name),
    )
    const here = new Map(listed.map((listing) => [listing.artifact.file, listing]))
    for (const { artifact } of items) {
      const before = here.get(artifact.file)
      if (before && before.artifact.sha256 !== artifact.sha256) {
        throw new AirlockError('digest-changed', {
          file: artifact.file,
          found: artifact.sha256,
          expected: before.artifact.sha256,
          since: before.addedAt,
        })
      }
    }
  }
}

/** What the pages themselves say, however much of them a solver is shown. */
const decided: ReadonlySet<string> = new Set(['package-not-found', 'pip-release-missing', 'pip-release-unusable'])

/** ms after which a page in use has outlived every freshness: only a failing upstream leaves one that old in use. */
const unconfirmed = 3_600_000

/** A solution where there was none; final releases in place of others; a newer release of something that was asked for. */
function isBetter(wide: Closure, narrow: Closure | AirlockError): boolean {
  if (narrow instanceof AirlockError) return true
  const [more, less] = [narrow, wide].map(({ items }) => items.filter(isUnfinished).length) as [number, number]
  if (more !== less) return more > less
  const before = new Map(narrow.items.map(({ artifact }) => [artifact.name, artifact.version]))
  return wide.items.some(({ isRoot, artifact }) => {
    const version = before.get(artifact.name)
    return isRoot && version !== undefined && compareVersions(artifact.version, version) > 0
  })
}

function isUnfinished({ artifact }: ClosureItem): boolean {
  return !isFinal(artifact.version)
}
