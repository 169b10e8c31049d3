/** What an admin can ask for at any time, with the server running or without: every index again, every byte again. */
import type { Jobs } from '../storage/jobs.ts'
import type { Listings } from '../storage/listings.ts'
import type { Requests } from '../storage/requests.ts'
import type { Tree } from '../storage/tree.ts'
import type { Verify } from '../storage/verify.ts'
import type { Job } from '../storage/records.ts'
import type { Ecosystem, Publication, Target } from './ecosystem.ts'
import type { Lanes } from './lanes.ts'

type Deps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly jobs: Jobs
  readonly requests: Requests
  readonly listings: Listings
  readonly tree: Tree
  readonly lanes: Lanes
  /** Files of the tree that are there before anything was asked. */
  readonly standing: () => Publication
  readonly verify: Verify
  readonly stopping: AbortSignal
}

export type Report = { checked: number; written: number; damaged: string[]; unknown: string[] }

export function createMaintenance({
  ecosystems,
  jobs,
  requests,
  listings,
  tree,
  lanes,
  standing,
  verify,
  stopping,
}: Deps) {
  async function carryOut(ecosystem: Ecosystem, target: Target, job: Job): Promise<number> {
    const closure = (await jobs.closure(job))!
    return tree.publish(await ecosystem.publication(job, target, closure, await requests.askers(job.id)))
  }

  return {
    /**
     * Writes every index and request folder again from the state; what is right already is left alone. What was decided and
     * not carried out comes first: an index names its files.
     */
    async rebuild(): Promise<Report> {
      const decided = (await jobs.unfinished()).filter(({ state }) => state === 'publishing')
      const fixed = standing()
      let checked = fixed.flat().length
      let written = await tree.publish(fixed)
      for (const ecosystem of ecosystems.values()) {
        const lanesHere = new Set([
          ...(await listings.lanes()),
          ...[...ecosystem.targets.values()].map((target) => target.lane),
        ])
        for (const lane of [...lanesHere].filter((name) => name.startsWith(`${ecosystem.name}/`))) {
          await lanes.enter(lane, stopping, async () => {
            for (const job of decided) {
              const target = ecosystem.targets.get(job.target)
              if (job.ecosystem !== ecosystem.name || target?.lane !== lane) continue
              written += await carryOut(ecosystem, target, job)
            }
            for await (const publication of ecosystem.indexes(lane)) {
              checked += publication.flat().length
              written += await tree.publish(publication)
            }
          })
        }
      }
      for (const job of await jobs.ready()) {
        const ecosystem = ecosystems.get(job.ecosystem)
        const askers = await requests.askers(job.id)
        // an attempt that a newer one has replaced has no folder, and may be forgotten meanwhile
        if (!ecosystem || askers.length === 0) continue
        // also of a target that is there no longer: what it has published stays
        const closure = (await jobs.closure(job))!
        const files = askers.flatMap((asker) => ecosystem.requestFiles(job, closure, asker))
        checked += files.length
        written += await tree.publish([files])
      }
      return { checked, written, damaged: [], unknown: [] }
    },

    /** Hashes every listed file; names damaged ones and those that nothing lists. Changes nothing. */
    async verify(): Promise<Report> {
      const { checked, damaged, unknown } = await verify([...ecosystems.keys()], stopping)
      return { checked, written: 0, damaged: [...damaged], unknown: [...unknown] }
    },
  }
}

export type Maintenance = ReturnType<typeof createMaintenance>
