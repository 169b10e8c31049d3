/** Which requests leave through a forward proxy, as HTTP_PROXY, HTTPS_PROXY and NO_PROXY say. */
import { BlockList, isIP } from 'node:net'
import { AirlockError } from '../errors.ts'

/** HTTP_PROXY, HTTPS_PROXY (ALL_PROXY for either) and NO_PROXY; in either case, the lower-case one wins, as in curl. */
export type ProxyEnv = Readonly<Record<string, string | undefined>>

export type ProxyRule = {
  /** The proxy's URL for an `http:` or `https:` request, with its credentials; null: none is set. */
  readonly http: string | null
  readonly https: string | null
  /** Whether this URL's request goes through the proxy of its scheme. */
  uses(url: URL): boolean
}

/** Throws `setting-invalid` for a proxy that is not an http or https URL. */
export function readProxyEnv(env: ProxyEnv): ProxyRule {
  const http = proxyUrl(env, 'http_proxy')
  const https = proxyUrl(env, 'https_proxy')
  const excluded = exclusions(value(env, 'no_proxy') ?? '')
  return {
    http,
    https,
    uses: (url) => (url.protocol === 'https:' ? https : http) !== null && !excluded(url),
  }
}

/** The rule of an origin that has a proxy of its own, or none: what NO_PROXY excludes is asked directly all the same. */
export function readOwnProxy(url: string | null, env: ProxyEnv): ProxyRule {
  return readProxyEnv(url === null ? {} : { all_proxy: url, no_proxy: value(env, 'no_proxy') })
}

function value(env: ProxyEnv, name: string): string | undefined {
  return env[name]?.trim() || env[name.toUpperCase()]?.trim() || undefined
}

function proxyUrl(env: ProxyEnv, name: string): string | null {
  const text = value(env, name) ?? value(env, 'all_proxy')
  if (text === undefined) return null
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '') return url.href
  throw new AirlockError('setting-invalid', {
    name: name.toUpperCase(),
    // a proxy's URL may carry a password
    value: '…',
    reason: 'not the URL of an HTTP proxy',
    expected: 'Write it like http://proxy.example:3128; SOCKS is not supported.',
  })
}

/** NO_PROXY: names (and what lies below them), `*`, addresses, networks like 10.0.0.0/8; each optionally with `:port`. */
function exclusions(text: string): (url: URL) => boolean {
  const entries = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
  const networks = new BlockList()
  for (const entry of entries) {
    const [net = '', bits] = entry.split('/')
    const family = isIP(net) === 6 ? 'ipv6' : 'ipv4'
    if (
      bits !== undefined &&
      isIP(net) !== 0 &&
      /^\d{1,3}$/.test(bits) &&
      Number(bits) <= (family === 'ipv6' ? 128 : 32)
    )
      networks.addSubnet(net, Number(bits), family)
  }
  return (url) => {
    const host = url.hostname.replace(/^\[|\]$|\.$/g, '')
    const port = url.port || (url.protocol === 'https:' ? '443' : '80')
    const family = isIP(host)
    if (family !== 0 && networks.check(host, family === 6 ? 'ipv6' : 'ipv4')) return true
    return entries.some((entry) => {
      if (entry === '*') return true
      const [, bracketed, plain, wantedPort] = /^(?:\[([0-9a-f:]+)\]|(.*?))(?::(\d+))?$/.exec(entry) ?? []
      const bare = isIP(entry) === 6
      const name = (bare ? entry : (bracketed ?? plain ?? '')).replace(/^\*?\./, '').replace(/\.$/, '')
      if (name === '' || (!bare && wantedPort !== undefined && wantedPort !== port)) return false
      return host === name || (family === 0 && host.endsWith(`.${name}`))
    })
  }
}
