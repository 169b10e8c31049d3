/**
 * Which addresses count as public, and a DNS lookup that connects to no others. A host that an upstream page merely
 * links to may resolve to anything; checked at connect time, a second answer (rebinding) is checked as well.
 */
import { lookup as systemLookup } from 'node:dns/promises'
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { callbackify } from 'node:util'
import type { LookupAddress, LookupOptions } from 'node:dns'

/** All addresses of a host; rejects like `dns.lookup`. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>

/** The code of the error that a lookup ends with when an address is not public. */
export const notPublicCode = 'ERR_ADDRESS_NOT_PUBLIC'

// IANA's special-purpose registries: everything that is not globally reachable, or is only a wrapping of another address
const special4 = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // public on paper, but a cloud's own metadata service answers there
  ['168.63.129.16', 32],
] as const)
  special4.addSubnet(net, bits, 'ipv4')

const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')
const special6 = new BlockList()
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  special6.addSubnet(net, bits, 'ipv6')

// what carries an IPv4 address in its last 32 bits: mapped, and the well-known NAT64 prefix
const carriers = new BlockList()
carriers.addSubnet('::ffff:0:0', 96, 'ipv6')
carriers.addSubnet('64:ff9b::', 96, 'ipv6')

/** Whether an IP address in text form is one of the open internet. Anything else, and anything odd, is not. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special4.check(address, 'ipv4')
  if (!isIPv6(address) || address.includes('%')) return false
  // asked of the canonical spelling, since ours may carry dotted decimals
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  if (carriers.check(canonical, 'ipv6')) return isPublicAddress(lastFourBytes(canonical))
  return global6.check(canonical, 'ipv6') && !special6.check(canonical, 'ipv6')
}

function lastFourBytes(canonical: string): string {
  const groups = canonical.split(':').slice(-2)
  const value = groups.map((group) => Number.parseInt(group || '0', 16))
  return value.flatMap((group) => [group >> 8, group & 255]).join('.')
}

/** What `net.connect` takes as `lookup`. */
export type Lookup = (
  host: string,
  options: LookupOptions,
  callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void

/** Remembers a host's addresses for a short while and shares a question under way; failures are not remembered. */
export function createResolve(
  resolve: Resolve = (host) => systemLookup(host, { all: true, order: 'verbatim' }),
  seconds = 30,
): Resolve {
  const answers = new Map<string, { readonly addresses: Promise<readonly LookupAddress[]>; readonly until: number }>()
  return (host) => {
    const known = answers.get(host)
    if (known !== undefined && performance.now() < known.until) return known.addresses
    if (answers.size >= 1000) answers.clear()
    const addresses = resolve(host)
    const entry = { addresses, until: performance.now() + seconds * 1000 }
    answers.set(host, entry)
    addresses.catch(() => {
      if (answers.get(host) === entry) answers.delete(host)
    })
    return addresses
  }
}

/** A lookup for sockets; with `publicOnly` it fails unless every address of the host is public. */
export function createLookup(resolve: Resolve, publicOnly: boolean): Lookup {
  const find = callbackify(async (host: string, family: LookupOptions['family']): Promise<LookupAddress[]> => {
    const found = await resolve(host)
    if (publicOnly && !found.every(({ address }) => isPublicAddress(address)))
      throw coded(notPublicCode, `${host} has an address that is not public`)
    const fitting = found.filter((one) => (family !== 4 && family !== 6) || one.family === family)
    if (fitting.length === 0) throw coded('ENOTFOUND', `${host} has no address`)
    return fitting
  })
  return (host, options, callback) =>
    find(host, options.family, (error, found) => {
      const first = found?.[0]
      if (first === undefined) callback(error, [])
      else if (options.all === true) callback(null, found)
      else callback(null, first.address, first.family)
    })
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
