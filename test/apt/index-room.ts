/**
 * The room that meets an archive's index: client, pages, gateway and a real apt-get in a private root. Its answer is a
 * solve, so that a fault which only a solve sees is met too.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { runChild, type RunChild } from '../../server/child.ts'
import * as honest from './rooms.ts'
import { temporaryFolder } from '../support/folders.ts'
import { sha256 } from '../support/records.ts'
import { startUpstream } from '../support/upstream.ts'
import { never, quick } from '../upstream/fixture.ts'
import { sourcesOf } from './suite.ts'

/** Bytes of one file: small, so that a file without end is at its end soon. */
const limits = { release: 100_000, index: 2 << 20 }

export type IndexRoom = Awaited<ReturnType<typeof openIndexRoom>>

/** `rooms`: the server's own, or some with a check cut out. */
export async function openIndexRoom(t: TestContext, rooms: typeof honest = honest) {
  // hooks run in the order of their making: nothing may still write when the folder goes
  let close = () => Promise.resolve()
  t.after(() => close())
  const upstream = await startUpstream()
  const folder = await temporaryFolder(t)
  const target = rooms
    .aptTargets(
      new Map([
        [
          'default',
          {
            architectures: ['amd64'],
            status: 'none',
            complete: true,
            updateAfter: 3600,
            recommends: true,
            sources: sourcesOf(`${upstream.url}/`),
          },
        ],
      ]),
      null,
      (path) => path,
    )
    .get('default')!
  const waits: number[] = []
  const client = rooms.createUpstreamClient({
    origins: rooms.aptOrigins([target], null),
    timeouts: quick,
    patience: { retries: 1 },
    wait: async (ms) => void waits.push(ms),
  })
  const pages = rooms.createPages({ client, folder: join(folder, 'pages') })
  const gateway = rooms.createGateway({ port: 0, onError: (error) => t.diagnostic(`gateway: ${String(error)}`) })
  gateway.proxy(rooms.createAptGateway({ outside: { page: pages.get }, sources: () => target.sources, limits }))
  await gateway.listen()
  let updates = 0
  let beforeUpdate: (count: number) => void = () => {}
  const run: RunChild = (command, args, options) => {
    if (args.includes('update')) beforeUpdate(++updates)
    return runChild(command, args, options)
  }
  const root = await rooms.createRoot(target, { folder: join(folder, 'apt'), run, proxy: () => gateway.url })
  const stopping = new AbortController()
  const snapshots = rooms.createSnapshots({
    root,
    target,
    now: () => new Date(),
    patience: [10],
    stopping: stopping.signal,
  })
  const solutions = rooms.createSolutions({
    target,
    snapshots,
    catalog: rooms.createCatalog(snapshots),
    ask: rooms.createSolver(snapshots, target),
    state: { roots: () => Promise.resolve([]), stanzas: () => Promise.resolve([]) },
    generation: () => Promise.resolve(0),
  })
  close = async () => {
    stopping.abort()
    await gateway.close()
    client.close()
    await pages.settled()
    await upstream.close()
  }

  return {
    upstream,
    waits,
    /** How often apt-get was told to update since the last time this was asked. */
    updates(): number {
      const count = updates
      updates = 0
      return count
    },
    /** Told of the first, second, … update of those counted. */
    onUpdate: (told: (count: number) => void) => void (beforeUpdate = told),
    /** What apt is told. */
    configuration: () => readFile(join(root.folder, 'apt.conf'), 'utf8'),
    /** An update alone. */
    async read(): Promise<void> {
      await snapshots.use({ refresh: true, signal: never }, () => Promise.resolve())
    },
    /** What is needed for `aa`, as `name version`; the archive is asked first. */
    async solve(): Promise<string[]> {
      const wish = { roots: ['aa'], withdrawn: [], refresh: true, guests: [] }
      const { packages } = await solutions.solve(wish, never)
      return packages.map(({ name, version }) => `${name} ${version}`)
    },
    /** Every list of every snapshot there is: path -> digest. What apt compiled of them is apt's own. */
    async lists(): Promise<Record<string, string>> {
      const top = join(folder, 'apt/snapshots')
      const entries = await readdir(top, { recursive: true, withFileTypes: true })
      const paths = entries
        .filter((entry) => entry.isFile() && entry.name !== 'lock' && !entry.parentPath.includes('/cache'))
        .map((entry) => join(entry.parentPath, entry.name).slice(top.length))
        .toSorted()
      return Object.fromEntries(
        await Promise.all(paths.map(async (path) => [path, sha256(await readFile(join(top, path)))] as const)),
      )
    },
  }
}
