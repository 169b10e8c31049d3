/** Where each package stands in the picture: what was asked for on top, what it needs below. Pure. */

export type Node = { readonly name: string; readonly neededBy: readonly string[]; readonly root: boolean }
export type Placed = { readonly name: string; readonly layer: number; readonly place: number }

/** Layers by the longest way from a root; cycles, which real packages have, are cut where they close. */
export function layers(nodes: readonly Node[]): Placed[] {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const depths = new Map<string, number>()
  const onTheWay = new Set<string>()

  function depthOf(name: string): number {
    const known = depths.get(name)
    if (known !== undefined) return known
    onTheWay.add(name)
    const above = byName.get(name)!.neededBy.filter((other) => byName.has(other) && !onTheWay.has(other))
    const depth = above.length === 0 ? 0 : Math.max(...above.map(depthOf)) + 1
    onTheWay.delete(name)
    depths.set(name, depth)
    return depth
  }

  const rows: string[][] = []
  for (const { name } of nodes) (rows[depthOf(name)] ??= []).push(name)
  return inOrder(rows, byName)
}

/** Within a layer by the middle of what needs them above, so that few lines cross. */
function inOrder(rows: readonly string[][], byName: ReadonlyMap<string, Node>): Placed[] {
  const places = new Map<string, number>()
  const placed: Placed[] = []
  for (const [layer, row] of rows.entries()) {
    const middles = row.map((name, index) => {
      const above = byName.get(name)!.neededBy.flatMap((other) => places.get(other) ?? [])
      return { name, middle: above.length === 0 ? index : above.reduce((sum, place) => sum + place, 0) / above.length }
    })
    for (const [place, { name }] of middles
      .toSorted((a, b) => a.middle - b.middle || (a.name < b.name ? -1 : 1))
      .entries()) {
      places.set(name, place / Math.max(1, row.length - 1))
      placed.push({ name, layer, place })
    }
  }
  return placed
}
