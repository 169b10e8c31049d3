/** The smallest ecosystem: `a` needs nothing, `a>b` needs b. Its artifacts' bytes are their names; its index is one text file. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import PQueue from 'p-queue'
import { createFulfil } from '../../server/fulfil.ts'
import { createLanes } from '../../server/lanes.ts'
import { createQueue } from '../../server/queue.ts'
import type { Ecosystem } from '../../server/ecosystem.ts'
import { openDatabase, type Database } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createJobs } from '../../storage/jobs.ts'
import { incomingPath, poolPath } from '../../storage/layout.ts'
import { createListings } from '../../storage/listings.ts'
import { createRequests } from '../../storage/requests.ts'
import { createTree, type Tree } from '../../storage/tree.ts'
import type { Artifact } from '../../storage/records.ts'
import { artifact, closureOf } from './records.ts'

export type ToyHooks = {
  /** Before each step; throw to fail it, wait to hold it. */
  readonly before?: (
    step: 'solve' | 'download' | 'stage' | 'prove' | 'close' | 'publish',
    job: number,
  ) => Promise<void> | void
  readonly tree?: (tree: Tree) => Tree
  /** Under which name it goes; `toy` where the contract does not care. */
  readonly name?: string
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** The whole spine around the toy, on a folder and a database that may be those of an earlier one. */
export async function toyAirlock(
  root: string,
  { before, name = 'toy', tree: wrap = (tree) => tree }: ToyHooks = {},
  database?: Database,
) {
  const db = database ?? (await openDatabase(':memory:'))
  const now = () => new Date()
  const events = createEvents(db)
  const requests = createRequests(db, events, now)
  const jobs = createJobs(db, events, now)
  const listings = createListings(db)
  const solved: number[] = []
  const fetched: string[] = []
  const target = { name: 'default', lane: 'toy/simple', summary: 'a toy', source: 'the test', facts: {} }
  const ecosystem: Ecosystem = {
    name,
    targets: new Map([['default', target]]),
    parse: (lines) => ({ roots: [...lines].toSorted(), options: {} }),
    parseFile: (text) => ({ roots: text.trim().split('\n').toSorted(), options: {}, lines: text.trim().split('\n') }),
    installLine: (roots) => `toy install ${roots.join(' ')}`,
    async solve(job) {
      await before?.('solve', job.id)
      solved.push(job.id)
      return closureOf(...job.roots.flatMap((root) => root.split('>').map((name) => artifact(`${name}-1`))))
    },
    async stage(job, { lane }, closure) {
      await before?.('stage', job.id)
      return {
        generation: await listings.generation(lane),
        artifacts: closure.items.map((item) => item.artifact),
        neededBy: Object.fromEntries(closure.items.map((item) => [item.artifact.name, item.neededBy])),
        remarks: [],
        close: async () => before?.('close', job.id),
      }
    },
    async prove(job, _, stage) {
      await before?.('prove', job.id)
      return { picked: Object.fromEntries(stage.artifacts.map(({ name, version }) => [name, version])) }
    },
    async publication(job, { lane }, closure) {
      await before?.('publish', job.id)
      const index = (await listings.listed(lane)).map(({ artifact: { file } }) => file).join('\n')
      return [
        closure.items.map(({ artifact }) => ({ path: poolPath('toy', artifact.sha256, artifact.file), artifact })),
        [{ path: `${lane}/index.html`, bytes: Buffer.from(index) }],
      ]
    },
    requestFiles: () => [],
    async *indexes() {},
  }
  const downloads = {
    async fetch(artifacts: readonly Artifact[], { signal }: { signal: AbortSignal }) {
      for (const { sha256, file } of artifacts) {
        await before?.('download', 0)
        signal.throwIfAborted()
        const path = join(root, incomingPath(sha256, file))
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, file)
        fetched.push(file)
      }
    },
    has: () => false,
    pathOf: () => null,
  }
  const stopping = new AbortController()
  const fulfil = createFulfil({
    ecosystems: new Map([[name, ecosystem]]),
    jobs,
    requests,
    downloads,
    tree: wrap(createTree(root)),
    lanes: createLanes(),
    solves: new PQueue({ concurrency: 2 }),
    weigh: () => Promise.resolve(),
    stopping: stopping.signal,
    log: silent,
  })
  const queue = createQueue({ jobs, requests, fulfil, log: silent, passingInterval: 0.02 })

  return {
    db,
    events,
    requests,
    jobs,
    listings,
    queue,
    ecosystem,
    solved,
    fetched,
    async ask(...roots: readonly string[]) {
      const [request] = await requests.add({
        ecosystem: name,
        targets: ['default'],
        asked: roots,
        roots,
        options: {},
        requester: null,
        note: null,
      })
      queue.submit(request!.job)
      return request!
    },
    async settled(request: { readonly id: number }) {
      await queue.settled((await requests.get(request.id))!.job.id)
      return (await requests.get(request.id))!
    },
    async stop() {
      stopping.abort(new Error('stops'))
      await queue.stop()
    },
  }
}
