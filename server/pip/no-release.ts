/** The two plainest reasons why there is no solution: no release is what a root asks for, or none of those can be used. */
import { AirlockError, type Phrase } from '../errors.ts'
import { parseSdistName, parseWheelName } from './names.ts'
import type { Project } from './projects.ts'
import type { Requirement } from './requirement.ts'
import type { ProjectFile } from './simple-read.ts'
import { readSpecifiers, runsOn, takes } from './specifiers.ts'
import { bestWheel } from './tags.ts'
import type { PipTarget } from './target.ts'
import { compareVersions, isFinal } from './versions.ts'

/** Releases that an error names. */
const mostNamed = 5

/** `pip-release-missing`, `pip-release-unusable`, or null: the reason is another one. */
export function noRelease(root: Requirement, { name, page }: Project, target: PipTarget): AirlockError | null {
  const releases = Map.groupBy(
    page.files,
    ({ file }) => parseWheelName(file)?.version ?? parseSdistName(file, name)?.version ?? '',
  )
  releases.delete('')
  if (releases.size === 0) return null
  const specifiers = readSpecifiers(root.specifier)
  const wanted = [...releases.keys()].filter((version) => specifiers.every((one) => takes(one, version)))
  if (wanted.length === 0)
    return new AirlockError('pip-release-missing', {
      root: root.text,
      known: newest([...releases.keys()]),
      ...(root.specifier.includes('+') && { local: elsewhere(root.name) }),
    })
  const isUsable = (version: string) => releases.get(version)!.some((file) => mayBeUsed(file, target))
  if (wanted.some(isUsable)) return null
  const { python, platform } = target
  const known = newest([...releases.keys()].filter(isUsable))
  return new AirlockError('pip-release-unusable', {
    root: root.text,
    target: target.name,
    python,
    platform,
    instead: known.length === 0 ? nothing : releasesWith(known.join(', ')),
  })
}

/** A wheel that the target takes, or a source, of which that is not known before it is built. */
function mayBeUsed({ file, requiresPython }: ProjectFile, { python, tags }: PipTarget): boolean {
  return runsOn(requiresPython, python) && (parseWheelName(file) === null || bestWheel([{ file }], tags) !== null)
}

/** Final ones, where there are any. */
function newest(versions: readonly string[]): string[] {
  const final = versions.filter(isFinal)
  return (final.length > 0 ? final : versions).toSorted(compareVersions).toReversed().slice(0, mostNamed)
}

/** PEP 440, local versions: builds of a release for one kind of machine, as an index of their own has them. */
function elsewhere(project: string): Phrase {
  return {
    en: `A build with a “+” is mostly in an index of its own: have the admin add that to the upstreams in airlock.yaml, with ${project} among its projects.`,
    zh: `带 “+” 的构建通常在单独的索引中：请管理员在 airlock.yaml 的 upstreams 中添加该索引，并把 ${project} 列入其 projects。`,
  }
}

const nothing: Phrase = {
  en: 'No release of it has. Ask for another target.',
  zh: '没有任何版本可用。请选择其他目标环境。',
}

function releasesWith(known: string): Phrase {
  return { en: `The newest that have: ${known}.`, zh: `可用的最新版本：${known}。` }
}
