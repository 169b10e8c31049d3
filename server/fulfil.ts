/**
 * THE STORY. A request asks for packages; a job fulfils it:
 *
 *   solve     the ecosystem's own solver pins everything that is needed        (side by side with other jobs)
 *   weigh     does it fit, and is a closure of this size what was wanted?
 *   download  what is not here yet, digest by digest, into `.incoming/`         (side by side)
 *   build     what exists as source only, in a sandbox; then solve again, since what was built has the last word
 *   renew     where the lane has moved on, or upstream lost a file, solve again (alone in its lane, from here on)
 *   stage     the index as it would be, seen by nobody
 *   prove     a real solve, as the pod would do it, against the stage alone
 *   intend    the decision, in the database: from here a crash rolls forward
 *   publish   pool, then the pages that name it, the top index last
 *
 * A failed job changes nothing that a pod can see.
 */
import { setTimeout } from 'node:timers/promises'
import type PQueue from 'p-queue'
import type { Jobs } from '../storage/jobs.ts'
import type { Requests } from '../storage/requests.ts'
import type { Closure, Job, Problem, Progress } from '../storage/records.ts'
import type { Tree } from '../storage/tree.ts'
import type { Ecosystem, Target } from './ecosystem.ts'
import { AirlockError, problemOf } from './errors.ts'
import { inTurn, type Lanes } from './lanes.ts'
import type { Log } from './log.ts'
import type { Downloads } from './upstream/download.ts'

export type Attempt = {
  readonly signal: AbortSignal
  /** Called often while files arrive; kept in memory only. */
  readonly onProgress: (progress: Progress) => void
  /** What holds the job up, or null when it goes on. */
  readonly onWaiting: (problem: Problem | null) => void
}

type Deps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly jobs: Jobs
  readonly requests: Requests
  readonly downloads: Pick<Downloads, 'fetch'>
  readonly tree: Tree
  readonly lanes: Lanes
  /** Bounds the solvers that run at once. */
  readonly solves: PQueue
  /** Throws `closure-too-large` where a closure does not fit or wants a confirmation that the job has not. */
  readonly weigh: (job: Job, closure: Closure, hasBegun: boolean) => Promise<void>
  /** Aborts when the server stops: the only thing that interrupts a publication. */
  readonly stopping: AbortSignal
  readonly log: Pick<Log, 'warn'>
}

/** Between two tries to publish on a disk that refuses, in ms. */
const publishInterval = 5000

