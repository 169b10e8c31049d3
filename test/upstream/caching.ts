/** What the tests of pages share: an upstream, a cache, and a clock that only the test moves. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { UpstreamClientDeps } from '../../server/upstream/client.ts'
import { createPages, type PageOptions, type Pages } from '../../server/upstream/pages.ts'
import { temporaryFolder } from '../support/folders.ts'
import { never, outside } from './fixture.ts'

export const html = { accept: 'text/html', maxBytes: 1000, signal: never } satisfies PageOptions

export async function cached(t: TestContext, deps: Partial<UpstreamClientDeps> = {}) {
  // hooks run in the order of their making: nothing may still write when the folder goes
  const { client, upstream } = await outside(t, deps)
  t.after(() => Promise.all(made.map((one) => one.settled())))
  const folder = await temporaryFolder(t)
  const clock = { now: Date.UTC(2026, 0, 1) }
  const errors: unknown[] = []
  const made: Pages[] = []
  const make = () => {
    const pages = createPages({ client, folder, now: () => clock.now, onError: (error) => errors.push(error) })
    made.push(pages)
    return pages
  }
  const pages = make()
  const url = `${upstream.url}/simple/a/`
  return {
    folder,
    upstream,
    pages,
    make,
    url,
    errors,
    /** As after a restart. */
    again: async () => {
      await pages.settled()
      return make()
    },
    pass: (seconds: number) => (clock.now += seconds * 1000),
    entry: async () => join(folder, (await readdir(folder))[0]!),
  }
}
