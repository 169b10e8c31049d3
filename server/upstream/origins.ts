/** The upstreams that were configured, and which of them a URL belongs to. */

/** An upstream as configured: its URL may carry userinfo. */
export type UpstreamOrigin = {
  readonly name: string
  readonly url: string
  /** The URL of a proxy of its own, with its credentials; null: none, whatever the environment says. */
  readonly proxy?: string | null | undefined
}

/**
 * What is known of a URL by what is known of some origins. Where they share a host, the one whose path the URL lies under
 * decides, the longest of several, else the first; undefined: none has its scheme, host and port.
 */
export function createNearest<T>(known: Iterable<readonly [origin: URL, what: T]>): (url: URL) => T | undefined {
  const all = [...known].map(([{ origin, pathname }, what]) => ({ origin, path: folderOf(pathname), what }))
  return (url) => {
    const here = all.filter(({ origin }) => origin === url.origin)
    const under = here
      .filter(({ path }) => url.pathname.startsWith(path))
      .toSorted((a, b) => b.path.length - a.path.length)
    return (under[0] ?? here[0])?.what
  }
}

function folderOf(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}
