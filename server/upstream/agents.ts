/** Sockets to upstreams: kept alive, noDelay, one TLS context, public addresses only where that was the verdict. */
import http from 'node:http'
import https from 'node:https'
import tls from 'node:tls'
import { createLookup, createResolve, type Resolve } from './addresses.ts'
import type { Verdict } from './hosts.ts'
import type { ProxyRule } from './proxy.ts'

export type AgentPair = { readonly http: http.Agent; readonly https: https.Agent }

export type Agents = {
  /** The agents for a judged URL. Behind a proxy no address can be checked: the proxy is who connects. */
  for(verdict: Verdict, proxy: ProxyRule): AgentPair
  /** Reads the certificates, a fifth of a second, while nobody waits for them yet. */
  prepare(): void
  close(): void
}

/** `connectTimeout` (ms) bounds the wait for a proxy's tunnel; `extraCa` are PEM certificates to trust as well. */
export function createAgents(deps: {
  readonly extraCa: readonly string[]
  readonly connectTimeout: number
  readonly resolve?: Resolve | undefined
}): Agents {
  const resolve = createResolve(deps.resolve)
  // parsing some 150 certificates takes longer than a request, so once
  const context = once(() => tls.createSecureContext({ ca: trusted(deps.extraCa) }))

  const pair = (options: http.AgentOptions): AgentPair => {
    const kept = { keepAlive: true, maxFreeSockets: 64, noDelay: true, ...options }
    const secure = new https.Agent(kept)
    Object.defineProperty(secure.options, 'secureContext', { get: context, enumerable: true })
    return { http: new http.Agent(kept), https: secure }
  }
  const direct = pair({ lookup: createLookup(resolve, false) })
  const publicOnly = pair({ lookup: createLookup(resolve, true) })
  const proxied = new Map<ProxyRule, AgentPair>()
  const through = (proxy: ProxyRule): AgentPair =>
    pair({
      timeout: deps.connectTimeout,
      // what NO_PROXY excludes is decided before: one judge, not two that could disagree
      proxyEnv: {
        ...(proxy.http && { HTTP_PROXY: proxy.http }),
        ...(proxy.https && { HTTPS_PROXY: proxy.https }),
      },
    })
  return {
    for({ url, as }, proxy) {
      if (proxy.uses(url)) return proxied.getOrInsertComputed(proxy, through)
      return as === 'linked' ? publicOnly : direct
    },
    prepare: () => void context(),
    close() {
      for (const agents of [direct, publicOnly, ...proxied.values()]) {
        agents.http.destroy()
        agents.https.destroy()
      }
    },
  }
}

/** Node's own certificates (NODE_EXTRA_CA_CERTS among them), this machine's, and the extra ones. */
export function trusted(extra: readonly string[]): string[] {
  return [...new Set([...tls.getCACertificates('default'), ...tls.getCACertificates('system'), ...extra])]
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}
