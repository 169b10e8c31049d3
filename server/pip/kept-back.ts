/** Roots that come older than the newest release that the target could run: nobody should find that out in the pod. */
import type { Artifact, Job, Remark } from '../../storage/records.ts'
import { explain, type AirlockError } from '../errors.ts'
import type { Session } from './gateway.ts'
import { parseSdistName, parseWheelName } from './names.ts'
import type { Project } from './projects.ts'
import type { Requirement } from './requirement.ts'
import type { PipOptions } from './requirements-file.ts'
import type { ProjectFile } from './simple-read.ts'
import { readSpecifiers, runsOn, takes } from './specifiers.ts'
import { bestWheel } from './tags.ts'
import type { PipTarget } from './target.ts'
import type { CompileWithUv } from './uv.ts'
import { compareVersions, isFinal, sameVersion } from './versions.ts'

/** A release that the solver chose: the wheel of it that the target accepts best, what was built here, or its source. */
export type Found = {
  readonly project: Project
  readonly version: string
  readonly artifact: Artifact
  readonly metadata: Buffer | null
}

type Deps = {
  readonly compile: CompileWithUv
  /** A session's index. */
  readonly indexUrl: (session: Session) => string
}

export function createKeptBack({ compile, indexUrl }: Deps) {
  /** One remark a root, with the reason where it can be told: no wheel, or the solver's own words. */
  return async function keptBack(
    roots: readonly Requirement[],
    found: readonly Found[],
    job: Job,
    target: PipTarget,
    session: Session,
    failed: ReadonlyMap<string, AirlockError>,
  ): Promise<Remark[]> {
    const remarks: Remark[] = []
    for (const root of roots) {
      const item = found.find(({ project }) => project.name === root.name)
      const newest = item && newestFor(item.project.page.files, root, target)
      if (!item || !newest || compareVersions(newest.version, item.version) <= 0) continue
      const isOffered = [...session.standIns.values()].some(
        ({ project, version }) => project.name === root.name && sameVersion(version, newest.version),
      )
      const reason =
        bestWheel(newest.files, target.tags) || isOffered
          ? await explained(root, newest.version, job, target, session)
          : notServed(failed.get(root.name))
      const build = failed.get(root.name)?.fields['build']
      const fields = {
        project: root.name,
        version: item.version,
        newest: newest.version,
        reason,
        ...(build !== undefined && { build }),
      }
      remarks.push({ code: 'kept-back', fields })
    }
    return remarks
  }

  /** What speaks against the newest release, asked for by itself among the others. */
  async function explained(root: Requirement, version: string, job: Job, target: PipTarget, session: Session) {
    const { constraints } = job.options as PipOptions
    const extras = root.extras.length > 0 ? `[${root.extras.join(',')}]` : ''
    const requirements = [...job.roots, `${root.name}${extras}==${version}`]
    const solution = await compile({
      requirements,
      constraints,
      target,
      indexUrl: indexUrl(session),
      signal: session.signal,
    })
    if ('explanation' in solution) return solution.explanation
    return {
      en: 'what the pod has installed, or another request, prefers the older one.',
      zh: '为与已安装的软件包保持一致，选用了较旧版本。',
    }
  }
}

/** A build that failed says why. */
function notServed(failure: AirlockError | undefined) {
  if (!failure) return { en: 'it has no wheel that this target accepts.', zh: '该版本没有此目标环境可用的 wheel。' }
  const say = (language: 'en' | 'zh') => explain(failure.code, failure.fields, language).message
  return { en: say('en'), zh: say('zh') }
}

export type KeptBack = ReturnType<typeof createKeptBack>

/** The newest final release, not yanked, that the root's own specifiers and the target's Python take; with its wheels. */
function newestFor(files: readonly ProjectFile[], root: Requirement, target: PipTarget) {
  const specifiers = readSpecifiers(root.specifier)
  const wanted = files.filter(({ yanked, requiresPython }) => yanked === false && runsOn(requiresPython, target.python))
  const versions = Map.groupBy(
    wanted,
    (file) => parseWheelName(file.file)?.version ?? parseSdistName(file.file, root.name)?.version ?? '',
  )
  const taken = [...versions.keys()].filter(
    (version) => isFinal(version) && specifiers.every((one) => takes(one, version)),
  )
  const version = taken.toSorted(compareVersions).at(-1)
  return version === undefined
    ? null
    : { version, files: versions.get(version)!.filter((file) => parseWheelName(file.file) !== null) }
}
