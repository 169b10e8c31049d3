/** This machine's Python, asked once at the start: Airlock shares the HomePods' image, so its answers are theirs. */
import { access, constants } from 'node:fs/promises'
import { delimiter, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { RunChild } from '../child.ts'
import { AirlockError } from '../errors.ts'

const answerSchema = z.object({
  executable: z.string(),
  version: z.string(),
  implementation: z.string(),
  machine: z.string(),
  libc: z.tuple([z.string(), z.string()]),
  tags: z.array(z.string()).nullable(),
  base: z.object({ executable: z.string(), prefix: z.string() }),
  index: z.union([
    z.object({
      url: z.string().nullable(),
      source: z.string(),
      files: z.string().nullable(),
      extra: z.array(z.string()),
      cert: z.string().nullable(),
      proxy: z.string().nullable(),
    }),
    z.object({ error: z.string() }),
  ]),
})

export type Interpreter = Omit<z.infer<typeof answerSchema>, 'index'> & {
  /** The path it was found at, before symlinks and shims. */
  readonly found: string
  /** Where it was found: `AIRLOCK_PYTHON` or `the first python3 on PATH`. */
  readonly source: string
  readonly index: {
    /** The host on which pip knows the index's files to be. */
    readonly files: string | null
    /** pip's index URL, credentials included; null where this pip has none. */
    readonly url: string | null
    readonly source: string
    readonly extra: readonly string[]
    readonly cert: string | null
    readonly proxy: string | null
  }
}

type Deps = {
  readonly run: RunChild
  readonly env: Readonly<Record<string, string | undefined>>
  /** `AIRLOCK_PYTHON`. */
  readonly given: string | null
  /** Our own folder, whose Pythons are not the pods'. */
  readonly project: string
  readonly signal: AbortSignal
}

/** Asks the interpreter what it is and where its pip looks. Throws `python-missing`. */
export async function askInterpreter({ run, env, given, project, signal }: Deps): Promise<Interpreter> {
  const found = given ?? (await firstPython(env.PATH ?? '', project))
  if (found === null)
    throw new AirlockError('python-missing', { reason: { en: 'no python3 on PATH', zh: 'PATH 上没有 python3' } })
  const script = fileURLToPath(new URL('interpreter.py', import.meta.url))
  const inherited = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  const { status, stdout, stderr } = await run(found, [script], {
    env: { ...inherited, PYTHONDONTWRITEBYTECODE: '1' },
    signal,
  })
  if (status !== 0)
    throw new AirlockError('python-missing', {
      reason: `${found}: ${stderr.trim().split('\n').at(-1) ?? `status ${status}`}`,
    })
  const answer = answerSchema.parse(JSON.parse(stdout))
  if (!answer.version.startsWith('3.'))
    throw new AirlockError('python-missing', {
      reason: { en: `${found} is Python ${answer.version}`, zh: `${found} 是 Python ${answer.version}` },
    })
  const index =
    'error' in answer.index
      ? {
          url: null,
          files: null,
          source: `pip cannot be asked (${answer.index.error})`,
          extra: [],
          cert: null,
          proxy: null,
        }
      : answer.index
  return { ...answer, index, found, source: given === null ? 'the first python3 on PATH' : 'AIRLOCK_PYTHON' }
}

async function firstPython(path: string, project: string): Promise<string | null> {
  for (const folder of path.split(delimiter)) {
    if (folder === '' || folder === project || folder.startsWith(project + sep)) continue
    const candidate = join(folder, 'python3')
    if (
      await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return candidate
  }
  return null
}
