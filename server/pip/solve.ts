/** Requirements for a target -> the closure: uv decides, we look up the one best wheel of each release it chose. */
import type { Closure, ClosureItem, Job, Remark } from '../../storage/records.ts'
import type { Listings } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { PipGateway, Session } from './gateway.ts'
import { hasWheel } from './gateway.ts'
import type { LockedPackage } from './lock.ts'
import { dependencyEdges, parseMetadata } from './dependants.ts'
import type { Metadata } from './metadata.ts'
import type { Found, KeptBack } from './kept-back.ts'
import { nearNames, parseWheelName } from './names.ts'
import { artifactOf } from './prefetch.ts'
import type { Projects } from './projects.ts'
import { parseRequirement } from './requirement.ts'
import { isExact, type PipOptions } from './requirements-file.ts'
import { bestWheel } from './tags.ts'
import type { PipTarget } from './target.ts'
import type { CompileWithUv } from './uv.ts'

type Deps = {
  readonly gateway: PipGateway
  readonly compile: CompileWithUv
  readonly projects: Projects
  readonly metadata: Metadata
  readonly listings: Listings
  readonly keptBack: KeptBack
}

export function createSolve({ gateway, compile, projects, metadata, listings, keptBack }: Deps) {
  return async function solve(job: Job, target: PipTarget, signal: AbortSignal): Promise<Closure> {
    const ended = new AbortController()
    const options = job.options as PipOptions
    const session = gateway.open({
      signal: AbortSignal.any([signal, ended.signal]),
      fresh: job.refresh,
      stale: job.roots.every((root) => isExact(parseRequirement(root))),
      abort: (reason) => ended.abort(reason),
    })
    const question = { constraints: options.constraints, installed: target.installed, target, signal: session.signal }
    try {
      const solution = await compile({ ...question, requirements: job.roots, indexUrl: gateway.indexUrl(session) })
      if ('explanation' in solution) throw await explain(job, target, session, solution.explanation)
      const items = await Promise.all(solution.packages.map((locked) => itemOf(locked, target, options, session)))
      return await describe(job, target, items, session)
    } catch (error) {
      signal.throwIfAborted()
      throw session.failure ?? error
    } finally {
      session.close()
    }
  }

  /** Never a guess: a release of which the target accepts no wheel ends the solve. */
  async function itemOf(
    locked: LockedPackage,
    target: PipTarget,
    { hashes }: PipOptions,
    session: Session,
  ): Promise<Found> {
    const project = session.asked.get(locked.name) ?? (await projects.get(locked.name, { signal: session.signal }))
    const compatible = new Set(locked.wheels.map((wheel) => wheel.file))
    const wheels = (project?.page.files ?? []).filter((file) => file.sha256 !== null && compatible.has(file.file))
    const allowed = hashes?.[locked.name]
    const file = bestWheel(allowed ? wheels.filter(({ sha256 }) => allowed.includes(sha256!)) : wheels, target.tags)
    if (project && !file && bestWheel(wheels, target.tags))
      throw new AirlockError('hash-unmatched', { project: locked.name, version: locked.version, target: target.name })
    if (!project || !file)
      throw new AirlockError('wheel-not-accepted', {
        project: locked.name,
        version: locked.version,
        target: target.name,
      })
    return { project, version: locked.version, file, metadata: await metadata.upstream(file, session.signal) }
  }

  async function describe(job: Job, target: PipTarget, found: readonly Found[], session: Session): Promise<Closure> {
    const roots = job.roots.map(parseRequirement)
    const edges = dependencyEdges(
      found.map(({ project, metadata }) => ({ name: project.name, metadata: metadata && parseMetadata(metadata) })),
      roots,
      target,
    )
    const rootNames = new Set(roots.map(({ name }) => name))
    const items = found.map(({ project, version, file }): ClosureItem => ({
      artifact: { ...artifactOf(project, file), version },
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
      ...(await keptBack(roots, found, job, target, session)),
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

  /** Why there is no solution, told by what was asked for and not by the solver's words, which are kept for people. */
  async function explain(job: Job, target: PipTarget, session: Session, explanation: string): Promise<AirlockError> {
    for (const { name } of job.roots.map(parseRequirement)) {
      if (session.asked.get(name) !== null) continue
      const known = [...(await listings.names(target.lane)), ...session.asked.keys()]
      const near = nearNames(
        name,
        known.filter((candidate) => session.asked.get(candidate) !== null),
      )
      return new AirlockError('package-not-found', { name, near })
    }
    const wheelless = [...session.asked.values()].filter(
      (project) => project !== null && project.page.files.length > 0 && !hasWheel(project),
    )
    for (const project of wheelless) {
      const unchecked = project!.page.files.find(({ file }) => parseWheelName(file) !== null)
      if (unchecked) return new AirlockError('digest-missing', { origin: project!.origin, file: unchecked.file })
    }
    if (wheelless.length > 0) {
      const names = wheelless.map((project) => project!.name).toSorted()
      return new AirlockError('sdist-needs-build', {
        target: target.name,
        projects: names,
        dependants: await dependantsOf(names, job, session),
        explanation,
      })
    }
    return new AirlockError('unsatisfiable', { target: target.name, explanation })
  }

  /** Who named these projects, as far as the metadata that the solver read says: roots, or releases it looked at. */
  async function dependantsOf(names: readonly string[], job: Job, session: Session): Promise<string[]> {
    const wanted = new Set(names)
    const dependants = new Set(
      job.roots
        .map(parseRequirement)
        .filter(({ name }) => wanted.has(name))
        .map(({ text }) => text),
    )
    for (const project of session.asked.values()) {
      const newest = project?.page.files.findLast(
        (file) => parseWheelName(file.file) !== null && file.coreMetadata !== false,
      )
      const bytes = newest && (await metadata.upstream(newest, session.signal).catch(() => null))
      if (bytes && parseMetadata(bytes).requiresDist.some((requirement) => wanted.has(requirement.name)))
        dependants.add(project!.name)
    }
    return [...dependants].toSorted()
  }
}

/** ms after which a page in use has outlived every freshness: only a failing upstream leaves one that old in use. */
const unconfirmed = 3_600_000
