/** Source releases on the gateway: which a solve is shown, and the METADATA of what stands in for them. */
import type { Artifact, Build } from '../../storage/records.ts'
import type { PathOf } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { Metadata } from './metadata.ts'
import { artifactOf, type Prefetch } from './prefetch.ts'
import type { Project } from './projects.ts'
import { guessMetadata } from './sdist-metadata.ts'
import { readSdist, type Sdist } from './sdist.ts'
import { fitsBuild, sourcesOf, standInFor, type SourceRules, type StandIn } from './sources.ts'
import type { PipTarget } from './target.ts'

/** What a solve may be shown of sources. */
export type Sources = SourceRules & {
  /** Whether the configuration lets a project be built, and no build of it has failed for this request. */
  readonly allows: (project: string) => boolean
}

type Deps = {
  /** The successful builds of these sources, newest first. */
  readonly built: (sources: readonly string[]) => Promise<readonly Build[]>
  readonly pathOf: PathOf
  readonly metadata: Pick<Metadata, 'pooled'>
  readonly prefetch: Pick<Prefetch, 'isSmall'>
  /** Resolves when it lies whole in `.incoming/` or the pool. */
  readonly fetch: (artifacts: readonly Artifact[], options: { readonly signal: AbortSignal }) => Promise<void>
}

/** Stand-ins whose METADATA may still be asked for, and sdists that were read. */
const remembered = 4096

export function createStandIns({ built, pathOf, metadata, prefetch, fetch }: Deps) {
  const shown = new Map<string, StandIn>()
  const sdists = new Map<string, Promise<Sdist>>()

  function isHere({ made }: Build): boolean {
    return made !== null && pathOf({ ecosystem: 'pip', ...made }) !== null
  }

  /** What was built of a source and serves a target: the first that was, since its name means its bytes for ever. */
  async function buildFor(sha256: string, target: PipTarget): Promise<Build | null> {
    return (await built([sha256])).findLast((build) => fitsBuild(build, target) && isHere(build)) ?? null
  }

  async function read(sha256: string, file: string): Promise<Sdist> {
    const known = sdists.get(sha256)
    if (known) return known
    const path = pathOf({ ecosystem: 'pip', sha256, file })
    if (path === null) throw new RangeError(`${file} is not here`)
    // shared: nobody's leaving may end it
    const reading = readSdist(path, file)
    remember(sdists, sha256, reading)
    reading.catch(() => sdists.delete(sha256))
    return reading
  }

  /** What can be known before anything is built. Whatever is wrong with a source is its build's to tell. */
  async function guess({ project, version, sdist }: StandIn, mayFetch: boolean, signal: AbortSignal): Promise<Buffer> {
    const release = { name: project.name, version, requiresPython: sdist.requiresPython }
    const isHere = () => pathOf({ ecosystem: 'pip', sha256: sdist.sha256!, file: sdist.file }) !== null
    try {
      if (!isHere() && mayFetch && prefetch.isSmall(sdist)) await fetch([artifactOf(project, sdist)], { signal })
      return guessMetadata(release, isHere() ? await read(sdist.sha256!, sdist.file) : null)
    } catch (error) {
      if (!(error instanceof AirlockError)) throw error
      return guessMetadata(release, null)
    }
  }

  return {
    buildFor,
    read,

    /** What a project has to offer a solve beside its wheels. `withheld`: there is more, which only a further reach shows. */
    async of(project: Project, rules: Sources | null) {
      if (!rules?.allows(project.name)) return { standIns: [], withheld: false }
      const { offered, withheld } = sourcesOf(project, rules)
      const digests = offered.map(({ sdist }) => sdist.sha256!)
      const builds = (await built(digests)).filter((build) => fitsBuild(build, rules.target) && isHere(build))
      const standIns = offered.map((release) => {
        const build = builds.findLast(({ materials }) => materials[0]!.sha256 === release.sdist.sha256) ?? null
        return standInFor(release, build)
      })
      for (const standIn of standIns) remember(shown, standIn.file, standIn)
      return { standIns, withheld }
    },

    find: (file: string): StandIn | null => shown.get(file) ?? null,

    /** `mayFetch`: the source is worth fetching only to know this. */
    async metadataOf(standIn: StandIn, mayFetch: boolean, signal: AbortSignal): Promise<Buffer> {
      const made = standIn.build?.made
      return (made && (await metadata.pooled(made.sha256, made.file))) ?? guess(standIn, mayFetch, signal)
    },
  }
}

export type StandIns = ReturnType<typeof createStandIns>

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > remembered) map.delete(map.keys().next().value!)
}

/** The artifact that a stand-in means: what was built, else the source that is to be. */
export function artifactFor({ project, version, sdist, build }: StandIn) {
  const source = artifactOf(project, sdist)
  if (!build?.made) return { ...source, version, facts: { ...source.facts, source: true } }
  return {
    ...source,
    ...build.made,
    version,
    origin: builtHere,
    facts: { ...source.facts, build: build.id, source: { file: sdist.file, sha256: sdist.sha256! } },
  }
}

/** No upstream is called so: names of upstreams have no blanks. */
export const builtHere = 'built here'
