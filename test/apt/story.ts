/** The story as it renews: until the spine does it itself, an ecosystem around an ecosystem. */
import type { Ecosystem, Stage } from '../../server/ecosystem.ts'
import { AirlockError } from '../../server/errors.ts'
import type { Downloads } from '../../server/upstream/download.ts'
import type { Jobs } from '../../storage/jobs.ts'
import type { Closure, Job } from '../../storage/records.ts'

export function renewing(ecosystem: Ecosystem, jobs: Jobs, downloads: Downloads) {
  const dropped = new Map<number, readonly string[]>()
  const lacks = (error: unknown) =>
    error instanceof AirlockError &&
    (error.code === 'size-mismatch' || (error.code === 'upstream-status' && error.fields['status'] === 404))

  const wrapped: Ecosystem = {
    ...ecosystem,
    async stage(job, target, closure, signal): Promise<Stage> {
      const absent = closure.items.some(({ artifact }) => !downloads.has(artifact))
      const newer: Closure | null = (await ecosystem.renew?.(job, target, absent, signal)) ?? null
      if (newer) {
        await jobs.keepClosure(job, target.lane, newer)
        await downloads.fetch(
          newer.items.map(({ artifact }) => artifact),
          { signal },
        )
      }
      const stage = await ecosystem.stage(job, target, newer ?? closure, signal)
      dropped.set(job.id, stage.dropped ?? [])
      return stage
    },
  }
  return {
    ecosystem: wrapped,
    jobs: {
      ...jobs,
      intend: (job: Job, intent: Parameters<Jobs['intend']>[1]) =>
        jobs.intend(job, { ...intent, dropped: dropped.get(job.id) }),
    },
    downloads: {
      ...downloads,
      fetch: (...args: Parameters<Downloads['fetch']>) =>
        downloads.fetch(...args).catch((error: unknown) => {
          if (!lacks(error)) throw error
        }),
    },
  }
}
