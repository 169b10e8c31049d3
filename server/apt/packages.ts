/** What a solve wants, with the paragraph that the archive verified for each. */
import type { AptStanza } from '../../storage/apt.ts'
import { artifactFilePattern } from '../../storage/layout.ts'
import type { Artifact } from '../../storage/records.ts'
import { AirlockError } from '../errors.ts'
import type { Catalog, Offer } from './catalog.ts'
import type { Snapshot } from './snapshots.ts'
import type { Wanted } from './solver.ts'
import { parseFields } from './stanza.ts'
import type { AptTarget } from './target.ts'

/** A package of a solution. */
export type Package = AptStanza & {
  /** Its name, with its architecture where that is neither `all` nor the target's own. */
  readonly key: string
  readonly url: string
  /** The archive that it comes from: host and path. */
  readonly origin: string
}

type Deps = {
  readonly target: AptTarget
  readonly catalog: Catalog
  /** By digest: what is published, whose paragraph need not be asked for again. */
  readonly known: ReadonlyMap<string, AptStanza>
  readonly snapshot: Snapshot
  readonly signal: AbortSignal
}

/**
 * Each file once, by name, then architecture. Where two solves differ in a version, the first one's is taken: the proof
 * decides whether that is good.
 */
export async function gather(
  wanted: readonly Wanted[],
  { target, catalog, known, snapshot, signal }: Deps,
): Promise<Package[]> {
  const unique = [...new Map(wanted.map((file) => [file.sha256, file])).values()]
  const unknown = unique.filter(({ sha256 }) => !known.has(sha256))
  const names = [
    ...new Set(unknown.map(({ name, architecture }) => (architecture === 'all' ? name : `${name}:${architecture}`))),
  ]
  const offers = new Map((await catalog.offers(names, snapshot, 'image', signal)).map((offer) => [offer.sha256, offer]))
  const packages = new Map<string, Package>()
  for (const { url, sha256, size } of unique) {
    const stanza = known.get(sha256) ?? stanzaOf(offers.get(sha256) ?? missing(url), size)
    const { name, architecture } = stanza
    const key = ['all', target.architectures[0]].includes(architecture) ? name : `${name}:${architecture}`
    if (!packages.has(key)) packages.set(key, { ...stanza, key, url, origin: originOf(url, target) })
  }
  return [...packages.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

export function toArtifact({ key, version, file, sha256, size, origin, url, stanza, architecture }: Package): Artifact {
  const fields = parseFields(stanza)
  return {
    ecosystem: 'apt',
    name: key,
    version,
    file,
    sha256,
    size,
    origin,
    url,
    uploadedAt: null,
    facts: {
      stanza,
      architecture,
      section: fields.get('section') ?? null,
      summary: fields.get('description')?.split('\n')[0] ?? null,
      installedSize: Number(fields.get('installed-size') ?? 0) * 1024,
    },
  }
}

function stanzaOf({ name, version, architecture, sha256, stanza }: Offer, size: number): AptStanza {
  return { file: fileOf(name, version, architecture), name, architecture, version, sha256, size, stanza }
}

/** Debian's own convention: without the epoch. Throws `artifact-invalid` for what cannot be a file's name here. */
function fileOf(name: string, version: string, architecture: string): string {
  const file = `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
  if (artifactFilePattern.test(file)) return file
  throw new AirlockError('artifact-invalid', { file, reason: 'its name or version is not a Debian package’s' })
}

function originOf(url: string, target: AptTarget): string {
  const uris = target.sources.flatMap((source) => source.uris).filter((uri) => url.startsWith(uri))
  const longest = uris.toSorted((a, b) => b.length - a.length)[0] ?? url.slice(0, url.lastIndexOf('/'))
  return longest.replace(/^\w+:\/*/, '').replace(/\/+$/, '')
}

function missing(url: string): never {
  const file = url.slice(url.lastIndexOf('/') + 1)
  throw new AirlockError('artifact-invalid', { file, reason: `the archive’s paragraph for ${url} cannot be read` })
}
