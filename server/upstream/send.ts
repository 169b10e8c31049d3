/**
 * What Airlock itself has to say to the outside: a POST to a hook that the configuration names, at any address. Invariant: no
 * other site is written to, a redirect is not followed, and what fails names the host and nothing else of the address.
 */
import type { Resolve } from './addresses.ts'
import { createAgents } from './agents.ts'
import { watched } from './body.ts'
import { defaultTimeouts, exchange, type Timeouts } from './exchange.ts'
import { UpstreamFault } from './faults.ts'
import { createJudge } from './hosts.ts'
import { readProxyEnv, type ProxyEnv } from './proxy.ts'

export type Message = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/** Throws UpstreamFault, `upstream-host-refused` or the signal's reason; any status is an answer, of which 64 KB are read. */
export type Send = (message: Message) => Promise<{ readonly status: number; readonly body: Buffer }>

type Deps = {
  /** The hooks' addresses. */
  readonly urls: readonly string[]
  readonly proxyEnv?: ProxyEnv
  readonly extraCa?: readonly string[]
  readonly timeouts?: Partial<Timeouts>
  readonly resolve?: Resolve
}

const maxAnswer = 65_536

export function createSender(deps: Deps): { readonly send: Send; close(): void } {
  const timeouts = { ...defaultTimeouts, response: 15_000, idle: 10_000, ...deps.timeouts }
  const judge = createJudge(deps.urls.map((url) => ({ name: 'notify', url })))
  const proxy = readProxyEnv(deps.proxyEnv ?? {})
  const agents = createAgents({
    extraCa: deps.extraCa ?? [],
    connectTimeout: timeouts.lookup + timeouts.connect,
    resolve: deps.resolve,
  })

  return {
    async send({ url: given, headers, body, signal }) {
      const verdict = judge(given, 'configured')
      const { url } = verdict
      try {
        const head = await exchange({
          url,
          method: 'POST',
          body: Buffer.from(body),
          headers,
          agents: agents.for(verdict, proxy),
          timeouts,
          signal,
        })
        const parts: Buffer[] = []
        const watch = { url, length: head.length, maxBytes: maxAnswer, pace: timeouts, signal }
        for await (const part of watched(head.stream, watch)) parts.push(part)
        return { status: head.status, body: Buffer.concat(parts) }
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof UpstreamFault) throw error
        // the other errors name the path, which is a secret here
        throw new UpstreamFault(url.host, { en: 'its answer is not one', zh: '应答无效' })
      }
    },
    close: () => agents.close(),
  }
}
