/**
 * Whom Airlock may ask. The configured upstreams' scheme, host and port, at any address; and, for a URL that an allowed
 * index's own page names, https on port 443 of any other named host, whose addresses are then checked at connect time.
 */
import { isIP } from 'node:net'
import type { Phrase } from '../errors.ts'
import type { UpstreamOrigin } from './origins.ts'
import { refusal } from './faults.ts'
import { refused } from './reasons.ts'

/** `linked`: the URL came from a link of an allowed index, so its host may also be any public https host. */
export type Trust = 'configured' | 'linked'

/** What a URL was allowed as: `linked` must be connected to at public addresses only. */
export type Verdict = { readonly url: URL; readonly as: Trust }

/** Parses and judges. Throws `upstream-host-refused` with the reason; the URL it returns has no userinfo. */
export type Judge = (text: string, trust: Trust, base?: URL) => Verdict

// names that the internet's DNS never answers, but an office's, a cloud's or a forward proxy's might
const localNames =
  /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|private|corp|home|lan|arpa|onion|invalid|test)$/

export function createJudge(origins: readonly UpstreamOrigin[]): Judge {
  const sites = new Set(origins.map(({ url }) => new URL(url).origin))
  return (text, trust, base) => {
    const url = URL.parse(text, base)
    if (url === null) throw refusal('?', refused.notUrl)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refusal(url.host || url.protocol, refused.scheme)
    const carriesUser = url.username !== '' || url.password !== ''
    url.username = ''
    url.password = ''
    url.hash = ''
    if (sites.has(url.origin)) return { url, as: 'configured' }
    const reason = trust === 'linked' ? reasonAgainst(url, carriesUser) : refused.notConfigured
    if (reason !== null) throw refusal(url.host, reason)
    return { url, as: 'linked' }
  }
}

function reasonAgainst(url: URL, carriesUser: boolean): Phrase | null {
  const host = url.hostname
  if (carriesUser) return refused.user
  if (url.protocol !== 'https:' || url.port !== '') return refused.port
  if (host.startsWith('[') || isIP(host) !== 0) return refused.literal
  if (host.endsWith('.') || !host.includes('.') || localNames.test(host)) return refused.local
  if (!/^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/.test(host))
    return refused.malformed
  return null
}
