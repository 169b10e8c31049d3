/** Wheels that the solver looks at, fetched while it still thinks: what it touches is nearly always what it takes. */
import type { Artifact } from '../../storage/records.ts'
import type { PathOf } from '../ecosystem.ts'
import { parseWheelName } from './names.ts'
import type { Project } from './projects.ts'
import type { ProjectFile } from './simple-read.ts'

type Deps = {
  readonly fetch: (artifacts: readonly Artifact[], options: { readonly signal: AbortSignal }) => Promise<void>
  readonly pathOf: PathOf
  readonly legible: (artifact: Artifact, signal: AbortSignal) => Promise<void>
  /** Bytes up to which a wheel is worth the risk. */
  readonly overlap: number
}

/** Files of one project that a solve may have under way: it rarely looks at more before it decides. */
const perProject = 2
/** ms that a fetch goes on without its solve: the job's own download takes it over by then. */
const grace = 5000

export function createPrefetch({ fetch, legible, pathOf, overlap }: Deps) {
  /** What one solve has begun to fetch. */
  function open() {
    const begun = new Map<string, number>()
    const abort = new AbortController()
    return {
      /** Begins to fetch a small wheel, unless the solve has enough of this project under way. */
      begin(project: Project, file: ProjectFile): void {
        const count = begun.get(project.name) ?? 0
        if (count >= perProject || !isSmall(file) || pathOf(placeOf(file)) !== null) return
        begun.set(project.name, count + 1)
        // a failure is the job's own download's to tell
        fetch([artifactOf(project, file)], { signal: abort.signal }).catch(() => {})
      },
      close: (): void => void setTimeout(() => abort.abort(new Error('the solve is over')), grace).unref(),
    }
  }

  function isSmall(file: ProjectFile): boolean {
    return file.size !== null && file.size <= overlap
  }

  return {
    open,
    isSmall,
    /** Resolves when a wheel is here and can be read. */
    whole: (project: Project, file: ProjectFile, signal: AbortSignal) => legible(artifactOf(project, file), signal),
  }
}

export type Prefetch = ReturnType<typeof createPrefetch>

function placeOf(file: ProjectFile) {
  return { ecosystem: 'pip', sha256: file.sha256!, file: file.file }
}

/** Upstream's file as the artifact it will be. Invariant: it has a SHA-256, as everything that the gateway shows. */
export function artifactOf(project: Project, file: ProjectFile): Artifact {
  return {
    ...placeOf(file),
    name: project.name,
    version: parseWheelName(file.file)?.version ?? '',
    size: file.size,
    origin: project.origin,
    url: file.url,
    uploadedAt: file.uploadedAt,
    facts: { requiresPython: file.requiresPython, yanked: file.yanked },
  }
}
