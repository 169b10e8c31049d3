/** What a closure's roots are like to import: installed and tried in a sandbox, once they are in the index. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Closure, Remark } from '../../storage/records.ts'
import type { PathOf, Sandbox } from '../ecosystem.ts'
import { isKindOf, type Builder } from './builders.ts'
import type { BuildLimits } from './build-run.ts'
import { missingLibrary, packageOfLibrary } from './libraries.ts'
import type { PipTarget } from './target.ts'
import { inWorkFolder, type Work } from './work-folder.ts'

const driver = fileURLToPath(new URL('imports.py', import.meta.url))
const inputs = '/build/in'

/** Seconds that one root may take, and all of them with their installation. */
const patience = { root: 60, all: 300 }
/** No more roots are tried: a list of a hundred is no longer read. */
const mostRoots = 20

const codes = ['imports', 'import-fails', 'import-lacks-library'] as const

const shown = z
  .string()
  .max(2000)
  .transform((text) => text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').slice(0, 300))
const module = z.string().regex(/^[\p{L}\p{N}_.]{1,200}$/u)

/** Written where the packages' own code runs, so that it may say anything. */
const answerSchema = z
  .array(
    z.object({
      root: shown,
      modules: z.array(module).max(20),
      seconds: z.number().min(0).max(patience.all),
      error: z.object({ module: shown, kind: shown, message: shown }).nullable(),
    }),
  )
  .max(mostRoots)

type Tried = z.infer<typeof answerSchema>[number]

type Deps = Work & {
  readonly sandbox: Sandbox
  /** Those whose kind of target is tried. */
  readonly builders: readonly Builder[]
  readonly limits: BuildLimits
  /** Bytes of wheels up to which a closure is tried; 0: none is. */
  readonly upTo: number
  readonly pathOf: PathOf
  readonly uv: string
}

export function createTryImports({ sandbox, builders, limits, upTo, pathOf, uv, ...workFolder }: Deps) {
  /**
   * Says how the roots' own modules import; nothing where that has been said of this answer, where no Python of this machine is the target's, the closure is too
   * large, or there is no sandbox. Rejects on abort, and where the sandbox itself fails.
   */
  return async function tryImports(
    { items, remarks }: Closure,
    target: PipTarget,
    signal: AbortSignal,
  ): Promise<readonly Remark[]> {
    if (remarks.some(({ code }) => (codes as readonly string[]).includes(code))) return []
    const builder = builders.find((one) => isKindOf(one.target, target))
    const wheels = items.map(({ artifact }) => artifact)
    const bytes = wheels.reduce((sum, { size }) => sum + (size ?? Infinity), 0)
    if (!sandbox.available.ok || builder === undefined || bytes > upTo || wheels.length === 0) return []
    const paths = wheels.map((wheel) => ({ from: pathOf(wheel), to: `${inputs}/wheels/${wheel.file}` }))
    const given = paths.flatMap(({ from, to }) => (from === null ? [] : [{ from, to }]))
    if (given.length < wheels.length) return []
    const roots = items.flatMap(({ isRoot, artifact }) => (isRoot ? [artifact.name] : [])).slice(0, mostRoots)
    const plan = { uv: `${inputs}/uv`, wheels: `${inputs}/wheels`, roots, seconds: patience.root }
    return inWorkFolder(workFolder, 'imports-', async (into) => {
      const { outputs } = await sandbox.run(
        {
          command: [builder.executable, '-I', `${inputs}/imports.py`, JSON.stringify(plan)],
          inputs: [
            { from: driver, to: `${inputs}/imports.py` },
            { from: uv, to: plan.uv },
            ...given,
            ...builder.folders.map((folder) => ({ from: folder, to: folder })),
          ],
          outputFolder: '/build/out',
          env: { PATH: '/usr/bin:/bin', HOME: '/tmp', TMPDIR: '/tmp', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
          cwd: '/build',
          limits: {
            cpuSeconds: patience.all,
            wallSeconds: patience.all,
            memoryBytes: limits.memory,
            processes: 256,
            diskBytes: limits.disk,
            files: 200_000,
            logBytes: 1 << 20,
            outputBytes: 1 << 20,
          },
          signal,
        },
        into,
      )
      const answer = outputs.find(({ name }) => name === 'imports.json')
      return answer === undefined ? [] : remarksOf(await readFile(answer.path, 'utf8'))
    })
  }
}

/** One remark for all that import, one for each that does not. */
function remarksOf(text: string): readonly Remark[] {
  const answer = answerSchema.safeParse(parsed(text))
  if (!answer.success) return []
  const tried = answer.data.filter(({ modules }) => modules.length > 0)
  const good = tried.filter(({ error }) => error === null)
  const modules = good.flatMap((one) => one.modules)
  const seconds = Math.max(
    0.1,
    good.reduce((sum, one) => sum + one.seconds, 0),
  ).toFixed(1)
  const well: Remark[] = modules.length === 0 ? [] : [{ code: 'imports', fields: { modules, seconds } }]
  return [...well, ...tried.flatMap(failureOf)]
}

function failureOf({ root, error }: Tried): readonly Remark[] {
  if (error === null) return []
  const library = missingLibrary(error.message)
  if (library === null)
    return [{ code: 'import-fails', fields: { root, module: error.module, reason: reasonOf(error) } }]
  const instead = whereFrom(packageOfLibrary(library))
  return [{ code: 'import-lacks-library', fields: { root, module: error.module, library, instead } }]
}

function reasonOf({ kind, message }: NonNullable<Tried['error']>) {
  if (kind === 'timeout') return { en: `it takes longer than ${patience.root} s`, zh: `超过 ${patience.root} 秒` }
  if (kind === 'ended') return { en: `Python ended with ${message}`, zh: `Python 异常退出（${message}）` }
  const said = `${kind}: ${message}`
  return { en: said, zh: said }
}

function whereFrom(name: string | null) {
  return name === null
    ? { en: 'Find the Debian package that has it, and ask for that.', zh: '请查找包含它的 Debian 软件包并申请。' }
    : {
        en: `Debian has it in ${name}: \`airlock request apt ${name}\`.`,
        zh: `Debian 中由 ${name} 提供：\`airlock request apt ${name}\`。`,
      }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
