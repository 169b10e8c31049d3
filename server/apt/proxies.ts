/** Through which proxy this machine's apt goes to a host: apt.conf(5), `Acquire::http::Proxy` and its kin. */

/** `http::proxy`, `https::proxy::archive.example`, …, in lower case -> as written. */
export type AptProxies = ReadonlyMap<string, string>

/** From apt-config's dump. */
export function readProxies(settings: readonly (readonly [name: string, value: string])[]): AptProxies {
  return new Map(
    settings.flatMap(([name, value]) => {
      const key = /^acquire::(https?::proxy(?:::.+)?)$/.exec(name.toLowerCase())?.[1]
      return key === undefined || value === '' ? [] : [[key, value]]
    }),
  )
}

/**
 * As apt chooses: a host's own before the general one, and for https what http has where it has none itself. Null: none,
 * for DIRECT and for whatever else is no URL; undefined: the environment's, as for a SOCKS proxy, which apt alone could use.
 */
export function proxyFor(proxies: AptProxies, url: URL): string | null | undefined {
  const schemes = url.protocol === 'https:' ? ['https', 'http'] : ['http']
  const keys = [`proxy::${url.hostname}`, 'proxy'].flatMap((name) => schemes.map((scheme) => `${scheme}::${name}`))
  const chosen = keys.map((key) => proxies.get(key)).find((value) => value !== undefined)
  if (chosen === undefined || /^https?:\/\/[^/]/i.test(chosen)) return chosen
  return chosen.includes('://') ? undefined : null
}
