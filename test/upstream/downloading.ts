/** What the tests of downloads share: a root, an upstream that serves what is to be fetched, and downloads between them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Artifact } from '../../storage/records.ts'
import { createDownloads, type DownloadDeps } from '../../server/upstream/download.ts'
import { artifact, sha256 } from '../support/records.ts'
import { file, type Answer, type Upstream } from '../support/upstream.ts'
import { outside, quick } from './fixture.ts'

export const etag = '"1"'

export type More = {
  readonly idle?: number
  readonly limits?: Partial<DownloadDeps['limits']>
  readonly statfs?: DownloadDeps['statfs']
}

export async function setUp(t: TestContext, more: More = {}) {
  const { client, upstream } = await outside(t, {
    timeouts: { ...quick, idle: more.idle ?? quick.idle, window: more.idle ?? quick.window },
  })
  const root = await mkdtemp(join(tmpdir(), 'airlock-test-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const make = () =>
    createDownloads({
      client,
      root,
      limits: { parallel: 4, perHost: 4, maxFile: 1 << 30, keepFree: 0, ...more.limits },
      wait: async () => {},
      ...(more.statfs && { statfs: more.statfs }),
    })
  return { upstream, root, make, downloads: make() }
}

export function served(upstream: Upstream, name: string, bytes: Buffer, ...answers: readonly Answer[]): Artifact {
  upstream.on(`/${name}`, ...answers, file(bytes, { etag }))
  return artifact(name, { sha256: sha256(bytes), size: bytes.length, url: `${upstream.url}/${name}` })
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await turn()
}
