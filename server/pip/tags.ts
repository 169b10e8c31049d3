/**
 * PEP 425, 513, 571, 599, 600, 656: which wheels a target's pip accepts, best first, and the best one of several. The order
 * is that of pip's own list, tag for tag.
 */
import { compareBuilds, parseWheelName } from './names.ts'
import { order } from './versions.ts'

export type Interpreter = {
  /** Full: `3.11.7`. */
  readonly python: string
  /** `cpython`. */
  readonly implementation: string
  /** uv's name of a platform. */
  readonly platform: string
}

/** What a platform's C library can load. */
export type Platform = {
  /** The machine: `x86_64`, `aarch64`, … */
  readonly machine: string
  readonly libc: 'glibc' | 'musl'
  /** Of glibc 2 or musl 1. */
  readonly minor: number
}

/** Names that fix no C library, as uv reads them. */
const named: Readonly<Record<string, Platform>> = {
  linux: { machine: 'x86_64', libc: 'glibc', minor: 28 },
  'x86_64-unknown-linux-gnu': { machine: 'x86_64', libc: 'glibc', minor: 28 },
  'aarch64-unknown-linux-gnu': { machine: 'aarch64', libc: 'glibc', minor: 28 },
  'x86_64-unknown-linux-musl': { machine: 'x86_64', libc: 'musl', minor: 2 },
  'aarch64-unknown-linux-musl': { machine: 'aarch64', libc: 'musl', minor: 2 },
  'x86_64-manylinux2014': { machine: 'x86_64', libc: 'glibc', minor: 17 },
  'aarch64-manylinux2014': { machine: 'aarch64', libc: 'glibc', minor: 17 },
}

const manylinuxName = /^(x86_64|aarch64)-manylinux_2_(\d{1,2})$/

/** glibc's first minor version that has tags: manylinux1 was for Intel processors only. */
const firstGlibc: Readonly<Record<string, number>> = { x86_64: 5, aarch64: 17 }
const olderNames: Readonly<Record<number, string>> = { 17: 'manylinux2014', 12: 'manylinux2010', 5: 'manylinux1' }

/** Throws RangeError with the names that are known. */
export function readPlatform(platform: string): Platform {
  const [, machine, minor] = manylinuxName.exec(platform) ?? []
  if (machine !== undefined && Number(minor) >= firstGlibc[machine]!)
    return { machine, libc: 'glibc', minor: Number(minor) }
  const known = Object.hasOwn(named, platform) ? named[platform] : undefined
  if (known) return known
  throw new RangeError(
    `unknown platform ${JSON.stringify(platform)}; known: <machine>-manylinux_2_<minor>, ${Object.keys(named).join(', ')}`,
  )
}

/**
 * Every tag that a target's pip accepts, best first. Throws RangeError for what it does not know: there is a tag and more
 * for each minor version down from its own, so a number of many digits would fill the memory.
 */
export function supportedTags({ python, implementation, platform }: Interpreter): string[] {
  const minor = Number(/^3\.(\d{1,2})(?:\.|$)/.exec(python)?.[1])
  if (Number.isNaN(minor)) throw new RangeError(`not a Python 3 version: ${JSON.stringify(python)}`)
  if (implementation !== 'cpython')
    throw new RangeError(`unknown implementation ${JSON.stringify(implementation)}; known: cpython`)
  const platforms = platformTags(readPlatform(platform))
  const on = (prefix: string) => platforms.map((name) => `${prefix}-${name}`)
  const interpreter = `cp3${minor}`
  const lower = Array.from({ length: minor }, (_, at) => minor - 1 - at)
  const generic = [`py3${minor}`, 'py3', ...lower.map((older) => `py3${older}`)]
  return [
    // until 3.8 the ABI named Python's own allocator
    ...on(`${interpreter}-${interpreter}${minor < 8 ? 'm' : ''}`),
    ...on(`${interpreter}-abi3`),
    ...on(`${interpreter}-none`),
    // the stable ABI began with 3.2
    ...lower.filter((older) => older >= 2).flatMap((older) => on(`cp3${older}-abi3`)),
    ...generic.flatMap((version) => on(`${version}-none`)),
    `${interpreter}-none-any`,
    ...generic.map((version) => `${version}-none-any`),
  ]
}

function platformTags({ machine, libc, minor }: Platform): string[] {
  const linux = `linux_${machine}`
  if (libc === 'musl')
    return [...Array.from({ length: minor + 1 }, (_, at) => `musllinux_1_${minor - at}_${machine}`), linux]
  const minors = Array.from({ length: minor - firstGlibc[machine]! + 1 }, (_, at) => minor - at)
  return [
    ...minors.flatMap((at) => {
      const older = olderNames[at]
      return [`manylinux_2_${at}_${machine}`, ...(older === undefined ? [] : [`${older}_${machine}`])]
    }),
    linux,
  ]
}

const ranks = new WeakMap<readonly string[], ReadonlyMap<string, number>>()

function ranksOf(tags: readonly string[]): ReadonlyMap<string, number> {
  let known = ranks.get(tags)
  if (!known) ranks.set(tags, (known = new Map(tags.map((tag, rank) => [tag, rank]))))
  return known
}

/** Whether a wheel has a tag that is accepted, by the end of its name alone: for the many files of a page. */
export function hasAcceptedTag(file: string, tags: readonly string[]): boolean {
  const ranked = ranksOf(tags)
  const [pythons = [], abis = [], platforms = []] = file
    .slice(0, -'.whl'.length)
    .toLowerCase()
    .split('-')
    .slice(-3)
    .map((part) => part.split('.'))
  return pythons.some((python) =>
    abis.some((abi) => platforms.some((platform) => ranked.has(`${python}-${abi}-${platform}`))),
  )
}

/**
 * The wheel of one release that pip would take: the best tag, then the highest build, then the first file name. Null: none is
 * accepted. `tags` is read once: it must not change.
 */
export function bestWheel<File extends { readonly file: string }>(
  files: readonly File[],
  tags: readonly string[],
): File | null {
  const ranked = ranksOf(tags)
  const accepted = files.flatMap((file) => {
    const name = parseWheelName(file.file)
    const rank = Math.min(...(name?.tags ?? []).map((tag) => ranked.get(tag) ?? Infinity))
    return name && rank < Infinity ? [{ file, rank, build: name.build }] : []
  })
  const [best] = accepted.toSorted(
    (a, b) => a.rank - b.rank || compareBuilds(b.build, a.build) || order(a.file.file, b.file.file),
  )
  return best?.file ?? null
}
