import type { Job } from '../../storage/records.ts'
import type { Proof } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { PipOptions } from './requirements-file.ts'
import type { CompileWithUv } from './uv.ts'
import type { PipTarget } from './target.ts'

type Deps = { readonly compile: CompileWithUv; readonly gatewayUrl: () => string }

export function createProve({ compile, gatewayUrl }: Deps) {
  /**
   * Solves the same requirements for the same target against the staged index alone, where only wheels are. The address
   * is the same for every stage of an index, so that uv's cache serves the next proof: pages are revalidated, metadata
   * is addressed by digest. Throws `proof-failed` with uv's words.
   */
  return async function prove(job: Job, target: PipTarget, signal: AbortSignal): Promise<Proof> {
    const indexUrl = new URL(`/pip/stage/${target.index}/`, gatewayUrl()).href
    const { constraints, locked } = job.options as PipOptions
    const { installed } = target
    const solution = await compile({
      requirements: job.roots,
      constraints,
      locked,
      installed,
      target,
      indexUrl,
      signal,
    })
    if ('explanation' in solution) throw new AirlockError('proof-failed', { explanation: solution.explanation })
    return { picked: Object.fromEntries(solution.packages.map(({ name, version }) => [name, version])) }
  }
}
