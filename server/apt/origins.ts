/** The archives as the client that asks upstream must know them, with the credentials and the proxy that apt would have used. */
import type { AptArchiveConfig } from '../config.ts'
import type { AptHost } from './host.ts'
import { proxyFor } from './proxies.ts'
import { parseSources, type Source } from './sources.ts'
import type { AptTarget } from './target.ts'

/** `url` and `proxy` may carry user name and password; `proxy` as {@link proxyFor} says. */
export type AptOrigin = { readonly name: string; readonly url: string; readonly proxy: string | null | undefined }

type Login = {
  /** Null: https only, as apt_auth.conf(5) says. */
  readonly protocol: string | null
  readonly host: string
  readonly path: string
  readonly user: string
  readonly password: string
}

/** Each archive once. What its own URI carries wins over `host.auth`, the texts of auth.conf and its folder. */
export function aptOrigins(
  targets: Iterable<Pick<AptTarget, 'sources' | 'credentials'>>,
  host: Partial<Pick<AptHost, 'auth' | 'proxies'>> | null,
): AptOrigin[] {
  const logins = (host?.auth ?? []).flatMap(({ text }) => parseAuth(text))
  const origins = new Map<string, AptOrigin>()
  for (const { sources, credentials } of targets) {
    const own = new Map(credentials.map((uri) => [bare(uri), uri]))
    for (const uri of sources.flatMap((source) => source.uris)) {
      if (uri.startsWith('file:') || origins.has(uri)) continue
      const at = new URL(uri)
      origins.set(uri, {
        name: `${at.host}${at.pathname}`.replace(/\/+$/, ''),
        url: own.get(uri) ?? withLogin(uri, logins),
        proxy: host?.proxies && proxyFor(host.proxies, at),
      })
    }
  }
  return [...origins.values()]
}

/** apt_auth.conf(5): netrc's words, the machine being `[protocol://]host[:port][/path]`. */
export function parseAuth(text: string): Login[] {
  const words = text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .flatMap((line) => line.split(/\s+/).filter(Boolean))
  const logins: Login[] = []
  for (let at = 0; at + 1 < words.length; at++) {
    const value = words[at + 1]!
    const login = logins.at(-1)
    if (words[at] === 'machine') {
      const [, protocol = null, host = '', path = ''] =
        /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/]+)(\/.*)?$/i.exec(value) ?? []
      logins.push({ protocol, host, path, user: '', password: '' })
    } else if (words[at] === 'login' && login) logins[logins.length - 1] = { ...login, user: value }
    else if (words[at] === 'password' && login) logins[logins.length - 1] = { ...login, password: value }
    else continue
    at++
  }
  return logins
}

function withLogin(uri: string, logins: readonly Login[]): string {
  const url = new URL(uri)
  const found = logins.find(
    ({ protocol, host, path }) =>
      `${protocol ?? 'https'}:` === url.protocol &&
      [url.host, url.hostname].includes(host) &&
      url.pathname.startsWith(path),
  )
  if (!found) return uri
  url.username = encodeURIComponent(found.user)
  url.password = encodeURIComponent(found.password)
  return url.href
}

function bare(uri: string): string {
  const url = new URL(uri)
  url.username = ''
  url.password = ''
  return url.href
}

/** Archives that are configured for themselves, as a target would have them. `resolve` makes a path absolute. */
export function aptArchives(
  configured: Readonly<Record<string, AptArchiveConfig>>,
  resolve: (path: string) => string,
): Pick<AptTarget, 'sources' | 'credentials'> {
  const read = Object.entries(configured).map(([name, { url, signedBy }]) => {
    const { sources, credentials } = parseSources(`Types: deb\nURIs: ${url}\nSuites: ./\n`, `upstreams.apt.${name}`)
    const options: [string, string][] = signedBy === undefined ? [] : [['Signed-By', keyOf(signedBy, resolve)]]
    return {
      sources: sources.map((source): Source => ({ ...source, suites: [], options: new Map(options) })),
      credentials,
    }
  })
  return {
    sources: read.flatMap((part) => part.sources),
    credentials: read.flatMap((part) => part.credentials),
  }
}

/** deb822: an armored key's empty lines are dots. */
function keyOf(given: string, resolve: (path: string) => string): string {
  if (!given.includes('-----BEGIN PGP')) return resolve(given)
  return `\n${given
    .trim()
    .split('\n')
    .map((line) => line.trim() || '.')
    .join('\n')}`
}
