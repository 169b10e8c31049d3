/** PEP 518: what a build requires, by a solve of its own for the Python that builds, from wheels alone. */
import type { Artifact } from '../../storage/records.ts'
import { AirlockError } from '../errors.ts'
import type { PipGateway } from './gateway.ts'
import { artifactOf } from './prefetch.ts'
import type { Projects } from './projects.ts'
import { bestWheel } from './tags.ts'
import type { PipTarget } from './target.ts'
import type { CompileWithUv } from './uv.ts'

type Deps = {
  readonly gateway: PipGateway
  readonly compile: CompileWithUv
  readonly projects: Projects
  /** What holds build requirements back, whoever has them. */
  readonly constraints: readonly string[]
}

export function createBuildRequirements({ gateway, compile, projects, constraints }: Deps) {
  /** The wheels, by name; or the solver's words where there is no solution. Upstream's failures are thrown as they are. */
  return async function pin(
    requirements: readonly string[],
    builder: PipTarget,
    signal: AbortSignal,
  ): Promise<{ readonly wheels: readonly Artifact[] } | { readonly explanation: string }> {
    if (requirements.length === 0) return { wheels: [] }
    const ended = new AbortController()
    const session = gateway.open({
      signal: AbortSignal.any([signal, ended.signal]),
      target: builder,
      fresh: false,
      stale: false,
      sources: null,
      abort: (reason) => ended.abort(reason),
    })
    try {
      const indexUrl = gateway.indexUrl(session)
      const solution = await compile({ requirements, constraints, target: builder, indexUrl, signal: session.signal })
      if ('explanation' in solution) return solution
      const wheels = await Promise.all(
        solution.packages.map(async ({ name, version, wheels: compatible }) => {
          const project = session.asked.get(name) ?? (await projects.get(name, { signal: session.signal }))
          const names = new Set(compatible.map(({ file }) => file))
          const files = project?.page.files.filter(({ file, sha256 }) => sha256 !== null && names.has(file)) ?? []
          const file = bestWheel(files, builder.tags)
          if (!project || !file)
            throw new AirlockError('wheel-not-accepted', { project: name, version, target: builder.name })
          return artifactOf(project, file)
        }),
      )
      return { wheels: wheels.toSorted((a, b) => (a.file < b.file ? -1 : 1)) }
    } catch (error) {
      signal.throwIfAborted()
      throw session.failure ?? error
    } finally {
      session.close()
    }
  }
}

export type PinBuildRequirements = ReturnType<typeof createBuildRequirements>
