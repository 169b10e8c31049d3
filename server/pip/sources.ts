/**
 * Releases that exist as source only, as a solver is shown them: as a wheel that stands in for the one that would be built.
 * Its name says which source and, once there is one, which build it stands for, so that no cache takes one for another.
 */
import { createHash } from 'node:crypto'
import type { Build } from '../../storage/records.ts'
import { runsOn } from './kept-back.ts'
import { parseSdistName, parseWheelName } from './names.ts'
import type { Project } from './projects.ts'
import { isReadableSdist } from './sdist.ts'
import type { ProjectFile } from './simple-read.ts'
import { bestWheel, readPlatform } from './tags.ts'
import type { PipTarget } from './target.ts'
import { compareVersions, isFinal, versionKey } from './versions.ts'

/** A release of which the target accepts no wheel, with its source. */
export type SourceRelease = {
  readonly project: Project
  readonly version: string
  readonly sdist: ProjectFile
}

/** The same, as the solver sees it. */
export type StandIn = SourceRelease & {
  /** A wheel's file name. */
  readonly file: string
  /** What was built of it already, for such a target; null: nothing yet. */
  readonly build: Build | null
}

export type Reach = 'newest' | 'past' | 'everything'

export type SourceRules = {
  readonly target: PipTarget
  /** Bytes. */
  readonly maxSource: number
  /** How far it goes beyond the newest: to old releases behind others with wheels, and to whatever there is. */
  readonly reach: Reach
  /** Whether somebody asked for exactly this release. */
  readonly isPinned: (project: string, version: string) => boolean
}

/**
 * What a project has to offer beside its wheels. A wheel of the same version wins always. With no rule to stop it a solver
 * that backtracks would wade through a project's whole past, so that at first only these count: releases newer than the newest
 * with a wheel; all, where there are none with wheels; those asked for exactly. Releases whose wheels are for other
 * platforms want a compiler most likely: they count where nothing else will do. `withheld`: there are more.
 */
export function sourcesOf(
  project: Project,
  { target, maxSource, reach, isPinned }: SourceRules,
): { readonly offered: readonly SourceRelease[]; readonly withheld: boolean } {
  const files = project.page.files.filter(
    ({ sha256, requiresPython }) => sha256 !== null && runsOn(requiresPython, target.python),
  )
  const wheels = new Map<string, ProjectFile[]>()
  const sdists = new Map<string, ProjectFile>()
  for (const file of files) {
    const wheel = parseWheelName(file.file)
    if (wheel) wheels.set(wheel.version, [...(wheels.get(wheel.version) ?? []), file])
    const sdist = wheel ? null : parseSdistName(file.file, project.name)
    if (sdist && isReadableSdist(file.file) && (file.size ?? 0) <= maxSource && !sdists.has(sdist.version))
      sdists.set(sdist.version, file)
  }
  const served = [...wheels].filter(([, own]) => bestWheel(own, target.tags) !== null)
  const newest =
    served
      .filter(([version, own]) => isFinal(version) && own.some(({ yanked }) => yanked === false))
      .map(([version]) => version)
      .toSorted(compareVersions)
      .at(-1) ?? null
  const known = new Set(served.map(([version]) => versionKey(version)))
  const sources = [...sdists]
    .filter(([version]) => !known.has(versionKey(version)))
    .map(([version, sdist]): SourceRelease => ({ project, version, sdist }))
  const offered = sources.filter(({ version }) => {
    if (reach === 'everything' || isPinned(project.name, version) || newest === null) return true
    return !wheels.has(version) && (reach === 'past' || compareVersions(version, newest) > 0)
  })
  return { offered, withheld: offered.length < sources.length }
}

/** `build` null: not built yet. */
export function standInFor(release: SourceRelease, build: Build | null): StandIn {
  const { project, version, sdist } = release
  const key = createHash('sha256')
    .update(build?.made?.sha256 ?? sdist.sha256!)
    .digest('hex')
    .slice(0, 16)
  const file = `${project.name.replaceAll('-', '_')}-${version}-0x${key}-py3-none-any.whl`
  return { ...release, file, build }
}

/** Whether a target runs what a build made: any, where it is pure, else one of the builder's kind. */
export function fitsBuild({ made, builder }: Build, target: PipTarget): boolean {
  if (!made || bestWheel([made], target.tags) === null) return false
  const isPure = parseWheelName(made.file)!.tags.every((tag) => tag.endsWith('-any'))
  return isPure || runsOnPlatform(builder['platform'] as string, target.platform)
}

/** Whether what one C library's headers made can be loaded by another, which must not be older. */
export function runsOnPlatform(built: string, target: string): boolean {
  if (built === target) return true
  try {
    const [from, to] = [readPlatform(built), readPlatform(target)]
    return from.machine === to.machine && from.libc === to.libc && from.minor <= to.minor
  } catch {
    return false
  }
}
