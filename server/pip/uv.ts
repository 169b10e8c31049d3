/** uv as a child: the whole of what it is told, and nothing that this machine's environment might add. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { RunChild } from '../child.ts'
import { AirlockError } from '../errors.ts'
import { readPylock, type LockedPackage } from './lock.ts'
import type { PipTarget } from './target.ts'

/** The packages of a solve, or uv's explanation of why there is none. */
export type Solution = { readonly packages: readonly LockedPackage[] } | { readonly explanation: string }

type Deps = {
  readonly run: RunChild
  /** The pinned binary. */
  readonly uv: string
  /** Any Python 3 that runs here: uv wants one even to solve for another. */
  readonly python: string
  /** AIRLOCK_STATE's folders. */
  readonly work: string
  readonly cache: string
}

export function createUv({ run, uv, python, work, cache }: Deps) {
  /**
   * Pins what `requirements` need on a target, with the index at `indexUrl` alone. No package's code runs and no other
   * address is asked. Throws `solver-failed` when uv ends in a way that is no answer.
   */
  return async function compile(
    requirements: readonly string[],
    target: PipTarget,
    indexUrl: string,
    signal: AbortSignal,
  ): Promise<Solution> {
    await mkdir(work, { recursive: true, mode: 0o700 })
    const folder = await mkdtemp(join(work, 'solve-'))
    try {
      const input = join(folder, 'requirements.in')
      const output = join(folder, 'pylock.toml')
      await writeFile(input, requirements.map((line) => `${line}\n`).join(''))
      const args = [
        'pip',
        'compile',
        '--no-config',
        '--no-header',
        '--no-build',
        '--no-python-downloads',
        '--no-progress',
        '--quiet',
      ]
      args.push(
        '--color',
        'never',
        '--format',
        'pylock.toml',
        '--output-file',
        output,
        '--cache-dir',
        cache,
        '--python',
        python,
      )
      args.push(
        '--python-version',
        target.python,
        '--python-platform',
        target.platform,
        '--default-index',
        indexUrl,
        '--',
        input,
      )
      const env = {
        PATH: '/usr/bin:/bin',
        HOME: folder,
        TMPDIR: folder,
        LC_ALL: 'C.UTF-8',
        NO_PROXY: '127.0.0.1',
        UV_HTTP_TIMEOUT: '600',
      }
      const { status, stderr } = await run(uv, args, { env, cwd: folder, signal })
      if (status === 0) return { packages: readPylock(await readFile(output, 'utf8')) }
      // uv: 1 is an answer (no solution), 2 is a failure of its own
      if (status === 1) return { explanation: readable(stderr) }
      throw new AirlockError('solver-failed', { solver: 'uv', status: status ?? 'killed', output: readable(stderr) })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

export type CompileWithUv = ReturnType<typeof createUv>

/** uv's words without colours, boxes and the address of our gateway. */
function readable(stderr: string): string {
  return stripVTControlCharacters(stderr)
    .replace(/http:\/\/(?:[^\s/@]+@)?127\.0\.0\.1:\d+\/\S*/g, 'the index')
    .split('\n')
    .map((line) =>
      line.replace(/^\s*(?:×|╰─▶|│|hint:)?\s*/u, (lead) => (lead.includes('hint') ? 'hint: ' : '')).trimEnd(),
    )
    .filter((line) => line !== '')
    .join('\n')
    .slice(0, 8000)
}
