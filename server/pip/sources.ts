/**
 * Releases that exist as source only, as a solver is shown them: as a wheel that stands in for the one that would be built.
 * Its name says which source and, once there is one, which build it stands for, so that no cache takes one for another.
 */
import { createHash } from 'node:crypto'
import type { Build } from '../../storage/records.ts'
import { parseSdistName, parseWheelName } from './names.ts'
import type { Project } from './projects.ts'
import { isReadableSdist } from './sdist.ts'
import type { ProjectFile, ProjectPage } from './simple-read.ts'
import { runsOn } from './specifiers.ts'
import { bestWheel, hasAcceptedTag, readPlatform } from './tags.ts'
import type { PipTarget } from './target.ts'
import { compareVersions, isFinal, isVersion, order, versionKey } from './versions.ts'

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
  const { sdists, newest, hasWheels, isServed } = releasesOf(project, target)
  const sources = [...sdists].filter(([, { size }]) => (size ?? 0) <= maxSource)
  const isShown = (version: string) => {
    if (reach === 'everything' || isPinned(project.name, version) || newest === null) return true
    return !hasWheels(version) && (reach === 'past' || compareVersions(version, newest) > 0)
  }
  const shown = new Set(
    sources.filter(([version]) => isShown(version) && !isServed(version)).map(([version]) => version),
  )
  return {
    offered: sources.flatMap(([version, sdist]) => (shown.has(version) ? { project, version, sdist } : [])),
    withheld: sources.some(([version]) => !isShown(version) && !isServed(version)),
  }
}

/** What a page has for a target. Large projects have thousands of files: each release is judged when asked. */
type Releases = {
  /** Readable ones, with a digest, for the target's Python; by version, as the page has them. */
  readonly sdists: ReadonlyMap<string, ProjectFile>
  /** The newest final release, not yanked, with a wheel that the target accepts. */
  readonly newest: string | null
  readonly hasWheels: (version: string) => boolean
  /** Whether the target accepts a wheel of it. */
  readonly isServed: (version: string) => boolean
}

const known = new WeakMap<ProjectPage, WeakMap<PipTarget, Releases>>()

function releasesOf({ name, page }: Project, target: PipTarget): Releases {
  const own = known.get(page) ?? new WeakMap<PipTarget, Releases>()
  known.set(page, own)
  const found = own.get(target) ?? read(name, page.files, target)
  own.set(target, found)
  return found
}

function read(name: string, files: readonly ProjectFile[], target: PipTarget): Releases {
  const runs = once((requiresPython: string | null) => runsOn(requiresPython, target.python))
  const usable = files.filter(({ sha256, requiresPython }) => sha256 !== null && runs(requiresPython))
  const sdists = new Map<string, ProjectFile>()
  for (const file of usable) {
    if (file.file.endsWith('.whl') || !isReadableSdist(file.file)) continue
    const version = parseSdistName(file.file, name)?.version
    if (version !== undefined && !sdists.has(version)) sdists.set(version, file)
  }
  // nobody asks where there is nothing to be built
  const wheels = sdists.size === 0 ? new Map<string, Wheels>() : wheelsOf(usable)
  const isServed = once((key: string) =>
    (wheels.get(key)?.files ?? []).some(({ file }) => hasAcceptedTag(file, target.tags)),
  )
  const newest = [...wheels]
    .toSorted(([a], [b]) => order(b, a))
    .find(
      ([key, { version, files: all }]) =>
        isFinal(version) && all.some(({ yanked }) => yanked === false) && isServed(key),
    )
  return {
    sdists,
    newest: newest?.[1].version ?? null,
    hasWheels: (version) => wheels.has(versionKey(version)),
    isServed: (version) => isServed(versionKey(version)),
  }
}

type Wheels = { readonly version: string; readonly files: readonly ProjectFile[] }

/** By their version's key; the version as the files spell it. */
function wheelsOf(files: readonly ProjectFile[]): Map<string, Wheels> {
  const releases = Map.groupBy(
    files.filter(({ file }) => file.endsWith('.whl')),
    ({ file }) => file.split('-', 2)[1] ?? '',
  )
  const found = new Map<string, Wheels>()
  for (const [spelled, same] of releases) {
    // a hyphen is written `_` in a file name
    const version = [spelled, spelled.replaceAll('_', '-')].find(isVersion)
    if (version === undefined) continue
    const key = versionKey(version)
    found.set(key, { version, files: [...(found.get(key)?.files ?? []), ...same] })
  }
  return found
}

/** Remembers its answers. */
function once<Key, Value>(judge: (key: Key) => Value): (key: Key) => Value {
  const answers = new Map<Key, Value>()
  return (key) => {
    if (!answers.has(key)) answers.set(key, judge(key))
    return answers.get(key)!
  }
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
