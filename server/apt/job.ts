/** A job's way through apt: solved beside others, renewed in its lane with those that wait, staged and proved. */
import type { AptState } from '../../storage/apt.ts'
import type { Closure, Job } from '../../storage/records.ts'
import type { Listings, PathOf, Proof, Stage } from '../ecosystem.ts'
import { toClosure } from './closure.ts'
import type { Prove } from './prove.ts'
import type { Publications } from './publication.ts'
import type { Solution, Solutions, Wish } from './solution.ts'
import type { AptStage, StageRepository } from './stage.ts'
import type { AptTarget } from './target.ts'
import { findGuests, type Guest, type Waiting } from './together.ts'

type Deps = {
  /** By target. */
  readonly solutions: ReadonlyMap<string, Solutions>
  readonly stageRepository: StageRepository
  readonly prove: Prove
  readonly prepare: Publications['prepare']
  readonly state: Pick<AptState, 'stanzas' | 'repository' | 'roots'>
  readonly listings: Pick<Listings, 'generation' | 'listed'>
  readonly waiting: Waiting
  readonly pathOf: PathOf
}

/** A stage that needs no proof of its own, or has it already. */
type ProvedStage = Stage & { readonly proof: Proof }

/** Solutions kept for jobs that wait for their files or their lane; a job whose solution went solves again. */
const most = 64

