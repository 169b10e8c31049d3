/** pip as an ecosystem: the graph of this folder's rooms. */
import type { Artifact } from '../../storage/records.ts'
import type { RunChild } from '../child.ts'
import type { Ecosystem, KnownName, Listings, Outside, PathOf, Sandbox } from '../ecosystem.ts'
import { createBuildRequirements } from './build-requirements.ts'
import { createBuildRun, type BuildLimits } from './build-run.ts'
import { builderOf } from './builders.ts'
import { createBuilding, type BuildStore } from './building.ts'
import { readDescription } from './description.ts'
import { createPipGateway } from './gateway.ts'
import { createTryImports } from './imports.ts'
import { createKeptBack } from './kept-back.ts'
import type { Interpreter } from './interpreter.ts'
import { createConvertLock, type ConvertLockDeps } from './lock-convert.ts'
import { createReadLock } from './lock-read.ts'
import { createMetadata } from './metadata.ts'
import { nearestNames } from './names.ts'
import { buildPolicy, type BuildKnobs } from './policy.ts'
import { createPeek } from './peek.ts'
import { createPrefetch } from './prefetch.ts'
import { createProjects } from './projects.ts'
import { createProve } from './prove.ts'
import { createPublication } from './publication.ts'
import { parseRequirements } from './requirement.ts'
import { constraintsOf, isGranted, optionsOf, parseRequirementsFile } from './requirements-file.ts'
import { seenProjects } from './seen.ts'
import { createSolve } from './solve.ts'
import { runsOn } from './specifiers.ts'
import { createStage } from './stage.ts'
import { createStandIns } from './stand-ins.ts'
import { bestWheel } from './tags.ts'
import { pipTargetOfPod, type PipTarget } from './target.ts'
import { understandRoot } from './understand.ts'
import { createUnsolved } from './unsolved.ts'
import type { PipUpstream } from './upstreams.ts'
import { createUv } from './uv.ts'
import { order } from './versions.ts'
import type { Work } from './work-folder.ts'

export type PipDeps = Work & {
  readonly targets: ReadonlyMap<string, PipTarget>
  readonly upstreams: readonly PipUpstream[]
  readonly outside: Outside
  readonly listings: Listings
  readonly pathOf: PathOf
  /** Known once the gateway listens. */
  readonly gatewayUrl: () => string
  readonly run: RunChild
  readonly uv: string
  readonly python: string
  readonly cache: string
  /** Fetches artifacts into `.incoming/`. */
  readonly fetch: (artifacts: readonly Artifact[], options: { readonly signal: AbortSignal }) => Promise<void>
  readonly legible: (artifact: Artifact, signal: AbortSignal) => Promise<void>
  readonly legibleAt: PathOf
  readonly artifacts: ConvertLockDeps['artifacts']
  /** Bytes up to which a wheel is fetched while the solver looks at it. */
  readonly overlap: number
  readonly builds: BuildKnobs & BuildLimits & { readonly constraints: readonly string[] }
  /** Bytes of a closure up to which its roots are imported once it is ready. */
  readonly imports: number
  /** Those that build, the default target's own first. */
  readonly interpreters: readonly Interpreter[]
  readonly sandbox: Sandbox
  readonly built: BuildStore
  /** Takes a file of ours into `.incoming/`, whole. */
  readonly keep: (path: string, made: { readonly file: string; readonly sha256: string }) => Promise<void>
  /** Few builds at once, in order of arrival. */
  readonly inTurn: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>
  readonly now: () => Date
  /** Addresses of upstream's pages that lie here, without asking anybody. */
  readonly seen?: () => Promise<readonly string[]>
  /** What the default index lists, where the configuration has it followed. */
  readonly indexNames?: () => readonly KnownName[]
}

