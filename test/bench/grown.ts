/**
 * A server's folders as they are after years of requests: so many projects of one wheel each, a hundred a request, the
 * default target's index listing them all. Rows come from the storage's own functions and pages from the publication's;
 * only the files are written by a shorter way, without temporary names and syncs.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { TreeFile } from '../../server/ecosystem.ts'
import { createPublication } from '../../server/pip/publication.ts'
import type { Metadata } from '../../server/pip/metadata.ts'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createJobs } from '../../storage/jobs.ts'
import { inTree, poolPath, statePaths, urlPath } from '../../storage/layout.ts'
import { createListings } from '../../storage/listings.ts'
import type { Artifact } from '../../storage/records.ts'
import { createRequests } from '../../storage/requests.ts'
import { makeWheel, type MadeWheel } from '../support/wheels.ts'

const lane = 'pip/simple'
const each = 100

/** The project at a place, in a version. */
export function wheelOf(at: number, version = '1.0'): MadeWheel {
  return makeWheel({ name: nameOf(at), version, summary: 'One of many', method: 'stored' })
}

export function nameOf(at: number): string {
  return `project-${String(at).padStart(6, '0')}`
}

/** Fills the folders of a server that has run before and is stopped. `upstream`: where the wheels came from. */
export async function grow(
  { root, state, upstream }: { readonly root: string; readonly state: string; readonly upstream: string },
  count: number,
): Promise<void> {
  const db = await openDatabase(statePaths(state).database)
  const now = () => new Date()
  const events = createEvents(db)
  const jobs = createJobs(db, events, now)
  const requests = createRequests(db, events, now)
  const listings = createListings(db)
  const metadata = { wheel: () => Promise.reject(new Error('the pool is written here')) } as unknown as Metadata
  const publications = createPublication({ listings, metadata, materials: () => Promise.resolve([]) })

  try {
    for (let from = 0; from < count; from += each) {
      const wheels = Array.from({ length: Math.min(each, count - from) }, (_, at) => wheelOf(from + at))
      const artifacts = wheels.map((wheel) => artifactOf(wheel, upstream))
      const roots = artifacts.map(({ name }) => name)
      const who = { requester: null, note: null }
      const [request] = await requests.add({
        ecosystem: 'pip',
        targets: ['default'],
        asked: roots,
        roots,
        options: {},
        ...who,
      })
      const { job } = request!
      const items = artifacts.map((artifact) => ({ artifact, isRoot: true, neededBy: [] }))
      await jobs.keepClosure(job, lane, { items, remarks: [] })
      const picked = Object.fromEntries(artifacts.map(({ name, version }) => [name, version]))
      await jobs.intend(job, { lane, artifacts, neededBy: {}, remarks: [], picked })
      await jobs.finish(job, 'ready')
      for (const [at, { bytes, metadata: text }] of wheels.entries()) {
        const path = poolPath('pip', artifacts[at]!.sha256, artifacts[at]!.file)
        write(root, [
          { path, bytes },
          { path: `${path}.metadata`, bytes: text },
        ])
      }
      write(root, publications.requestFiles((await jobs.closure(job))!, request!))
    }
    for await (const publication of publications.indexes(lane)) write(root, publication.flat())
  } finally {
    await db.destroy()
  }
}

function artifactOf({ name, version, file, sha256, bytes, metadata }: MadeWheel, upstream: string): Artifact {
  return {
    ecosystem: 'pip',
    name,
    version,
    file,
    sha256,
    size: bytes.length,
    origin: 'default',
    url: new URL(urlPath(`files/${sha256.slice(0, 8)}/${file}`), upstream).href,
    uploadedAt: null,
    facts: {
      requiresPython: null,
      yanked: false,
      metadataSha256: createHash('sha256').update(metadata).digest('hex'),
      summary: 'One of many',
    },
  }
}

function write(root: string, files: readonly TreeFile[]): void {
  for (const file of files) {
    if (!('bytes' in file)) continue
    const path = inTree(root, file.path)
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    writeFileSync(path, file.bytes, { mode: 0o444 })
  }
}
