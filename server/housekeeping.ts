/** What goes by itself: what was fetched and not needed, pages nobody confirmed, files that no pod can need any more. */
import type { Jobs } from '../storage/jobs.ts'
import type { Listings } from '../storage/listings.ts'
import type { Tree } from '../storage/tree.ts'
import type { Ecosystem, Publication } from './ecosystem.ts'
import { AirlockError } from './errors.ts'
import type { Log } from './log.ts'

type Deps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly jobs: Jobs
  readonly listings: Listings
  readonly tree: Tree
  readonly log: Log
  /** Files of the tree that are there before anything was asked. */
  readonly standing: () => Publication
  /** Drops from `.incoming/` what is not needed: partial files at once, whole ones untouched since `before` (ms). */
  readonly sweepIncoming: (options: {
    readonly needed: ReadonlySet<string>
    readonly before: number
  }) => Promise<readonly string[]>
  /** Drops from there what nobody has wanted since `before` (ms), while others fetch. */
  readonly dropUnwanted: (options: {
    readonly needed: () => Promise<ReadonlySet<string>>
    readonly before: number
  }) => Promise<number>
  readonly sweepPages: () => Promise<number>
  /** Drops what only history needs: changes of state, and attempts that newer ones have taken the place of. */
  readonly forgetBefore: (instant: string) => Promise<number>
  /** How many days of that are kept. */
  readonly keepDays: number
  readonly now?: () => number
}

/** Whole files in `.incoming/` are kept for a retry this long, in ms. */
const keptFor = 86_400_000
const interval = 3_600_000

export function createHousekeeping({
  ecosystems,
  jobs,
  listings,
  tree,
  log,
  standing,
  sweepIncoming,
  dropUnwanted,
  sweepPages,
  forgetBefore,
  keepDays,
  now = Date.now,
}: Deps) {
  /** SHA-256 of what unfinished jobs have been told to fetch. */
  async function needed(): Promise<ReadonlySet<string>> {
    const digests = new Set<string>()
    for (const job of await jobs.unfinished())
      for (const { artifact } of (await jobs.closure(job))?.items ?? []) digests.add(artifact.sha256)
    return digests
  }

  async function drop(): Promise<void> {
    const unwanted = await dropUnwanted({ needed, before: now() - keptFor })
    if (unwanted > 0) log.info({ files: unwanted }, 'what was fetched and not needed is gone')
  }

  async function forget(): Promise<void> {
    const forgotten = await forgetBefore(new Date(now() - keepDays * 86_400_000).toISOString())
    if (forgotten > 0) log.info({ rows: forgotten }, 'old history is gone')
  }

  async function expire(ecosystem: Ecosystem): Promise<void> {
    const files = (await ecosystem.expire?.(tree.remove)) ?? 0
    if (files > 0) log.info({ ecosystem: ecosystem.name, files }, 'expired files are gone')
  }

  /** What cannot go keeps nothing else from going. */
  async function round(): Promise<void> {
    for (const step of [sweepPages, drop, forget, ...[...ecosystems.values()].map((one) => () => expire(one))])
      await step().catch((error: unknown) => log.error({ err: error }, 'housekeeping failed'))
  }

  /** What a full disk keeps from being there is there after the next start: pods have what is here meanwhile. */
  async function putThere(publication: Publication): Promise<void> {
    await tree.publish(publication).catch((error: unknown) => {
      if (!(error instanceof AirlockError) || error.code !== 'disk-full') throw error
      log.warn({ err: error }, 'the disk is full: what stands in the tree could not all be written')
    })
  }

  return {
    /** Before anything downloads or publishes. An index that nothing was asked of yet is there, and empty. */
    async atStart(): Promise<void> {
      await sweepIncoming({ needed: await needed(), before: now() - keptFor })
      await putThere(standing())
      for (const ecosystem of ecosystems.values()) {
        for (const lane of new Set([...ecosystem.targets.values()].map((target) => target.lane))) {
          if ((await listings.generation(lane)) > 0) continue
          for await (const publication of ecosystem.indexes(lane)) await putThere(publication)
        }
      }
    },

    round,

    /** A round now and every hour, until the returned function is called. */
    begin(): () => void {
      void round()
      const timer = setInterval(() => void round(), interval).unref()
      return () => clearInterval(timer)
    },
  }
}

export type Housekeeping = ReturnType<typeof createHousekeeping>
