/**
 * PEP 440: which texts are versions, and their order. Numbers are compared as digits, of any length: dated versions
 * outgrow what a double holds.
 */

const grammar = new RegExp(
  [
    /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)/,
    /(?:[-_.]?(?<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<preNumber>\d+)?)?/,
    /(?<post>-(?<postImplicit>\d+)|[-_.]?(?:post|rev|r)[-_.]?(?<postNumber>\d+)?)?/,
    /(?<dev>[-_.]?dev[-_.]?(?<devNumber>\d+)?)?/,
    /(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/,
  ]
    .map(({ source }) => source)
    .join(''),
  'i',
)

/** Most versions are a release alone, for which the whole grammar is ten times the work. */
const releaseAlone = /^\d+(?:\.\d+)*$/

/** Longer ones are none: the longest real ones have some 60 characters. */
const maxVersion = 128

/** A version's parts, normalised: digits without leading zeros, lower case, `.` within the local label. */
export type VersionParts = {
  readonly epoch: string
  readonly release: readonly string[]
  readonly pre: readonly ['a' | 'b' | 'rc', string] | null
  readonly post: string | null
  readonly dev: string | null
  readonly local: readonly string[] | null
}

const nothingElse = { epoch: '', pre: null, post: null, dev: null, local: null } as const
const preLetters: Readonly<Record<string, 'a' | 'b' | 'rc'>> = { a: 'a', alpha: 'a', b: 'b', beta: 'b' }

/** Null: not a PEP 440 version. */
export function parseVersion(version: string): VersionParts | null {
  if (version.length > maxVersion) return null
  if (releaseAlone.test(version)) return { ...nothingElse, release: version.split('.').map(digits) }
  const groups = grammar.exec(version)?.groups
  if (!groups) return null
  const { epoch, release, pre, preNumber, post, postImplicit, postNumber, dev, devNumber, local } = groups
  return {
    epoch: digits(epoch),
    release: release!.split('.').map(digits),
    pre: pre === undefined ? null : [preLetters[pre.toLowerCase()] ?? 'rc', digits(preNumber)],
    post: post === undefined ? null : digits(postImplicit ?? postNumber),
    dev: dev === undefined ? null : digits(devNumber),
    local: local === undefined ? null : local.toLowerCase().split(/[-_.]/).map(localSegment),
  }
}

export function isVersion(version: string): boolean {
  return parseVersion(version) !== null
}

/** Whether it is no pre-release and no development release. What is no version is not final. */
export function isFinal(version: string): boolean {
  const parts = parseVersion(version)
  return parts !== null && parts.pre === null && parts.dev === null
}

/** PEP 440's normal form, trailing zeros kept (`~=2.2.0` is not `~=2.2`); null: not a version. */
export function canonicalVersion(version: string): string | null {
  const parts = parseVersion(version)
  return parts && render(parts)
}

/**
 * A text whose plain order is PEP 440's order: equal keys, equal versions. What is not a version sorts before every version,
 * by itself.
 */
export function versionKey(version: string): string {
  const known = keys.get(version)
  if (known !== undefined) return known
  const parts = parseVersion(version)
  const key = parts ? partsKey(parts) : ` ${version}`
  if (keys.size >= maxKeys) keys.clear()
  keys.set(version, key)
  return key
}

/** The same versions are compared over and over, in every solve. */
const keys = new Map<string, string>()
const maxKeys = 20_000

/** Negative, zero or positive, as for `sort`. To sort many, sort by {@link versionKey}. */
export function compareVersions(a: string, b: string): number {
  return order(versionKey(a), versionKey(b))
}

/** By version, then by file name: the order in which an index lists files. Keys are computed once a version. */
export function sortByVersion<Item extends { readonly version: string; readonly file: string }>(
  items: readonly Item[],
): Item[] {
  const keys = new Map<string, string>()
  for (const { version } of items) if (!keys.has(version)) keys.set(version, versionKey(version))
  return items.toSorted((a, b) => order(keys.get(a.version)!, keys.get(b.version)!) || order(a.file, b.file))
}

/** By code units: the same on every machine, whatever its locale. */
export function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** Whether both are spellings of one version; the local label counts. */
export function sameVersion(a: string, b: string): boolean {
  return a === b || versionKey(a) === versionKey(b)
}

function render({ epoch, release, pre, post, dev, local }: VersionParts): string {
  return [
    epoch === '' ? '' : `${epoch}!`,
    release.map(zero).join('.'),
    pre === null ? '' : `${pre[0]}${zero(pre[1])}`,
    post === null ? '' : `.post${zero(post)}`,
    dev === null ? '' : `.dev${zero(dev)}`,
    local === null ? '' : `+${local.map(zero).join('.')}`,
  ].join('')
}

/**
 * Every part begins with a character that places it: an end before a continuation, a development release before everything
 * (`.dev` alone even before `a`), no local label before any; words before numbers within a label.
 */
export function partsKey({ epoch, release, pre, post, dev, local }: VersionParts): string {
  const significant = release.slice(0, release.findLastIndex((number) => number !== '') + 1)
  const parts = [numberKey(epoch), ...significant.map((number) => `1${numberKey(number)}`), '0']
  if (pre !== null) parts.push({ a: '1', b: '2', rc: '3' }[pre[0]], numberKey(pre[1]))
  else parts.push(post === null && dev !== null ? '0' : '4')
  parts.push(post === null ? '0' : `1${numberKey(post)}`)
  parts.push(dev === null ? '1' : `0${numberKey(dev)}`)
  for (const segment of local ?? []) parts.push(/^\d*$/.test(segment) ? `2${numberKey(segment)}` : `1${segment}!`)
  return parts.join('')
}

/** Digits with their count in front, so that texts order as numbers do. */
function numberKey(number: string): string {
  return String.fromCharCode(0x30 + number.length) + number
}

/** Without leading zeros; nothing is zero. */
function digits(text = ''): string {
  return text.startsWith('0') ? text.replace(/^0+/, '') : text
}

function localSegment(segment: string): string {
  return /^\d+$/.test(segment) ? digits(segment) : segment
}

/** A normalised number as it is written. */
export function zero(number: string): string {
  return number === '' ? '0' : number
}
