/** Names of projects, and what the names of their files say. */
import { artifactFilePattern } from '../../storage/layout.ts'
import type { Phrase } from '../errors.ts'
import { canonicalVersion, order } from './versions.ts'

export { sameVersion } from './versions.ts'

/** PEP 508: letters and digits, with `.`, `_` and `-` between them. The cap is ours; real names stay below 100. */
const projectPattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/

/** PEP 503: the one spelling under which a project is listed. */
export function normalizeName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase()
}

/** Whether a text is the name of a project, in any spelling. */
export function isProjectName(name: string): boolean {
  return projectPattern.test(name)
}

export type WheelName = {
  /** Normalised. */
  readonly name: string
  /** Normal form. */
  readonly version: string
  /** PEP 427: a number and a text that break ties; null: none, which sorts first. */
  readonly build: readonly [number, string] | null
  /** PEP 425: the compressed set, expanded: `py2-none-any`, `py3-none-any`. */
  readonly tags: readonly string[]
}

/** Compressed sets of real wheels expand to some dozens. */
const maxTags = 1024
const wheelPattern =
  /^(?<name>[A-Za-z0-9._]+)-(?<version>[A-Za-z0-9._+!]+)(?:-(?<build>\d[A-Za-z0-9_.]*))?-(?<python>[\w.]+)-(?<abi>[\w.]+)-(?<platform>[\w.]+)\.whl$/

/** PEP 427: what a wheel's file name says; null: not a name that an index may list. */
export function parseWheelName(file: string): WheelName | null {
  const groups = artifactFilePattern.test(file) ? wheelPattern.exec(file)?.groups : undefined
  if (!groups || !isProjectName(groups.name!)) return null
  // a hyphen is written `_` in a file name, and only old versions (1.0-1) need it read back
  const version = canonicalVersion(groups.version!) ?? canonicalVersion(groups.version!.replaceAll('_', '-'))
  const [pythons, abis, platforms] = [groups.python!, groups.abi!, groups.platform!].map(tagSet)
  if (version === null || !pythons || !abis || !platforms) return null
  if (pythons.length * abis.length * platforms.length > maxTags) return null
  const tags = pythons.flatMap((python) =>
    abis.flatMap((abi) => platforms.map((platform) => `${python}-${abi}-${platform}`)),
  )
  return { name: normalizeName(groups.name!), version, build: buildOf(groups.build), tags }
}

/** What an sdist's file name says, given whose it is; null: not an sdist of that project. PEP 625 and what came before it. */
export function parseSdistName(file: string, project: string): { readonly version: string } | null {
  const stem = artifactFilePattern.test(file) ? /^(.+)\.(?:tar\.gz|tgz|zip|tar\.bz2)$/.exec(file)?.[1] : undefined
  if (stem === undefined) return null
  const name = normalizeName(project)
  for (let at = stem.indexOf('-'); at > 0; at = stem.indexOf('-', at + 1)) {
    if (normalizeName(stem.slice(0, at)) !== name) continue
    const version = canonicalVersion(stem.slice(at + 1))
    if (version !== null) return { version }
  }
  return null
}

/** Orders build tags as pip does: none, then by number, then by text. */
export function compareBuilds(a: WheelName['build'], b: WheelName['build']): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null)
  return a[0] - b[0] || order(a[1], b[1])
}

/** More names than these nobody would read through. */
const maxNear = 3

/** {@link nearestNames} as a sentence; empty where nothing is near. */
export function nearNames(name: string, known: Iterable<string>): Phrase {
  const near = nearestNames(name, known)
  if (near.length === 0) return { en: '', zh: '' }
  return { en: `Near it: ${near.join(', ')}.`, zh: `相近的有：${near.join('、')}。` }
}

/** Known names within a slip or two of a name, best first. */
export function nearestNames(name: string, known: Iterable<string>): string[] {
  const wanted = normalizeName(name)
  const slips = wanted.length < 5 ? 1 : 2
  return [...new Set(known)]
    .filter((candidate) => candidate !== wanted && Math.abs(candidate.length - wanted.length) <= slips)
    .map((candidate) => ({ candidate, slips: slipsBetween(wanted, candidate) }))
    .filter((found) => found.slips <= slips)
    .toSorted((a, b) => a.slips - b.slips || order(a.candidate, b.candidate))
    .slice(0, maxNear)
    .map(({ candidate }) => candidate)
}

/** Letters inserted, left out, changed or swapped with their neighbour. */
function slipsBetween(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + Number(!isSame))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length]!
}

function tagSet(text: string): string[] | null {
  const parts = [...new Set(text.toLowerCase().split('.'))]
  return parts.every((part) => part !== '') ? parts : null
}

function buildOf(build: string | undefined): WheelName['build'] {
  if (build === undefined) return null
  const [, number, text] = /^(\d+)(.*)$/.exec(build)!
  return [Number(number), text!]
}
