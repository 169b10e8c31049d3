/** apt on the real spine: state, queue, story, downloads and gateway, against an archive that the test runs. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import PQueue from 'p-queue'
import { createApt } from '../../server/apt/index.ts'
import type { AptHost } from '../../server/apt/host.ts'
import { withLocalArchives } from '../../server/apt/local.ts'
import { aptOrigins } from '../../server/apt/origins.ts'
import { aptTargets } from '../../server/apt/target.ts'
import { openChild, runChild } from '../../server/child.ts'
import type { AptTargetConfig } from '../../server/config.ts'
import type { Ecosystem } from '../../server/ecosystem.ts'
import { createFulfil } from '../../server/fulfil.ts'
import { createLanes } from '../../server/lanes.ts'
import { createQueue } from '../../server/queue.ts'
import { createUpstreamClient, type UpstreamClientDeps } from '../../server/upstream/client.ts'
import { createDownloads } from '../../server/upstream/download.ts'
import { createGateway } from '../../server/upstream/gateway.ts'
import { createPages } from '../../server/upstream/pages.ts'
import { createAptState } from '../../storage/apt.ts'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createJobs } from '../../storage/jobs.ts'
import { createListings } from '../../storage/listings.ts'
import { createRequests } from '../../storage/requests.ts'
import { createTree } from '../../storage/tree.ts'
import type { JsonObject, Request } from '../../storage/records.ts'
import { temporaryFolder } from '../support/folders.ts'

export type AptAirlock = Awaited<ReturnType<typeof startAptAirlock>>

const limits = { parallel: 4, perHost: 4, maxFile: 1 << 30, keepFree: 0 }

export type AptOptions = {
  /** By target's name; `status: none` and amd64 unless said otherwise. */
  readonly targets: Readonly<Record<string, Partial<AptTargetConfig>>>
  /** Where archives are, beside those that the targets name. */
  readonly now?: () => Date
  readonly host?: AptHost
  readonly folder?: string
  /** Whether the state outlives this Airlock, in its folder. */
  readonly database?: boolean
  readonly wrap?: (ecosystem: Ecosystem) => Ecosystem
  /** How the outside is asked, where it is not as usual. */
  readonly client?: Partial<Pick<UpstreamClientDeps, 'timeouts' | 'patience' | 'wait'>>
}

export async function startAptAirlock(
  t: TestContext,
  {
    targets: configured,
    now = () => new Date(),
    host,
    folder,
    database = false,
    wrap = (it) => it,
    client: more = {},
  }: AptOptions,
) {
  const base = folder ?? (await temporaryFolder(t))
  const root = join(base, 'root')
  await mkdir(root, { recursive: true })
  const knobs = Object.entries(configured).map(([name, given]): [string, AptTargetConfig] => [
    name,
    {
      architectures: ['amd64'],
      status: 'none',
      complete: true,
      updateAfter: 3600,
      recommends: true,
      ...given,
    },
  ])
  const targets = aptTargets(new Map(knobs), host ?? null, (path) => path)
  const db = await openDatabase(database ? join(base, 'state/airlock.db') : ':memory:')
  const events = createEvents(db)
  const jobs = createJobs(db, events, now)
  const requests = createRequests(db, events, now)
  const listings = createListings(db)
  const state = createAptState(db, now)
  const tree = createTree(root)
  const origins = aptOrigins(targets.values(), host ?? null)
  const sources = [...targets.values()].flatMap((target) => target.sources)
  const quick = { retries: 1, firstWait: 10, maxWait: 20 }
  const client = createUpstreamClient({ origins, patience: quick, ...more })
  const pages = createPages({ client, folder: join(base, 'state/cache/gateway') })
  const downloads = createDownloads({
    client: { open: withLocalArchives(sources, client.open) },
    root,
    limits,
    patience: more.patience ?? quick,
    ...(more.wait && { wait: more.wait }),
  })
  const gateway = createGateway({ port: 0, onError: (error) => t.diagnostic(`gateway: ${String(error)}`) })
  await gateway.listen()
  const stopping = new AbortController()
  const apt = await createApt({
    targets,
    outside: { page: pages.get },
    listings,
    state,
    pathOf: downloads.pathOf,
    waiting: jobs,
    gatewayUrl: () => gateway.url,
    run: runChild,
    openChild,
    now,
    folders: {
      cache: join(base, 'state/cache/apt'),
      key: join(base, 'state/keys/apt.asc'),
      work: join(base, 'state/work'),
    },
    stopping: stopping.signal,
    patience: [10],
  })
  gateway.proxy(apt.proxy)
  const ecosystem = wrap(apt.ecosystem)
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: { err?: Error }) => t.diagnostic(String(fields.err?.stack)),
  } as never
  const fulfil = createFulfil({
    ecosystems: new Map([['apt', ecosystem]]),
    jobs,
    requests,
    downloads,
    tree,
    lanes: createLanes(),
    solves: new PQueue({ concurrency: 2 }),
    weigh: () => Promise.resolve(),
    stopping: stopping.signal,
    log,
  })
  const queue = createQueue({ jobs, requests, fulfil, log, passingInterval: 0.05 })
  const stop = async () => {
    if (stopping.signal.aborted) return
    stopping.abort(new Error('the test is over'))
    await queue.stop()
    await gateway.close()
    client.close()
    await db.destroy()
  }
  t.after(stop)

  async function settled(request: { readonly id: number }): Promise<Request> {
    await queue.settled((await requests.get(request.id))!.job.id)
    return (await requests.get(request.id))!
  }

  async function submit(target: string, roots: readonly string[], options: JsonObject): Promise<Request> {
    const wanted = { ecosystem: 'apt', targets: [target], asked: roots, roots, options, requester: null, note: null }
    const [request] = await requests.add(wanted)
    queue.submit(request!.job)
    return request!
  }

  return {
    root,
    folder: base,
    apt,
    ecosystem,
    state,
    jobs,
    queue,
    requests,
    listings,
    tree,
    db,
    downloads,
    gateway,
    targets,
    submit,
    settled,
    stop,
    /** Asks for packages of the target `default`, or of another one, and waits for the end. */
    async ask(lines: string | readonly string[], target = 'default', options: JsonObject = {}): Promise<Request> {
      const { roots } = ecosystem.parse([lines].flat())
      return settled(await submit(target, roots, options))
    },
  }
}
