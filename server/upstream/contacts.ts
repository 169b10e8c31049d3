/** When each upstream last answered or failed to, since the start: what tells people whether to wait or to worry. */
import { AirlockError } from '../errors.ts'
import { UpstreamFault } from './faults.ts'
import type { Ask, UpstreamClient, UpstreamOrigin } from './client.ts'
import { createNearest } from './origins.ts'

export type Contact = { readonly at: string; readonly ok: boolean }

/** The client, watched. `last` has an entry an origin's name, null before the first contact. */
export function watchContacts(client: UpstreamClient, origins: readonly UpstreamOrigin[], now: () => Date) {
  const nameOf = createNearest(origins.map(({ name, url }) => [new URL(url), name] as const))
  const last = new Map<string, Contact | null>(origins.map(({ name }) => [name, null]))

  async function watch<T extends { readonly status: number }>(ask: Ask, answer: Promise<T>): Promise<T> {
    const url = URL.parse(ask.url)
    const name = url === null ? undefined : nameOf(url)
    const note = (ok: boolean) => name !== undefined && last.set(name, { at: now().toISOString(), ok })
    try {
      const { status } = await answer
      // a page that is not there is an answer too
      note(status < 500)
    } catch (error) {
      if (!ask.signal.aborted && isFailure(error)) note(false)
    }
    return answer
  }

  return {
    client: {
      open: (ask) => watch(ask, client.open(ask)),
      fetch: (ask) => watch(ask, client.fetch(ask)),
      prepare: () => client.prepare(),
      close: () => client.close(),
    } satisfies UpstreamClient,
    last: (): ReadonlyMap<string, Contact | null> => last,
  }
}

/** It could not be reached, or is not well: a status that did not pass. */
function isFailure(error: unknown): boolean {
  return error instanceof UpstreamFault || (error instanceof AirlockError && error.code === 'upstream-status')
}
