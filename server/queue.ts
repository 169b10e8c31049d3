/**
 * Runs jobs, side by side, until each is finished; resumes at boot what a crash or a stop left. Progress lives here, in
 * memory: the database hears of changes of state only.
 */
import { setTimeout } from 'node:timers/promises'
import PQueue from 'p-queue'
import type { Jobs } from '../storage/jobs.ts'
import type { Job, Problem, Progress } from '../storage/records.ts'
import type { Requests } from '../storage/requests.ts'
import { AirlockError, problemOf, type Code } from './errors.ts'
import type { Fulfil } from './fulfil.ts'
import { withCause, type Log } from './log.ts'

type Running = {
  readonly abort: AbortController
  readonly done: Promise<void>
  progress: Progress | null
  /** What the job waits for and will go on by itself. */
  waiting: Problem | null
  /** Who shares the job, as far as is known. */
  askers: Awaited<ReturnType<Requests['askers']>>
}

type Deps = {
  readonly jobs: Jobs
  readonly requests: Pick<Requests, 'askers'>
  readonly fulfil: Fulfil
  readonly log: Log
  /** Jobs under way at once; solves, downloads and lanes have their own, smaller bounds. */
  readonly concurrency?: number
  /** Seconds between looks at what passes by itself: a full disk, a clock. */
  readonly passingInterval?: number
}

/** What holds a job up and passes by itself. */
const passing: ReadonlySet<Code> = new Set(['disk-full', 'clock-behind'])

/** What passes is met again, and waited for, by the job itself: nobody else's start is held up by it. */
function unlessPassing(error: unknown): void {
  if (!isPassing(error)) throw error
}

function isPassing(error: unknown): error is AirlockError {
  return error instanceof AirlockError && passing.has(error.code)
}

/** Requests that each line of a shared job names: every one has had its own when it came. */
const mostNamed = 8

/** Why a job was aborted: stopping keeps its state for the next start, cancelling ends it. */
const stopping = Symbol('stopping')

export function createQueue({ jobs, requests, fulfil, log, concurrency = 256, passingInterval = 10 }: Deps) {
  const queue = new PQueue({ concurrency })
  const running = new Map<number, Running>()
  const listeners = new Set<(job: number, progress: Progress) => void>()
  const halted = new AbortController()

  function wait(job: Job, entry: Running, problem: Problem | null): void {
    if (problem && problem.code !== entry.waiting?.code) log.warn({ job: job.id, problem }, 'job waits')
    entry.waiting = problem
  }

  /** One attempt after the other while only something that passes is in the way; the first other end is final. */
  async function run(job: Job, entry: Running): Promise<void> {
    const { signal } = entry.abort
    for (;;) {
      try {
        await fulfil((await jobs.get(job.id)) ?? job, {
          signal,
          onProgress: (progress) => {
            entry.progress = progress
            for (const listener of listeners) listener(job.id, progress)
          },
          onWaiting: (problem) => wait(job, entry, problem),
        })
        return
      } catch (error) {
        if (signal.aborted || !isPassing(error)) throw error
        wait(job, entry, problemOf(error))
        await setTimeout(passingInterval * 1000, undefined, { signal })
        wait(job, entry, null)
      }
    }
  }

  /** Every line from here on, those of children included, names the job, its requests and who asked for them. */
  function attempt(job: Job, entry: Running): Promise<void> {
    const cause = () => {
      const named = entry.askers.slice(0, mostNamed)
      const reqIds = new Set(named.flatMap(({ reqId }) => reqId ?? []))
      return { job: job.id, requests: named.map(({ id }) => id), reqIds: [...reqIds] }
    }
    return withCause(cause, () => finish(job, entry))
  }

  async function finish(job: Job, entry: Running): Promise<void> {
    try {
      entry.askers = await requests.askers(job.id)
      log.info('job begins')
      await run(job, entry)
      log.info({ job: job.id }, 'job ready')
    } catch (error) {
      const { aborted, reason } = entry.abort.signal
      if (reason === stopping) return
      const problem = problemOf(error)
      if (!aborted)
        log[problem.code === 'internal' ? 'error' : 'warn']({ job: job.id, problem, err: error }, 'job failed')
      await insist(async () => {
        // what was decided can only become ready: the next start carries it out
        if ((await jobs.get(job.id))?.state === 'publishing') return
        await (aborted ? jobs.finish(job, 'cancelled') : jobs.fail(job, problem))
      })
    } finally {
      running.delete(job.id)
    }
  }

  /** Who waits for a job must hear of its end: while the state cannot take it, it is said again. */
  async function insist(record: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await record()
      } catch (error) {
        log.error({ err: error }, 'the end of a job could not be recorded')
        await setTimeout(passingInterval * 1000, undefined, { signal: halted.signal })
      }
    }
  }

  function submit(job: Job): void {
    if (halted.signal.aborted) return
    const under = running.get(job.id)
    if (under) return void share(job, under)
    const abort = new AbortController()
    const { promise, resolve } = Promise.withResolvers<void>()
    const entry: Running = { abort, done: promise, progress: null, waiting: null, askers: [] }
    running.set(job.id, entry)
    void queue
      .add(() => attempt(job, entry))
      .catch((error: unknown) => log.error({ job: job.id, err: error }, 'job could not be recorded'))
      .finally(resolve)
  }

  /** Ties whoever asks now to a job that runs already. */
  async function share(job: Job, under: Running): Promise<void> {
    log.info({ job: job.id }, 'one more request shares the job')
    try {
      under.askers = await requests.askers(job.id)
    } catch (error) {
      log.error({ job: job.id, err: error }, 'the job’s requests could not be looked up')
    }
  }

  return {
    /** Puts back what was under way when the last process ended. Those past their decision first. */
    async resume(): Promise<number> {
      // who asks while we start is under way already
      const unfinished = (await jobs.unfinished()).filter(({ id }) => !running.has(id))
      const decided = unfinished.filter((job) => job.state === 'publishing')
      const others = unfinished.filter((job) => job.state !== 'publishing')
      for (const job of decided) submit(job)
      for (const job of others) if (job.state !== 'queued') await jobs.enter(job, 'queued').catch(unlessPassing)
      for (const job of others) submit(job)
      return unfinished.length
    },

    /** Runs a queued job; one that is under way is left alone. */
    submit,

    /** Aborts a job and waits until it is recorded as cancelled, or finished first. */
    async cancel(job: number): Promise<void> {
      const entry = running.get(job)
      entry?.abort.abort(new AirlockError('cancelled'))
      await entry?.done
    },

    progress(job: number): Progress | null {
      return running.get(job)?.progress ?? null
    },

    /** Calls `listener` with every job's progress, until the returned function is called. */
    subscribe(listener: (job: number, progress: Progress) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    waiting(job: number): Problem | null {
      return running.get(job)?.waiting ?? null
    },

    /** Jobs not finished yet. */
    depth(): number {
      return running.size
    },

    /** Resolves when a job that is under way has finished. */
    async settled(job: number): Promise<void> {
      await running.get(job)?.done
    },

    /** Starts nothing more, aborts what can be resumed, waits for what cannot be interrupted. */
    async stop(): Promise<void> {
      halted.abort()
      queue.pause()
      for (const { abort } of running.values()) abort.abort(stopping)
      queue.start()
      await queue.onIdle()
    },
  }
}

export type Queue = ReturnType<typeof createQueue>