export function createFulfil(deps: Deps) {
  const { ecosystems, jobs, requests, downloads, tree, lanes, solves, weigh, stopping, log } = deps

  /**
   * Fulfils a job, or throws the AirlockError that the job will keep. Every step may be repeated after a crash: what was
   * solved is recorded, what was fetched is whole or resumable, what was published is left alone.
   */
  return async function fulfil(job: Job, attempt: Attempt): Promise<void> {
    const { signal, onWaiting } = attempt
    const { ecosystem, target } = find(job)
    if (job.state === 'publishing')
      return lanes.enter(target.lane, signal, () => publish(ecosystem, target, job, onWaiting))

    const before = await jobs.closure(job)
    let closure = before ?? (await solve(ecosystem, target, job, signal))
    let lacks = await gather(ecosystem, job, closure, before !== null, attempt)
    while (await build(ecosystem, target, job, closure, attempt)) {
      closure = await solve(ecosystem, target, job, signal)
      lacks = await gather(ecosystem, job, closure, true, attempt)
    }

    await lanes.enter(target.lane, signal, async () => {
      const current = await renew(ecosystem, target, job, lacks, attempt)
      await jobs.enter(job, 'proving')
      await record(ecosystem, target, job, current ?? closure, signal)
      await publish(ecosystem, target, job, onWaiting)
    })
  }

  async function solve(ecosystem: Ecosystem, target: Target, job: Job, signal: AbortSignal): Promise<Closure> {
    return inTurn(solves, signal, async () => {
      await jobs.enter(job, 'solving')
      const closure = await ecosystem.solve(job, target, signal)
      await jobs.keepClosure(job, target.lane, closure)
      return closure
    })
  }

  /** Weighs and downloads; says what {@link download} does. */
  async function gather(
    ecosystem: Ecosystem,
    job: Job,
    closure: Closure,
    hasBegun: boolean,
    attempt: Attempt,
  ): Promise<boolean> {
    await weigh(job, closure, hasBegun)
    await jobs.enter(job, 'downloading')
    return download(ecosystem, closure, attempt)
  }

  /** Whether anything had to be built, so that the solver has to be asked again. Ends: what was tried once is known. */
  async function build(
    ecosystem: Ecosystem,
    target: Target,
    job: Job,
    closure: Closure,
    attempt: Attempt,
  ): Promise<boolean> {
    const sources = ecosystem.builds?.of(closure) ?? []
    if (sources.length === 0) return false
    await jobs.enter(job, 'building')
    await ecosystem.builds!.run(job, target, sources, attempt)
    return true
  }

  /** Whether upstream lacks a file: an ecosystem that can renew its answer is asked for a newer one, any other fails. */
  async function download(ecosystem: Ecosystem, closure: Closure, { signal, onProgress }: Attempt): Promise<boolean> {
    try {
      await downloads.fetch(artifactsOf(closure), { signal, onProgress })
      return false
    } catch (error) {
      if (!ecosystem.renew || !isGone(error)) throw error
      return true
    }
  }

  async function renew(
    ecosystem: Ecosystem,
    target: Target,
    job: Job,
    lacks: boolean,
    attempt: Attempt,
  ): Promise<Closure | null> {
    const { signal, onProgress } = attempt
    const renewed = (await ecosystem.renew?.(job, target, lacks, signal)) ?? null
    if (!renewed) return null
    await jobs.keepClosure(job, target.lane, renewed)
    await weigh(job, renewed, false)
    await downloads.fetch(artifactsOf(renewed), { signal, onProgress })
    return renewed
  }

  /**
   * Stages, proves, and decides. Invariants: nothing is recorded as visible that was not proved; and once it is recorded,
   * nothing keeps it from being published, what the stage leaves behind least of all.
   */
  async function record(
    ecosystem: Ecosystem,
    target: Target,
    job: Job,
    closure: Closure,
    signal: AbortSignal,
  ): Promise<void> {
    const stage = await ecosystem.stage(job, target, closure, signal)
    try {
      const { picked } = await ecosystem.prove(job, target, stage, signal)
      signal.throwIfAborted()
      const { artifacts, neededBy, remarks, dropped, record } = stage
      await jobs.intend(job, { lane: target.lane, artifacts, neededBy, remarks, picked, dropped, record })
    } finally {
      await stage
        .close()
        .catch((error: unknown) => log.warn({ err: error }, 'a stage could not be removed: the next start does it'))
    }
  }

  /**
   * What was decided is carried out, from the state alone, now or after a restart. While the disk refuses, the lane
   * waits: the next publication would build on this one. A file that somebody took away meanwhile is fetched again.
   */
  async function publish(
    ecosystem: Ecosystem,
    target: Target,
    job: Job,
    onWaiting: Attempt['onWaiting'],
  ): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      try {
        const closure = (await jobs.closure(job))!
        if (!isFirst) await downloads.fetch(artifactsOf(closure), { signal: stopping })
        const askers = await requests.askers(job.id)
        await tree.publish(await ecosystem.publication(job, target, closure, askers))
        await jobs.finish(job, 'ready')
        break
      } catch (error) {
        onWaiting(problemOf(error))
        await setTimeout(publishInterval, undefined, { signal: stopping })
      }
    }
    onWaiting(null)
  }

  function find(job: Job): { ecosystem: Ecosystem; target: Target } {
    const ecosystem = ecosystems.get(job.ecosystem)
    if (!ecosystem)
      throw new AirlockError('ecosystem-unknown', { ecosystem: job.ecosystem, known: [...ecosystems.keys()] })
    const target = ecosystem.targets.get(job.target)
    if (!target) {
      throw new AirlockError('target-unknown', {
        target: job.target,
        ecosystem: job.ecosystem,
        known: [...ecosystem.targets.keys()],
      })
    }
    return { ecosystem, target }
  }
}

export type Fulfil = ReturnType<typeof createFulfil>

/** The file is no longer what the index said: a newer index may know better. */
function isGone(error: unknown): boolean {
  if (!(error instanceof AirlockError)) return false
  const { status } = error.fields
  return error.code === 'size-mismatch' || (error.code === 'upstream-status' && (status === 404 || status === 410))
}

function artifactsOf(closure: Closure) {
  return closure.items.map((item) => item.artifact)
}
