/** Who needs whom within a closure, for people to see. Drawn from metadata; what belongs to the closure is the solver's. */
import { evaluateMarker, markerEnvironment } from './marker.ts'
import type { CoreMetadata } from './core-metadata.ts'
import type { Requirement } from './requirement.ts'
import type { Interpreter } from './tags.ts'
import { order } from './versions.ts'

export { parseMetadata } from './core-metadata.ts'

export type Node = {
  /** Normalised. */
  readonly name: string
  /** Null: not known, so nothing is drawn from it. */
  readonly metadata: Pick<CoreMetadata, 'requiresDist'> | null
}

/**
 * Name -> the names that need it, sorted; for every node. An edge is a Requires-Dist that applies to the target, with the
 * extras that roots and other edges ask for. Invariant: only names of `nodes`, never itself.
 */
export function dependencyEdges(
  nodes: readonly Node[],
  roots: readonly Requirement[],
  target: Interpreter,
): Record<string, string[]> {
  const environment = markerEnvironment(target)
  const known = new Map(nodes.map((node) => [node.name, node.metadata?.requiresDist ?? []]))
  const neededBy = new Map(nodes.map(({ name }) => [name, new Set<string>()]))
  const seen = new Set<string>()

  // what no root reaches (through metadata that is not known, say) is still drawn, without extras
  const waiting: (readonly [name: string, extra: string])[] = nodes.map(({ name }) => [name, ''] as const)
  for (const { name, extras } of roots) for (const extra of extras) waiting.push([name, extra])

  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [name, extra] = next
    if (seen.has(`${name}[${extra}`)) continue
    seen.add(`${name}[${extra}`)
    for (const needed of known.get(name) ?? []) {
      const dependants = neededBy.get(needed.name)
      if (!dependants || (needed.marker && !evaluateMarker(needed.marker, environment, extra))) continue
      if (needed.name !== name) dependants.add(name)
      for (const wanted of needed.extras) waiting.push([needed.name, wanted])
    }
  }
  return Object.fromEntries([...neededBy].map(([name, names]) => [name, [...names].toSorted(order)]))
}
