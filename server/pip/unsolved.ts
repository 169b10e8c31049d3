/** Why there is no solution, told by what was asked for and not by the solver's words, which are kept for people. */
import type { Job } from '../../storage/records.ts'
import type { Listings } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import { parseMetadata } from './dependants.ts'
import { hasWheel } from './gateway-page.ts'
import type { Session } from './gateway.ts'
import type { Metadata } from './metadata.ts'
import { nearNames, parseSdistName, parseWheelName } from './names.ts'
import { noRelease } from './no-release.ts'
import type { BuildPolicy } from './policy.ts'
import type { Project } from './projects.ts'
import { parseRequirement } from './requirement.ts'
import type { PipTarget } from './target.ts'

type Deps = {
  readonly metadata: Metadata
  readonly listings: Listings
  readonly policy: BuildPolicy
}

export function createUnsolved({ metadata, listings, policy }: Deps) {
  async function explain(job: Job, target: PipTarget, session: Session, explanation: string): Promise<AirlockError> {
    const roots = job.roots.map(parseRequirement)
    for (const { name } of roots) {
      if (session.asked.get(name) !== null) continue
      const known = [...(await listings.names(target.lane)), ...session.asked.keys()]
      const near = nearNames(
        name,
        known.filter((candidate) => session.asked.get(candidate) !== null),
      )
      return new AirlockError('package-not-found', { name, near })
    }
    for (const root of roots) {
      const project = session.asked.get(root.name)
      const reason = project ? noRelease(root, project, target) : null
      if (reason) return reason
    }
    const offered = new Set([...session.standIns.values()].map(({ project }) => project.name))
    const wheelless = [...session.asked.values()].filter(
      (project) =>
        project !== null && project.page.files.length > 0 && !hasWheel(project) && !offered.has(project.name),
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
        reason: reasonFor(wheelless[0]!),
        explanation,
      })
    }
    return new AirlockError('unsatisfiable', { target: target.name, explanation })
  }

  function reasonFor({ name, page }: Project) {
    const sources = page.files.filter(({ file, sha256 }) => sha256 !== null && parseSdistName(file, name) !== null)
    return policy.reason(
      name,
      sources.map(({ size }) => size),
    )
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

  return explain
}

export type Unsolved = ReturnType<typeof createUnsolved>
