/**
 * A lock's addresses, turned from Airlock's into upstream's and back. Nothing else of its text changes, so that there and
 * back again gives the same bytes: a project's repository keeps upstream's, a pod installs from Airlock's.
 */
import type { Artifact } from '../../storage/records.ts'
import type { ConvertedLock } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import { normalizeName } from './names.ts'
import { hrefOf } from './simple-write.ts'
import type { PipUpstream } from './upstreams.ts'

export type ConvertLockDeps = {
  readonly upstreams: readonly PipUpstream[]
  readonly originOf: (project: string) => PipUpstream
  /** What is here, by the address it came from, or by its digest. */
  readonly artifacts: {
    byUrl(urls: readonly string[]): Promise<readonly Artifact[]>
    byDigest(digests: readonly string[]): Promise<readonly Artifact[]>
  }
}

/** The mirror as pods call it, without its final slash, and the index that they read. */
export type Mirror = { readonly url: string; readonly index: string }

/** Characters; a longer text is no file's address. */
const maxAddress = 2000

const addressPattern = /(?:https?|file):\/\/[^\s"'<>,;()[\]{}\\|`#]+/g

export function createConvertLock({ upstreams, originOf, artifacts }: ConvertLockDeps) {
  /**
   * A lock that was made against the mirror, for a project's repository. Throws `lock-address-unknown` for the first
   * address of the mirror's that has no counterpart: nothing of Airlock's may stay.
   */
  async function toUpstream(text: string, { url }: Pick<Mirror, 'url'>): Promise<ConvertedLock> {
    const root = `${url}/pip/`
    const pooled = (address: string) =>
      /^pool\/[0-9a-f]{2}\/([0-9a-f]{64})\/[^/]+$/.exec(address.slice(root.length))?.[1]
    const own = addressesOf(text).filter(({ address }) => address.startsWith(`${url}/`))
    const digests = own.flatMap(({ address }) => pooled(address) ?? [])
    const known = new Map((await artifacts.byDigest(digests)).filter(isFetched).map((found) => [found.sha256, found]))
    return replaced(text, own, ({ address, project }) => {
      const digest = address.startsWith(root) ? pooled(address) : undefined
      const index = address.startsWith(root) ? /^[a-z0-9-]+(\/?)$/.exec(address.slice(root.length)) : null
      const counterpart = digest
        ? known.get(digest)?.url
        : index && withSlash(originOf(project ?? '').url, index[1] === '/')
      if (!counterpart)
        throw new AirlockError('lock-address-unknown', {
          address: address.slice(0, maxAddress),
          line: lineOf(text, address),
        })
      return counterpart
    })
  }

  /** A project's lock for use in a pod. What is not here keeps its address. */
  async function toAirlock(text: string, { url, index }: Mirror): Promise<ConvertedLock> {
    const all = addressesOf(text).filter(({ address }) => address.length <= maxAddress)
    const found = (await artifacts.byUrl(all.map(({ address }) => address))).filter(isFetched)
    const known = new Map(found.map((artifact) => [artifact.url, artifact]))
    const indexes = new Set(upstreams.map((upstream) => withSlash(upstream.url, true)))
    return replaced(text, all, ({ address }) => {
      const artifact = known.get(address)
      // the page's own link, from where the page is
      if (artifact) return new URL(hrefOf(artifact), `${url}/pip/${index}/project/`).href
      return indexes.has(withSlash(address, true)) ? `${url}/pip/${index}${address.endsWith('/') ? '/' : ''}` : null
    })
  }

  return { toUpstream, toAirlock }
}

export type ConvertLock = ReturnType<typeof createConvertLock>

/** What was built here came from nowhere: its address is its source's, whose bytes are others. */
function isFetched({ facts }: Artifact): boolean {
  return facts['build'] === undefined
}

type Address = {
  readonly address: string
  readonly at: number
  /** Of which project the lock speaks there, as far as it says: `name = "…"` comes before. */
  readonly project: string | null
}

function addressesOf(text: string): Address[] {
  const names = [...text.matchAll(/^name = "([^"]+)"/gm)]
  let next = 0
  return [...text.matchAll(addressPattern)].map(({ 0: address, index: at }) => {
    while (next < names.length && names[next]!.index < at) next++
    const name = names[next - 1]?.[1]
    return { address, at, project: name === undefined ? null : normalizeName(name) }
  })
}

function replaced(
  text: string,
  addresses: readonly Address[],
  counterpart: (address: Address) => string | null,
): ConvertedLock {
  let written = ''
  let from = 0
  let count = 0
  const found = new Map<string, boolean>()
  for (const one of addresses) {
    const other = counterpart(one)
    const isFile = /\.(?:whl|gz|zip|tgz|bz2)$/.test(one.address)
    if (isFile && one.project !== null) found.set(one.project, (found.get(one.project) ?? false) || other !== null)
    if (other === null) continue
    written += text.slice(from, one.at) + other
    from = one.at + one.address.length
    count++
  }
  const missing = [...found].flatMap(([project, isHere]) => (isHere ? [] : [project]))
  return { text: written + text.slice(from), replaced: count, missing: missing.toSorted() }
}

function withSlash(url: string, wanted: boolean): string {
  // from where slashes begin only: tried from each of many, it would be quadratic
  return url.replace(/(?<!\/)\/+$/, '') + (wanted ? '/' : '')
}

function lineOf(text: string, address: string): number {
  return text.slice(0, text.indexOf(address)).split('\n').length
}
