import type { Jobs } from '../storage/jobs.ts'
import type { Listings } from '../storage/listings.ts'
import type { Requests } from '../storage/requests.ts'
import type { Ecosystem, Parsed, PathOf } from './ecosystem.ts'
import { kindOf } from './kind.ts'

type Deps = {
  readonly requests: Requests
  readonly jobs: Jobs
  readonly listings: Listings
  readonly pathOf: PathOf
  /** Hours for which an answer is given again. */
  readonly hours: number
  readonly now?: () => number
}

/**
 * The same asked again: a ready job of the same target, which is still what it was, and canonical text, solved lately or exact, all of
 * which is still listed and on the disk. Null: it must be solved.
 */
export function createReuse({ requests, jobs, listings, pathOf, hours, now = Date.now }: Deps) {
  return async function reuse(
    ecosystem: Ecosystem,
    target: string,
    { roots, options }: Parsed,
  ): Promise<number | null> {
    if (ecosystem.renew) return null
    const known = ecosystem.targets.get(target)!
    const answered = await requests.answered({ ecosystem: ecosystem.name, target, roots, options, kind: kindOf(known) })
    if (!answered) return null
    const isOld = now() - Date.parse(answered.solvedAt) > hours * 3_600_000
    if (isOld && !ecosystem.exact?.(options)) return null
    const job = await jobs.get(answered.job)
    const closure = job && (await jobs.closure(job))
    if (!closure) return null
    const names = closure.items.map(({ artifact }) => artifact.name)
    const listed = await listings.listed(known.lane, names)
    const here = new Set(listed.map(({ artifact }) => `${artifact.sha256}/${artifact.file}`))
    const whole = closure.items.every(
      ({ artifact }) => here.has(`${artifact.sha256}/${artifact.file}`) && pathOf(artifact) !== null,
    )
    return whole ? answered.job : null
  }
}

export type Reuse = ReturnType<typeof createReuse>
