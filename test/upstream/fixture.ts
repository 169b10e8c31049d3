/** What upstream's tests share: a client that is impatient and does not really wait. */
import type { TestContext } from 'node:test'
import {
  createUpstreamClient,
  type Ask,
  type UpstreamClient,
  type UpstreamClientDeps,
} from '../../server/upstream/client.ts'
import type { Timeouts } from '../../server/upstream/exchange.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

/** Long enough for a machine that has much else to do, where an upstream without fault answers all the same. */
export const quick: Timeouts = {
  lookup: 1000,
  connect: 1000,
  secureConnect: 1000,
  response: 1000,
  idle: 750,
  window: 1000,
  minRate: 2000,
}

export const never = new AbortController().signal

/** A question to a configured upstream. */
export const asking = (url: string, more: Partial<Ask> = {}): Ask => ({
  url,
  maxBytes: 1 << 20,
  signal: never,
  trust: 'configured',
  ...more,
})

export type Outside = {
  readonly upstream: Upstream
  readonly client: UpstreamClient
  /** The waits between tries, in ms; none of them was really waited for. */
  readonly waits: number[]
}

/** An upstream and a client that may ask it, both gone when the test ends. */
export async function outside(t: TestContext, deps: Partial<UpstreamClientDeps> = {}): Promise<Outside> {
  const upstream = await startUpstream()
  const waits: number[] = []
  const client = createUpstreamClient({
    origins: [{ name: 'default', url: `${upstream.url}/simple/` }],
    timeouts: quick,
    wait: async (ms) => void waits.push(ms),
    ...deps,
  })
  t.after(async () => {
    client.close()
    await upstream.close()
  })
  return { upstream, client, waits }
}

/** The code of the AirlockError that a promise rejects with; fails on any other outcome. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await errorOf(promise)).code
}

export async function errorOf(
  promise: Promise<unknown>,
): Promise<Error & { code: string; fields: Record<string, unknown> }> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) throw new Error(`it succeeded: ${JSON.stringify(outcome.value)}`)
  if ((outcome.error as Error).name !== 'AirlockError' && (outcome.error as Error).name !== 'UpstreamFault')
    throw outcome.error
  return outcome.error as Awaited<ReturnType<typeof errorOf>>
}
