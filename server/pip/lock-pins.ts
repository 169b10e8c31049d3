/** What every kind of lock comes down to: releases, where they are wanted, and the digests of the files that will do. */
import { AirlockError, type Phrase } from '../errors.ts'
import { parseMarker, renderMarker, type Marker } from './marker.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { optionsOf, type PipOptions } from './requirements-file.ts'
import { GrammarError } from './scanner.ts'
import { order } from './versions.ts'
import type { Parsed } from '../ecosystem.ts'

export type Pin = {
  readonly name: string
  readonly version: string
  /** As the lock has it; null: everywhere. */
  readonly marker: string | null
  /** `sha256:…` and others. */
  readonly hashes: readonly string[]
}

/** A lock that is not one, or that has what no index has. Throws `lock-invalid`. */
export function refuseLock(file: string, reason: Phrase, instead: Phrase): never {
  throw new AirlockError('lock-invalid', { file, reason, instead })
}

export const lockWords = {
  again: {
    en: 'Make the lock again with its own tool, and send that file as it is.',
    zh: '请用原工具重新生成锁文件，并原样提交。',
  },
  leaveOut: {
    en: 'Airlock takes what an index has: put that package into an index that Airlock reads, or leave it out.',
    zh: 'Airlock 只接受索引中的软件包：请把该包放入 Airlock 可读取的索引，或将其移除。',
  },
  source: (name: string): Phrase => ({
    en: `${name} comes from a repository, an address or a folder, not from an index`,
    zh: `${name} 来自代码仓库、网址或目录，而不是索引`,
  }),
  unhashed: (name: string): Phrase => ({
    en: `no SHA-256 is given for ${name}, so no file can be told from another`,
    zh: `${name} 没有 SHA-256，无法确认应使用哪个文件`,
  }),
  empty: { en: 'it locks nothing', zh: '其中没有锁定任何软件包' },
  unreadable: (what: string): Phrase => ({ en: `it cannot be read: ${what}`, zh: `无法读取：${what}` }),
} as const

/**
 * A request for exactly these releases and files, which nothing is added to. What only an extra or a group brings is
 * wanted too: a pod may ask for any of them. Throws `lock-invalid`, `requirement-invalid`.
 */
export function requestOf(file: string, pins: readonly Pin[]): Parsed & { readonly lines: readonly string[] } {
  if (pins.length === 0) refuseLock(file, lockWords.empty, lockWords.again)
  const asked = pins.map(({ name, version, marker, hashes }) => {
    const where = marker === null ? null : environmentOf(file, name, marker)
    const requirement = parseRequirement(`${name}==${version}${where === null ? '' : ` ; ${where}`}`)
    const digests = hashes.flatMap((hash) => /^sha256:([0-9a-f]{64})$/i.exec(hash)?.[1]?.toLowerCase() ?? [])
    if (digests.length === 0) refuseLock(file, lockWords.unhashed(name), lockWords.again)
    return { requirement, hashes: digests }
  })
  const roots = [...new Set(asked.map(({ requirement }) => requirement.text))].toSorted(order)
  const options: PipOptions = { ...optionsOf(asked, []), locked: true }
  return { roots, options, lines: roots }
}

/** The marker without extras and groups; null: nothing else is said. */
function environmentOf(file: string, name: string, marker: string): string | null {
  try {
    // PEP 751's two variables, which PEP 508 does not have
    const known = marker.replaceAll(/(["'][^"']*["'])\s+(?:not\s+)?in\s+(?:extras|dependency_groups)\b/g, 'extra == $1')
    const environment = withoutExtras(parseMarker(known))
    return environment && renderMarker(environment)
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error
    const { en, zh } = error.reason
    return refuseLock(file, { en: `the marker of ${name}: ${en}`, zh: `${name} 的 marker：${zh}` }, lockWords.again)
  }
}

function withoutExtras(marker: Marker): Marker | null {
  if (marker.kind === 'compare') {
    const names = [marker.left, marker.right].flatMap((operand) => ('variable' in operand ? [operand.variable] : []))
    return names.includes('extra') ? null : marker
  }
  const parts = marker.parts.map(withoutExtras)
  const left = parts.filter((part) => part !== null)
  // of an `or`, one part that always holds is enough
  if (left.length === 0 || (marker.kind === 'or' && left.length < parts.length)) return null
  return left.length === 1 ? left[0]! : { kind: marker.kind, parts: left }
}

/** What a root of a lock pins. */
export function pinOf({ name, specifier }: Requirement): { readonly name: string; readonly version: string } {
  return { name, version: specifier.replace(/^=+/, '') }
}
