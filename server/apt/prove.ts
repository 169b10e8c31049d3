/** Whether a pod could install what was asked for, from the staged repository alone, asked of apt itself. */
import { join } from 'node:path'
import type { RunChild } from '../child.ts'
import type { Proof } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import { createRoot, type Base } from './root.ts'
import type { Signer } from './sign.ts'
import { together } from './solver.ts'
import type { AptStage } from './stage.ts'
import type { AptTarget } from './target.ts'
import { explainSolve } from './words.ts'

type Deps = { readonly run: RunChild; readonly signer: Signer }

const installs = /^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm

export function createProve({ run, signer }: Deps) {
  /**
   * Verifies the stage's signature as a pod would, then simulates the install of every root that stands: of all of
   * them at once, and of each alone, on the image and on a bare system. Throws `proof-failed` with apt's words.
   */
  return async function prove(target: AptTarget, stage: AptStage, signal: AbortSignal): Promise<Proof> {
    const folder = join(stage.folder, 'root')
    const staged = {
      uris: [`file:${join(stage.folder, 'tree', 'apt')}/`],
      suites: [`${target.name}/`],
      components: [],
      options: new Map([['Signed-By', 'airlock.asc']]),
      place: 'stage',
    }
    const keyring = { name: 'airlock.asc', bytes: Buffer.from(signer.publicKey) }
    const content = { ...target, sources: [staged], keyrings: [keyring] }
    const root = await createRoot(content, { folder, run, proxy: null })
    const where = { lists: join(folder, 'lists'), cache: join(folder, 'cache'), signal }

    const updated = await root.apt('apt-get', ['-eany', '-q', 'update'], { ...where, base: 'bare' })
    if (updated.status !== 0) throw failed(`${updated.stdout}\n${updated.stderr}`)

    async function simulate(base: Base, roots: readonly string[]): Promise<Record<string, string>> {
      if (roots.length === 0) return {}
      const args = ['install', '-s', '-y', '-q', '--no-remove', '--', ...together(roots, target.architectures[0])]
      const result = await root.apt('apt-get', args, { ...where, base })
      if (result.status !== 0) throw failed(explainSolve(result))
      return Object.fromEntries([...result.stdout.matchAll(installs)].map(([, name, version]) => [name!, version!]))
    }

    let picked = {}
    for (const base of ['image', 'bare'] as const) {
      const roots = stage.solution.roots[base] ?? []
      picked = { ...(await simulate(base, roots)), ...picked }
      if (roots.length > 1) for (const one of roots) await simulate(base, [one])
    }
    return { picked }
  }
}

function failed(explanation: string): AirlockError {
  return new AirlockError('proof-failed', { explanation })
}

export type Prove = ReturnType<typeof createProve>
