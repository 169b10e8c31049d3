/** What is ready is tried out afterwards, one job at a time: it informs, and nobody waits for it. */
import PQueue from 'p-queue'
import type { Jobs } from '../storage/jobs.ts'
import type { Event } from '../storage/records.ts'
import type { Ecosystem } from './ecosystem.ts'
import type { Log } from './log.ts'

type Deps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly jobs: Jobs
  readonly log: Log
  readonly stopping: AbortSignal
}

/** More are not worth remembering: those who asked have gone on by then. */
const mostWaiting = 100

export function createTryOut({ ecosystems, jobs, log, stopping }: Deps) {
  const turns = new PQueue({ concurrency: 1 })

  async function tryOut(id: number): Promise<void> {
    const job = await jobs.get(id)
    const ecosystem = job && ecosystems.get(job.ecosystem)
    const target = ecosystem?.targets.get(job!.target)
    if (!job || !ecosystem?.tryOut || !target || stopping.aborted) return
    const closure = await jobs.closure(job)
    if (closure === null) return
    const remarks = await ecosystem.tryOut(job, target, closure, stopping)
    if (remarks.length > 0) await jobs.remark(job, remarks)
  }

  return {
    /** Listens to changes of state. */
    on({ job, state }: Event): void {
      if (state !== 'ready' || turns.size >= mostWaiting) return
      void turns
        .add(() => tryOut(job))
        .catch((error: unknown) => {
          if (!stopping.aborted) log.warn({ job, err: error }, 'what is ready could not be tried out')
        })
    },

    /** Settles when nothing is tried out any more; those that wait are let go. */
    async end(): Promise<void> {
      turns.clear()
      await turns.onIdle()
    },
  }
}

export type TryOut = ReturnType<typeof createTryOut>