export function createJobs(deps: Deps) {
  const { stageRepository, prove, prepare, state, listings, pathOf } = deps
  const solutions = new Map<number, Solution>()

  async function solve(
    job: Job,
    target: AptTarget,
    more: { readonly refresh: boolean; readonly guests: readonly Guest[] },
    signal: AbortSignal,
  ): Promise<Closure> {
    const wish = wishOf(job)
    const refresh = wish.refresh || more.refresh
    const solution = await deps.solutions.get(target.name)!.solve({ ...wish, ...more, refresh }, signal)
    solutions.delete(job.id)
    solutions.set(job.id, solution)
    if (solutions.size > most) solutions.delete(solutions.keys().next().value!)
    return toClosure(solution, wish.roots, { ...target, published: await state.stanzas(target.lane) })
  }

  async function isCurrent(job: Job, { lane }: AptTarget): Promise<boolean> {
    return solutions.get(job.id)?.generation === (await listings.generation(lane))
  }

  /** Whether the repository already has what the job wants, of a snapshot no older than the job's. */
  async function isMet(job: Job, { lane }: AptTarget): Promise<boolean> {
    const solution = solutions.get(job.id)
    const repository = await state.repository(lane)
    const { roots, withdrawn, refresh } = wishOf(job)
    if (!solution || !repository || refresh || withdrawn.length > 0 || repository.snapshot < solution.snapshot)
      return false
    const here = new Set((await state.roots(lane)).flatMap(({ root, held }) => (held ? [] : [root])))
    return roots.every((root) => here.has(root))
  }

  /** The solution that the repository is, as far as the job is concerned. */
  async function published(job: Job, { lane }: AptTarget): Promise<Solution> {
    const artifacts = new Map((await listings.listed(lane)).map(({ artifact }) => [artifact.file, artifact]))
    const packages = (await state.stanzas(lane)).flatMap((stanza) => {
      const artifact = artifacts.get(stanza.file)
      return artifact ? [{ ...stanza, key: artifact.name, url: artifact.url, origin: artifact.origin }] : []
    })
    return { ...solutions.get(job.id)!, packages, guests: [], generation: await listings.generation(lane) }
  }

  function fetched({ packages }: Solution, here: ReadonlySet<string>): boolean {
    return packages.every(({ sha256, file }) => here.has(sha256) || pathOf({ ecosystem: 'apt', sha256, file }) !== null)
  }

  return {
    solve: (job: Job, target: AptTarget, signal: AbortSignal) =>
      solve(job, target, { refresh: false, guests: [] }, signal),

    /** See {@link Ecosystem.renew}. Guests join where all that they need is fetched. */
    async renew(job: Job, target: AptTarget, lacks: boolean, signal: AbortSignal): Promise<Closure | null> {
      const alone = () => solve(job, target, { refresh: lacks, guests: [] }, signal)
      if (lacks) return alone()
      if (await isCurrent(job, target)) return null
      if (await isMet(job, target)) {
        const solution = await published(job, target)
        solutions.set(job.id, solution)
        return toClosure(solution, job.roots, { ...target, published: solution.packages })
      }
      const guests = await findGuests(job, deps)
      if (guests.length === 0) return alone()
      const closure = await solve(job, target, { refresh: false, guests }, signal)
      const here = new Set([
        ...(await state.stanzas(target.lane)).map(({ sha256 }) => sha256),
        ...closure.items.map(({ artifact }) => artifact.sha256),
      ])
      return fetched(solutions.get(job.id)!, here) ? closure : alone()
    },

    /** A repository with guests is proved at once: if anything of it fails, the job goes on without them. */
    async stage(job: Job, target: AptTarget, closure: Closure, signal: AbortSignal): Promise<AptStage | ProvedStage> {
      const solution = solutions.get(job.id)
      if (!solution || !(await isCurrent(job, target)))
        throw new Error(`job ${job.id} must be renewed before its stage`)
      const forget = (stage: AptStage) => ({
        ...stage,
        close: () => {
          solutions.delete(job.id)
          return stage.close()
        },
      })
      if (await isMet(job, target)) {
        // a file that the pool has lost is put back
        const files = closure.items.map(({ artifact }) => artifact)
        prepare(target.lane, (await state.repository(target.lane))!.date, files, [])
        return alreadyThere(closure, solution, () => void solutions.delete(job.id))
      }
      if (solution.guests.length > 0) {
        const together = await withGuests(job, target, closure, solution, signal)
        if (together) return { ...forget(together.stage), proof: together.proof }
        await solve(job, target, { refresh: false, guests: [] }, signal)
      }
      const alone = { solution: solutions.get(job.id)!, wish: wishOf(job), signal }
      return forget(await stageRepository(job, target, closure, alone))
    },

    /** Throws `proof-failed`. */
    async prove(target: AptTarget, stage: AptStage | ProvedStage, signal: AbortSignal): Promise<Proof> {
      return 'proof' in stage ? stage.proof : prove(target, stage, signal)
    },
  }

  async function withGuests(job: Job, target: AptTarget, closure: Closure, solution: Solution, signal: AbortSignal) {
    let stage: AptStage | null = null
    try {
      stage = await stageRepository(job, target, closure, { solution, wish: wishOf(job), signal })
      return { stage, proof: await prove(target, stage, signal) }
    } catch {
      // whatever it was: it is the guests' until the job fails alone
      signal.throwIfAborted()
      await stage?.close()
      return null
    }
  }
}

/** A stage of what is published and proved: nothing changes. */
function alreadyThere(closure: Closure, { generation, remarks }: Solution, forget: () => void): ProvedStage {
  const items = closure.items.map(({ artifact }) => artifact)
  return {
    generation,
    artifacts: items,
    neededBy: Object.fromEntries(closure.items.map(({ artifact, neededBy }) => [artifact.name, neededBy])),
    remarks,
    close: () => Promise.resolve(forget()),
    proof: { picked: Object.fromEntries(items.map(({ name, version }) => [name, version])) },
  }
}

/** `options` of an apt request: what an admin takes back; and, for one without roots, that all is solved anew. */
function wishOf({ roots, options, refresh }: Job): Wish {
  const withdrawn = options['withdraw']
  return {
    roots,
    withdrawn: Array.isArray(withdrawn) ? withdrawn.filter((root) => typeof root === 'string') : [],
    refresh: refresh || options['refresh'] === true,
    guests: [],
  }
}