export function createPip(deps: PipDeps) {
  const { listings, pathOf, outside, gatewayUrl } = deps
  const targets = new Map(deps.targets)
  const projects = createProjects(deps)
  const metadata = createMetadata(deps)
  const prefetch = createPrefetch(deps)
  const policy = buildPolicy(deps.builds, deps.sandbox.available)
  const built = (sources: readonly string[]) => deps.built.of('pip', sources)
  const standIns = createStandIns({ built, pathOf, metadata, prefetch, fetch: deps.fetch })
  const peek = createPeek({ outside })
  const gateway = createPipGateway({ projects, metadata, prefetch, peek, standIns, outside, gatewayUrl })
  const compile = createUv(deps)
  const keptBack = createKeptBack({ compile, indexUrl: gateway.indexUrl })
  const builders = deps.interpreters.map(builderOf)
  const building = createBuilding({
    ...deps,
    standIns,
    store: deps.built,
    builders,
    pin: createBuildRequirements({ gateway, compile, projects, constraints: deps.builds.constraints }),
    run: createBuildRun({ sandbox: deps.sandbox, pathOf, limits: deps.builds }),
  })
  const tryImports = createTryImports({ ...deps, builders, limits: deps.builds, upTo: deps.imports })
  const explain = createUnsolved({ metadata, listings, policy })
  const solving = { gateway, compile, projects, metadata, listings, keptBack, explain, standIns, policy }
  const solve = createSolve({ ...solving, failures: building.failures })
  const stage = createStage({ gateway, metadata, listings })
  const prove = createProve({ compile, gatewayUrl })
  const publications = createPublication({
    listings,
    metadata,
    async materials(files) {
      const ids = files.flatMap(({ facts }) => (typeof facts['build'] === 'number' ? facts['build'] : []))
      const all = (await deps.built.those(ids)).flatMap(({ materials }) => materials)
      const once = new Map(all.map((artifact) => [`${artifact.sha256}/${artifact.file}`, artifact]))
      return [...once.values()].filter((artifact) => pathOf(artifact) !== null)
    },
  })
  const isUpstream = (url: string) => deps.upstreams.some((upstream) => sameIndex(upstream.url, url))
  const own = (target: { readonly name: string }) => targets.get(target.name)!

  const ecosystem: Ecosystem = {
    name: 'pip',
    targets,
    parse(lines, constraints = []) {
      const asked = parseRequirements(lines).map((requirement) => ({ requirement, hashes: [] }))
      const roots = [...new Set(asked.map(({ requirement }) => requirement.text))].toSorted(order)
      return { roots, options: optionsOf(asked, constraintsOf(constraints)) }
    },
    convertLock: createConvertLock({ ...deps, originOf: projects.originOf }),
    parseLock: createReadLock({ ...deps, isUpstream }),
    exact: ({ locked }) => locked === true,
    parseFile: (text, constraints = []) => parseRequirementsFile(text, { constraints, isUpstream }),
    grants: (line) => isGranted(line.trim(), { isUpstream }),
    understand: understandRoot,
    near: nearestNames,
    async known() {
      const seen = deps.seen === undefined ? [] : seenProjects(await deps.seen(), deps.upstreams)
      return [...(deps.indexNames?.() ?? []), ...seen]
    },
    fits({ file, facts }, target) {
      const { tags, python } = own(target)
      const required = facts['requiresPython']
      return bestWheel([{ file }], tags) !== null && runsOn(typeof required === 'string' ? required : null, python)
    },
    async describe({ sha256, file }) {
      const bytes = await metadata.pooled(sha256, file)
      return bytes && readDescription(bytes)
    },
    installLine: (roots) => `pip install ${roots.map(shellQuote).join(' ')}`,
    solve: (job, target, signal) => solve(job, own(target), signal),
    builds: {
      of: building.of,
      run: (job, target, sources, attempt) => building.run(job, own(target), sources, attempt),
    },
    stage: (job, target, closure, signal) => stage(job, own(target), closure, signal),
    prove: (job, target, _, signal) => prove(job, own(target), signal),
    tryOut: (_, target, closure, signal) => tryImports(closure, own(target), signal),
    publication: (_, target, closure, askers) => publications.publication(own(target), closure, askers),
    requestFiles: (_, closure, asker) => publications.requestFiles(closure, asker),
    indexes: publications.indexes,
    fromPod: pipTargetOfPod,
    admit(target) {
      targets.set(target.name, target as PipTarget)
      return Promise.resolve()
    },
    dismiss(name) {
      targets.delete(name)
      return Promise.resolve()
    },
  }
  /** Lets uv look at its interpreter before anybody waits for a solve: a third of a second, once for each uv and Python. */
  async function warm(signal: AbortSignal): Promise<void> {
    const [target] = targets.values()
    if (target)
      await compile({ requirements: [], target, indexUrl: new URL('/pip/index/none/', gatewayUrl()).href, signal })
  }

  return { ecosystem, gateway, warm }
}

/** The same index, whatever credentials and final slash it is written with. */
function sameIndex(own: string, given: string): boolean {
  const url = URL.parse(given)
  return url !== null && own === `${url.origin}${url.pathname.replace(/\/*$/, '/')}`
}

/** For a POSIX shell, quoted only where it must be. */
function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
