/** uv as a child: the whole of what it is told, and nothing that this machine's environment might add. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { RunChild } from '../child.ts'
import { AirlockError } from '../errors.ts'
import type { Pin } from './installed.ts'
import { readPylock, renderPins, type LockedPackage } from './lock.ts'
import type { PipTarget } from './target.ts'
import { inWorkFolder, type Work } from './work-folder.ts'

/** The packages of a solve, or uv's explanation of why there is none. */
export type Solution = { readonly packages: readonly LockedPackage[] } | { readonly explanation: string }

export type Question = {
  /** PEP 508 lines in canonical form. */
  readonly requirements: readonly string[]
  readonly constraints?: readonly string[] | undefined
  /** Releases that the pod has, taken where they fit. */
  readonly installed?: readonly Pin[]
  /** The requirements are all there is: nothing that they need is added. */
  readonly locked?: boolean | undefined
  readonly target: PipTarget
  readonly indexUrl: string
  readonly signal: AbortSignal
}

type Deps = Work & {
  readonly run: RunChild
  /** The pinned binary. */
  readonly uv: string
  /** Any Python 3 that runs here: uv wants one even to solve for another. */
  readonly python: string
  /** AIRLOCK_STATE's folder. */
  readonly cache: string
}

/** No other configuration, no command line of ours in the lock, no package's code, no Python fetched from elsewhere. */
const command = 'pip compile --no-config --no-header --no-build --no-python-downloads --no-progress --quiet'.split(' ')

export function createUv({ run, uv, python, cache, ...workFolder }: Deps) {
  /**
   * Pins what a question needs on a target, with its index alone. No package's code runs and no other address is asked.
   * Throws `solver-failed` when uv ends in a way that is no answer.
   */
  return async function compile({
    requirements,
    constraints = [],
    installed = [],
    locked = false,
    target,
    indexUrl,
    signal,
  }: Question): Promise<Solution> {
    return inWorkFolder(workFolder, 'solve-', async (folder) => {
      const input = join(folder, 'requirements.in')
      const constraining = join(folder, 'constraints.txt')
      const output = join(folder, 'pylock.toml')
      await writeFile(input, requirements.map((line) => `${line}\n`).join(''))
      await writeFile(constraining, constraints.map((line) => `${line}\n`).join(''))
      // uv takes the pins of an output file that exists for soft preferences
      if (installed.length > 0) await writeFile(output, renderPins(installed))
      const options = {
        color: 'never',
        format: 'pylock.toml',
        'output-file': output,
        'cache-dir': cache,
        python,
        'python-version': target.python,
        'python-platform': target.platform,
        'default-index': indexUrl,
        constraints: constraining,
      }
      const args = [
        ...command,
        ...(locked ? ['--no-deps'] : []),
        ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
        '--',
        input,
      ]
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
    })
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
