/** apt as an ecosystem: the graph of this folder's rooms. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { AptState } from '../../storage/apt.ts'
import type { Remark } from '../../storage/records.ts'
import type { OpenChild, RunChild } from '../child.ts'
import type { Ecosystem, KnownName, Listings, Outside, PathOf, Parsed } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import { createCatalog, nearest } from './catalog.ts'
import { createAptGateway } from './gateway.ts'
import { createArchiveNames } from './known.ts'
import { parseRoot, parseRoots } from './names.ts'
import { createDebs } from './deb.ts'
import type { Keyring } from './host.ts'
import { createJobs } from './job.ts'
import { createProve } from './prove.ts'
import { createPublication } from './publication.ts'
import { createRoot } from './root.ts'
import { openSigner } from './sign.ts'
import { createSnapshots } from './snapshots.ts'
import { createSolutions, type Solutions } from './solution.ts'
import { createSolver } from './solver.ts'
import { createStage } from './stage.ts'
import { aptTargetOfPod } from './pod.ts'
import type { Source } from './sources.ts'
import type { AptTarget } from './target.ts'
import type { Waiting } from './together.ts'

export type AptDeps = {
  readonly targets: ReadonlyMap<string, AptTarget>
  /** What targets that pods describe may read, and how it is verified; absent: nothing. */
  readonly archives?: readonly Source[]
  /** This machine's trusted keys, for those of them that name none. */
  readonly keyrings?: readonly Keyring[]
  readonly outside: Pick<Outside, 'page'>
  readonly listings: Pick<Listings, 'listed' | 'generation'>
  readonly state: AptState
  readonly pathOf: PathOf
  /** Jobs that may be taken along. */
  readonly waiting: Waiting
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
    archives = [],
    keyrings = [],
    state,
    listings,
    outside,
    run,
    now,
    folders,
    stopping,
    pathOf,
    gatewayUrl,
    waiting,
    patience = usualPatience,
  } = deps
  const signer = await openSigner(folders.key, now)
  const targets = new Map(deps.targets)
  const lanes = new Map<string, Solutions>()
  const archiveNames = new Map<string, () => readonly KnownName[]>()
  for (const target of targets.values()) lanes.set(target.name, await lane(target))
  const publications = createPublication({
    state,
    listings,
    signer,
    architecturesOf: (lane) => [...targets.values()].find((target) => target.lane === lane)?.architectures ?? null,
    now,
  })
  const { prepare } = publications
  const debs = createDebs(deps)
  const jobs = createJobs({
    solutions: lanes,
    stageRepository: createStage({ state, signer, debs, prepare, pathOf, now, work: folders.work }),
    prove: createProve({ run, signer }),
    prepare,
    state,
    listings,
    waiting,
    pathOf,
  })
  const own = ({ name }: { readonly name: string }) => targets.get(name)!

  async function lane(target: AptTarget): Promise<Solutions> {
    const root = await createRoot(target, { folder: join(folders.cache, target.name), run, proxy: gatewayUrl })
    const snapshots = createSnapshots({ root, target, now, patience, stopping })
    archiveNames.set(target.name, createArchiveNames(snapshots, stopping))
    const catalog = createCatalog(snapshots)
    const ask = createSolver(snapshots, target)
    return createSolutions({
      target,
      snapshots,
      catalog,
      ask,
      state,
      generation: () => listings.generation(target.lane),
    })
  }

  const ecosystem: Ecosystem = {
    name: 'apt',
    targets,
    parse: parseRoots,
    parseFile(text, constraints) {
      const lines = text
        .split(/\r\n|\r|\n/)
        .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
        .filter((line) => line !== '')
      return { ...parseRoots(lines, constraints), lines }
    },
    understand(root) {
      const { name, version, architecture } = parseRoot(root)
      // a lane lists one version of a package, the one that its pods get
      const pick = (versions: readonly string[]) =>
        versions.findLast((candidate) => version === null || candidate === version) ?? null
      return { name, pick, alone: architecture === null }
    },
    known: () => Promise.resolve([...archiveNames.values()].flatMap((known) => known())),
    near: nearest,
    describe({ facts: { stanza } }) {
      return Promise.resolve(typeof stanza === 'string' ? { text: stanza, markdown: false } : null)
    },
    installLine: (roots) => (roots.length === 0 ? '' : `apt-get update && apt-get install ${roots.join(' ')}`),
    solve: (job, target, signal) => jobs.solve(job, own(target), signal),
    renew: (job, target, lacks, signal) => jobs.renew(job, own(target), lacks, signal),
    stage: (job, target, closure, signal) => jobs.stage(job, own(target), closure, signal),
    prove: (_, target, stage, signal) =>
      jobs.prove(own(target), stage as Awaited<ReturnType<typeof jobs.stage>>, signal),
    publication: (_, target) => publications.publication(target.lane),
    requestFiles: () => [],
    async *indexes(lane) {
      yield await publications.indexes(lane)
    },

    async notices(job) {
      const { lane } = targets.get(job.target) ?? {}
      if (lane === undefined) return []
      const known = new Map((await state.roots(lane)).map(({ root, held }) => [root, held?.remark]))
      return job.roots.flatMap((root): readonly Remark[] => {
        // what is ready was a root; only a withdrawal ends that
        if (job.state === 'ready' && !known.has(root))
          return [{ code: 'root-withdrawn', fields: { root, target: job.target } }]
        const held = known.get(root)
        return held ? [held] : []
      })
    },

    async roots({ lane }) {
      return new Set((await state.roots(lane)).map(({ root }) => root))
    },

    async withdrawal(roots, target): Promise<Parsed> {
      const withdraw = parseRoots(roots).roots
      const here = new Set((await state.roots(target.lane)).map(({ root }) => root))
      const unknown = withdraw.find((root) => !here.has(root))
      if (unknown !== undefined) throw new AirlockError('apt-root-unknown', { root: unknown, target: target.name })
      return { roots: [], options: { withdraw } }
    },

    expire: publications.expire,
    fromPod: (name, pod) => aptTargetOfPod(name, pod, { archives, keyrings }),
    async admit(target) {
      const own = target as AptTarget
      lanes.set(own.name, await lane(own))
      targets.set(own.name, own)
    },
    async dismiss(name) {
      targets.delete(name)
      lanes.delete(name)
      archiveNames.delete(name)
      // the lists are of its sources: one of the same name may have others
      await rm(join(folders.cache, name), { recursive: true, force: true })
    },
  }

  return {
    ecosystem,
    /** Handles what apt asks of its http proxy. */
    proxy: createAptGateway({ outside, sources: () => [...targets.values()].flatMap((target) => target.sources) }),
    /** Armored; also published as `homepod/airlock.asc`. */
    publicKey: signer.publicKey,
  }
}
