/** What one request is told of a solution: what is its own, and what is new only because the archive moved. */
import type { Closure } from '../../storage/records.ts'
import type { AptStanza } from '../../storage/apt.ts'
import { keyOn, parseRoot } from './names.ts'
import { toArtifact } from './packages.ts'
import { dependants, reachable } from './relations.ts'
import type { Solution } from './solution.ts'
import type { AptTarget } from './target.ts'

/**
 * Invariant: every package of the solution that `published` lacks is in the closure or was fetched for a guest, so that
 * fetching the closure is enough to publish the solution. An item belongs to the request if it is a root or reached from one by `neededBy`; the
 * others are updates of what is here.
 */
export function toClosure(
  { packages, remarks, guests }: Solution,
  asked: readonly string[],
  {
    recommends,
    architectures: [own],
    published,
  }: Pick<AptTarget, 'recommends' | 'architectures'> & { readonly published: readonly AptStanza[] },
): Closure {
  const neededBy = dependants(packages, { recommends })
  const keysOf = (names: readonly string[]) => new Set(names.map((root) => keyOn(own, parseRoot(root))))
  const roots = keysOf(asked)
  const needed = reachable(roots, neededBy)
  const others = reachable(keysOf(guests.flatMap((guest) => guest.roots)), neededBy)
  const here = new Set(published.map(({ sha256 }) => sha256))
  const items = packages.filter(({ key, sha256 }) => needed.has(key) || !(here.has(sha256) || others.has(key)))
  const keys = new Set(items.map(({ key }) => key))
  return {
    items: items.map((item) => ({
      artifact: toArtifact(item),
      isRoot: roots.has(item.key),
      neededBy: (neededBy[item.key] ?? []).filter((key) => keys.has(key)),
    })),
    remarks,
  }
}
