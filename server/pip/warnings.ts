/** What pip would warn of in the pod, where nobody reads it: releases that were yanked, extras that a release does not have. */
import type { Remark } from '../../storage/records.ts'
import type { Phrase } from '../errors.ts'
import { parseMetadata } from './core-metadata.ts'
import type { Found } from './kept-back.ts'
import { normalizeName } from './names.ts'
import type { Requirement } from './requirement.ts'
import { order } from './versions.ts'

/** PEP 592: taken all the same, where something asks for exactly that release. */
export function yanked(found: readonly Found[]): Remark[] {
  return found.flatMap(({ project, version, artifact }): Remark[] => {
    const why = artifact.facts['yanked']
    if (typeof why !== 'string') return []
    return [{ code: 'release-yanked', fields: { project: project.name, version, reason: reasonOf(why) } }]
  })
}

/** Of roots alone: what packages ask of each other is theirs to mend. Where nothing is known of a release, nothing is said. */
export function unknownExtras(roots: readonly Requirement[], found: readonly Found[]): Remark[] {
  const all = new Map(found.map((one) => [one.project.name, one]))
  return roots.flatMap(({ name, extras }): Remark[] => {
    const { metadata = null, version } = all.get(name) ?? {}
    if (metadata === null || version === undefined || extras.length === 0) return []
    const known = new Set(parseMetadata(metadata).providesExtra.map(normalizeName))
    const unknown = extras.filter((extra) => !known.has(extra))
    if (unknown.length === 0) return []
    const fields = { project: name, version, extras: unknown, known: knownOf([...known].toSorted(order)) }
    return [{ code: 'extra-unknown', fields }]
  })
}

function reasonOf(why: string): Phrase {
  const text = why.replace(/\s+/g, ' ').trim().replace(/\.$/, '')
  return text === '' ? { en: '', zh: '' } : { en: `: ${text}`, zh: `：${text}` }
}

function knownOf(extras: readonly string[]): Phrase {
  return extras.length === 0
    ? { en: 'It has none', zh: '它没有任何 extra' }
    : { en: `It has: ${extras.join(', ')}`, zh: `可用的有：${extras.join('、')}` }
}
