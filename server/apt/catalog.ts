/**
 * What an archive's snapshot has: exact names, versions, paragraphs; near names and providers for those who missed.
 * Always apt's own verified answer (`apt-cache`), never a file that we parse ourselves.
 */
import type { Base } from './root.ts'
import type { Snapshot, Snapshots } from './snapshots.ts'
import { parseFields, type StanzaText } from './stanza.ts'

/** A version of a package that the snapshot offers. */
export type Offer = {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Empty where the archive states none: nothing of it can be fetched. */
  readonly sha256: string
  readonly stanza: StanzaText
}

const perCall = 2000

export function createCatalog(snapshots: Snapshots) {
  /** Every version of the named packages (`name` or `name:arch`), unknown names left out. */
  async function offers(
    names: readonly string[],
    snapshot: Snapshot,
    base: Base,
    signal: AbortSignal,
  ): Promise<Offer[]> {
    const found: Offer[] = []
    for (let at = 0; at < names.length; at += perCall) {
      const some = names.slice(at, at + perCall)
      const { stdout } = await snapshots.apt('apt-cache', ['-q', 'show', '-a', '--', ...some], snapshot, base, signal)
      for (const stanza of stdout.split('\n\n')) {
        const fields = parseFields(stanza.trim())
        // a paragraph of dpkg's status names no file: that is not on offer
        if (!fields.has('filename')) continue
        const sha256 = fields.get('sha256')?.toLowerCase() ?? ''
        const [name = '', version = '', architecture = ''] = ['package', 'version', 'architecture'].map((key) =>
          fields.get(key),
        )
        found.push({ name, version, architecture, sha256, stanza: stanza.trim() })
      }
    }
    return found
  }

  return {
    offers,

    /** Up to five names close to one that does not exist, nearest first. */
    async near(name: string, snapshot: Snapshot, signal: AbortSignal): Promise<string[]> {
      const { stdout } = await snapshots.apt('apt-cache', ['pkgnames'], snapshot, 'bare', signal)
      return nearest(name, stdout.split('\n'))
    },

    /** Packages that provide a virtual one, sorted. */
    async providers(name: string, snapshot: Snapshot, signal: AbortSignal): Promise<string[]> {
      const { stdout } = await snapshots.apt('apt-cache', ['showpkg', '--', name], snapshot, 'bare', signal)
      const [, list = ''] = stdout.split(/^Reverse Provides: *\n/m)
      return [...new Set([...list.matchAll(/^(\S+) \S+/gm)].map(([, provider]) => provider!))].toSorted()
    },
  }
}

export type Catalog = ReturnType<typeof createCatalog>

/** By edit distance, then length: a third of the letters may differ, and a name that has this one as a part counts. */
export function nearest(name: string, names: Iterable<string>): string[] {
  const most = Math.max(1, Math.floor(name.length / 3))
  const found: { readonly candidate: string; readonly distance: number }[] = []
  for (const candidate of names) {
    if (candidate === '' || candidate === name) continue
    const parts = candidate.split(/[-.]/)
    const distance = parts.includes(name) || candidate === `lib${name}` ? most : distanceOf(name, candidate, most)
    if (distance <= most) found.push({ candidate, distance })
  }
  return found
    .toSorted(
      (a, b) =>
        a.distance - b.distance || a.candidate.length - b.candidate.length || (a.candidate < b.candidate ? -1 : 1),
    )
    .slice(0, 5)
    .map(({ candidate }) => candidate)
}

/** Damerau-Levenshtein (neighbours swapped count once), or more than `most`. */
function distanceOf(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let [before, above]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const differs = a[i - 1] === b[j - 1] ? 0 : 1
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + differs)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    if (Math.min(...row) > most) return most + 1
    ;[before, above] = [above, row]
  }
  return above[b.length]!
}
