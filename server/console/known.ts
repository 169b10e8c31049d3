/**
 * Names that this machine holds, for completion and for a hint at a slip. Invariant: nothing here asks upstream: a name
 * that somebody types stays here until they ask for it.
 */
import type { Events } from '../../storage/events.ts'
import type { Visible } from '../../storage/visible.ts'
import type { Ecosystem, KnownName } from '../ecosystem.ts'

/** Every list of one ecosystem, put together. */
type Names = {
  readonly sorted: readonly KnownName[]
  readonly byName: ReadonlyMap<string, KnownName>
  readonly at: number
}

/** ms for which the lists are used without another look. */
const fresh = 15_000
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

type Deps = {
  readonly visible: Visible
  /** Whatever becomes ready is known at once. */
  readonly events: Pick<Events, 'subscribe'>
  readonly now?: () => number
}

export function createKnown({ visible, events, now = Date.now }: Deps) {
  const built = new Map<string, Promise<Names>>()
  events.subscribe(({ state }) => {
    if (state === 'ready') built.clear()
  })

  async function build(ecosystem: Ecosystem): Promise<Names> {
    const [own, asked, mirrored] = await Promise.all([
      ecosystem.known?.() ?? [],
      visible.asked(ecosystem.name),
      visible.names(ecosystem.name),
    ])
    const byName = new Map(own.map((known) => [known.name, known]))
    const add = (name: string, known: KnownName['known']) =>
      byName.set(name, { name, known, summary: byName.get(name)?.summary ?? null })
    for (const root of new Set(asked.flat())) {
      const name = ecosystem.understand?.(root)?.name
      // what failed for its name must not be proposed: it is known when something else knows it, too
      if (name !== undefined && byName.has(name)) add(name, 'asked')
    }
    for (const name of mirrored) add(name, 'mirrored')
    return { sorted: [...byName.values()].toSorted((a, b) => order(a.name, b.name)), byName, at: now() }
  }

  /** Old lists are given while new ones are put together. */
  async function names(ecosystem: Ecosystem): Promise<Names> {
    const before = built.get(ecosystem.name)
    if (before === undefined) {
      const first = build(ecosystem)
      built.set(ecosystem.name, first)
      first.catch(() => built.delete(ecosystem.name))
      return first
    }
    const found = await before
    if (now() - found.at >= fresh) {
      const next = build(ecosystem)
      built.set(ecosystem.name, Promise.resolve({ ...found, at: now() }))
      next.then(
        (names) => built.set(ecosystem.name, Promise.resolve(names)),
        () => built.delete(ecosystem.name),
      )
    }
    return found
  }

  return {
    /** Names that begin so: those that are here first, then by name. */
    async beginning(ecosystem: Ecosystem, prefix: string, limit: number): Promise<KnownName[]> {
      const { sorted } = await names(ecosystem)
      const wanted = prefix.toLowerCase()
      const found: KnownName[] = []
      for (let at = firstFrom(sorted, wanted); at < sorted.length && sorted[at]!.name.startsWith(wanted); at++)
        found.push(sorted[at]!)
      const rank = ({ name, known }: KnownName) => (name === wanted ? 0 : known === 'mirrored' ? 1 : 2)
      return found.toSorted((a, b) => rank(a) - rank(b)).slice(0, limit)
    },

    async has(ecosystem: Ecosystem, name: string): Promise<boolean> {
      return (await names(ecosystem)).byName.has(name)
    },

    /** Names within a slip or two of one that is not known, best first. */
    async near(ecosystem: Ecosystem, name: string): Promise<readonly string[]> {
      const { byName } = await names(ecosystem)
      return ecosystem.near?.(name, byName.keys()) ?? []
    },
  }
}

export type Known = ReturnType<typeof createKnown>

/** The first entry that is not before `name`. */
function firstFrom(sorted: readonly KnownName[], name: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]!.name < name) low = middle + 1
    else high = middle
  }
  return low
}
