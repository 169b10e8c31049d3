/** Who needs whom among packages, by their own words. Source: Debian Policy 7.1. */
import { parseFields, type StanzaText } from './stanza.ts'

/** A package of one solve. `key` is its name, with its architecture where that is not the target's own. */
export type Node = { readonly key: string; readonly name: string; readonly stanza: StanzaText }

/** One group of alternatives: any of these names meets it. Versions are the solver's business. */
type Alternatives = readonly string[]

/**
 * Key -> keys that need it, sorted. Every alternative that is present counts, and so does what provides it: the aim is
 * that whatever a root pulled in can be traced to it.
 */
export function dependants(
  nodes: readonly Node[],
  { recommends }: { readonly recommends: boolean },
): Record<string, readonly string[]> {
  const relations = ['pre-depends', 'depends', ...(recommends ? ['recommends'] : [])]
  const read = nodes.map((node) => ({ node, fields: parseFields(node.stanza) }))
  const offers = new Map<string, string[]>()
  for (const { node, fields } of read) {
    for (const name of new Set([node.name, ...names(fields.get('provides')).flat()])) push(offers, name, node.key)
  }
  const needed = new Map<string, Set<string>>(nodes.map(({ key }) => [key, new Set()]))
  for (const { node, fields } of read) {
    for (const group of relations.flatMap((relation) => names(fields.get(relation)))) {
      for (const key of group.flatMap((name) => offers.get(name) ?? []))
        if (key !== node.key) needed.get(key)!.add(node.key)
    }
  }
  return Object.fromEntries([...needed].map(([key, set]) => [key, [...set].toSorted()]))
}

/** What is reached from the roots by following who needs whom. */
export function reachable(
  roots: ReadonlySet<string>,
  neededBy: Readonly<Record<string, readonly string[]>>,
): ReadonlySet<string> {
  const needs = new Map<string, string[]>()
  for (const [key, dependantsOfKey] of Object.entries(neededBy)) for (const by of dependantsOfKey) push(needs, by, key)
  const reached = new Set(roots)
  for (const key of reached) for (const needed of needs.get(key) ?? []) reached.add(needed)
  return reached
}

function names(field: string | undefined): Alternatives[] {
  if (field === undefined) return []
  return field.split(',').flatMap((group) => {
    const alternatives = group.split('|').map((relation) => /^[a-z0-9][a-z0-9+.-]*/i.exec(relation.trim())?.[0] ?? '')
    return alternatives.some(Boolean) ? [alternatives.filter(Boolean)] : []
  })
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
