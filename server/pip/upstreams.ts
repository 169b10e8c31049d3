/** The indexes that pip requests may be solved from. */
import type { PipUpstreamConfig } from '../config.ts'
import type { Interpreter } from './interpreter.ts'
import { normalizeName } from './names.ts'

export type PipUpstream = {
  readonly name: string
  /** The index's URL without credentials, ending in a slash. */
  readonly url: string
  /** The same with the credentials it was given with: for the client that asks, for nobody to see. */
  readonly secretUrl: string
  /** Other places that the index keeps its files in, allowed at any address; anything else its links name must be public. */
  readonly files: readonly string[]
  /** Normalised names that come from here and nowhere else; the default upstream serves everything that no other names. */
  readonly projects: ReadonlySet<string>
  /** Where the URL came from, for people. */
  readonly source: string
}

/** The configured upstreams, and `default` from this machine's own pip where the configuration gives it no URL. */
export function pipUpstreams(
  configured: Readonly<Record<string, PipUpstreamConfig>>,
  index: Interpreter['index'],
): readonly PipUpstream[] {
  const withDefault: Readonly<Record<string, PipUpstreamConfig>> = {
    default: { projects: [], files: [] },
    ...configured,
  }
  return Object.entries(withDefault).flatMap(([name, { url, projects, files }]) => {
    const secret = url ?? (name === 'default' ? index.url : null)
    if (secret === null) return []
    const source = url === undefined ? index.source : 'airlock.yaml'
    const known = url === undefined && index.files !== null ? [`https://${index.files}/`] : []
    return [
      {
        name,
        source,
        ...addressesOf(secret),
        files: [...files, ...known],
        projects: new Set(projects.map(normalizeName)),
      },
    ]
  })
}

function addressesOf(secret: string): Pick<PipUpstream, 'url' | 'secretUrl'> {
  const url = new URL(secret)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  const secretUrl = url.href
  url.username = ''
  url.password = ''
  return { url: url.href, secretUrl }
}
