/** apt as an ecosystem: the graph of this folder's rooms. */
import { join } from 'node:path'
import type { AptState } from '../../storage/apt.ts'
import type { Job, Remark } from '../../storage/records.ts'
import type { OpenChild, RunChild } from '../child.ts'
import type { Ecosystem, Listings, Outside, PathOf, Parsed } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import { createCatalog } from './catalog.ts'
import { toClosure } from './closure.ts'
import { createAptGateway } from './gateway.ts'
import { parseRoots } from './names.ts'
import { createDebs } from './deb.ts'
import { createProve } from './prove.ts'
import { createPublication } from './publication.ts'
import { createRoot } from './root.ts'
import { openSigner } from './sign.ts'
import { createSnapshots } from './snapshots.ts'
import { createSolutions, type Solution, type Solutions, type Wish } from './solution.ts'
import { createSolver } from './solver.ts'
import { createStage, type AptStage } from './stage.ts'
import type { AptTarget } from './target.ts'

export type AptDeps = {
  readonly targets: ReadonlyMap<string, AptTarget>
  readonly outside: Pick<Outside, 'page'>
  readonly listings: Pick<Listings, 'listed' | 'generation'>
  readonly state: AptState
  readonly pathOf: PathOf
  /** Known once the gateway listens. */
  readonly gatewayUrl: () => string
  readonly run: RunChild
  readonly openChild: OpenChild
  readonly now: () => Date
  /** Absolute: the private roots, the key file, and where stages are laid out. */
  readonly folders: { readonly cache: string; readonly key: string; readonly work: string }
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal
  /** Before each further try to update, in ms. */
  readonly patience?: readonly number[]
}

/** Archives push for minutes, so a second look soon after often succeeds. */
const usualPatience = [2000, 10_000]

/** Writes the private roots and opens the key. Throws `state-unusable`, `apt-file-missing`. */
export async function createApt(deps: AptDeps) {
  const {
    targets,
    state,
    listings,
    outside,
    run,
    now,
    folders,
    stopping,
    pathOf,
    gatewayUrl,
    patience = usualPatience,
  } = deps
  const signer = await openSigner(folders.key, now)
  const lanes = new Map<string, Solutions>()
  for (const target of targets.values()) lanes.set(target.name, await lane(target))
  const stageRepository = createStage({ state, signer, debs: createDebs(deps), pathOf, now, work: folders.work })
  const prove = createProve({ run, signer })
  const publications = createPublication({ state, listings, signer, now })
  /** By job, until it is published or fails: enough to stage it without asking apt again. */
  const solutions = new Map<number, Solution>()

  async function lane(target: AptTarget): Promise<Solutions> {
    const root = await createRoot(target, { folder: join(folders.cache, target.name), run, proxy: gatewayUrl })
    const snapshots = createSnapshots({ root, target, now, patience, stopping })
    const catalog = createCatalog(snapshots)
    const ask = createSolver(snapshots)
    return createSolutions({
      target,
      snapshots,
      catalog,
      ask,
      state,
      generation: () => listings.generation(target.lane),
    })
  }

  async function solve(job: Job, { name }: { readonly name: string }, refresh: boolean, signal: AbortSignal) {
    const target = targets.get(name)!
    const wish = wishOf(job)
    const solution = await lanes.get(name)!.solve({ ...wish, refresh: wish.refresh || refresh }, signal)
    solutions.set(job.id, solution)
    if (solutions.size > most) solutions.delete(solutions.keys().next().value!)
    const { recommends } = target
    return toClosure(solution, wish.roots, { recommends, published: await state.stanzas(target.lane) })
  }

  async function isCurrent(job: Job, lane: string): Promise<boolean> {
    return solutions.get(job.id)?.generation === (await listings.generation(lane))
  }

  const ecosystem: Ecosystem = {
    name: 'apt',
    targets,
    parse: (lines) => parseRoots(lines),
    parseFile(text) {
      const lines = text
        .split(/\r\n|\r|\n/)
        .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
        .filter((line) => line !== '')
      return { ...parseRoots(lines), lines }
    },
    installLine: (roots) => `apt-get update && apt-get install ${roots.join(' ')}`,
    solve: (job, target, signal) => solve(job, target, false, signal),

    async renew(job, target, lacks, signal) {
      if (!lacks && (await isCurrent(job, target.lane))) return null
      return solve(job, target, lacks, signal)
    },

    async stage(job, target, closure, signal) {
      const solution = solutions.get(job.id)
      if (!solution || !(await isCurrent(job, target.lane)))
        throw new Error(`job ${job.id} must be renewed before its stage`)
      const stage = await stageRepository(job, targets.get(target.name)!, closure, {
        solution,
        wish: wishOf(job),
        signal,
      })
      const close = async () => {
        solutions.delete(job.id)
        await stage.close()
      }
      return { ...stage, close }
    },

    prove: (_, target, stage, signal) => prove(targets.get(target.name)!, stage as AptStage, signal),
    publication: (_, target) => publications.publication(target.lane),
    requestFiles: () => [],
    async *indexes(lane) {
      yield await publications.indexes(lane)
    },

    async notices(job): Promise<Remark[]> {
      const { lane } = targets.get(job.target) ?? {}
      const roots = lane === undefined ? [] : await state.roots(lane)
      return roots.flatMap(({ root, held }) => (held && job.roots.includes(root) ? [held.remark] : []))
    },

    async withdrawal(roots, target): Promise<Parsed> {
      const withdraw = parseRoots(roots).roots
      const here = new Set((await state.roots(target.lane)).map(({ root }) => root))
      const unknown = withdraw.find((root) => !here.has(root))
      if (unknown !== undefined) throw new AirlockError('apt-root-unknown', { root: unknown, target: target.name })
      return { roots: [], options: { withdraw } }
    },

    expired: () => publications.expired(),
  }

  return {
    ecosystem,
    /** Handles what apt asks of its http proxy. */
    proxy: createAptGateway({ outside, sources: () => [...targets.values()].flatMap((target) => target.sources) }),
    /** Armored; also published as `homepod/airlock.asc`. */
    publicKey: signer.publicKey,
  }
}

/** Solutions kept for jobs that wait for their files or their lane; a job whose solution went solves again. */
const most = 64

/** `options` of an apt request: what an admin takes back, and whether the archives must be looked at now. */
function wishOf({ roots, options }: Job): Wish {
  const withdrawn = options['withdraw']
  return {
    roots,
    withdrawn: Array.isArray(withdrawn) ? withdrawn.filter((root) => typeof root === 'string') : [],
    refresh: options['refresh'] === true,
  }
}
