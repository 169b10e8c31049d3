/** Kinds of HomePod as pip sees them. */
import type { PipTargetConfig } from '../config.ts'
import type { Target } from '../ecosystem.ts'
import { readFreeze, type Installed, type Pin } from './installed.ts'
import type { Interpreter } from './interpreter.ts'
import { supportedTags } from './tags.ts'

export type PipTarget = Target & {
  /** Full: requires-python is judged by the patch version too. */
  readonly python: string
  readonly implementation: string
  /** uv's name. */
  readonly platform: string
  /** Best first. */
  readonly tags: readonly string[]
  readonly index: string
  /** The pod's own releases, preferred where they fit. */
  readonly installed: readonly Pin[]
}

/** The minor glibc versions that uv has platforms for. */
const uvGlibcMinors = [17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40]

/** `read` reads a file that the configuration names. The configured targets; with none, `default`: what the interpreter is. */
export function pipTargets(
  configured: ReadonlyMap<string, PipTargetConfig>,
  interpreter: Interpreter,
  read: (path: string) => string,
): ReadonlyMap<string, PipTarget> {
  if (configured.size === 0) return new Map([['default', defaultTarget(interpreter)]])
  return new Map(
    [...configured].map(([name, { installed, ...knobs }]) => {
      const freeze = installed === undefined ? undefined : readFreeze(read(installed))
      return [name, describe({ name, source: 'airlock.yaml', ...knobs, freeze })]
    }),
  )
}

function defaultTarget(interpreter: Interpreter): PipTarget {
  const { version, implementation, tags } = interpreter
  const source = `${interpreter.source}, ${interpreter.found}`
  return describe({
    name: 'default',
    source,
    python: version,
    implementation,
    platform: uvPlatform(interpreter),
    index: 'simple',
    tags: tags ?? undefined,
  })
}

type Knobs = {
  readonly name: string
  readonly source: string
  readonly python: string
  readonly implementation: string
  readonly platform: string
  readonly index: string
  readonly tags?: readonly string[] | undefined
  readonly freeze?: Installed | undefined
}

function describe({ name, source, python, implementation, platform, index, tags, freeze }: Knobs): PipTarget {
  return {
    name,
    lane: `pip/${index}`,
    source,
    summary: `${implementation === 'cpython' ? 'Python' : implementation} ${python}, ${platform}`,
    facts: {
      python,
      implementation,
      platform,
      index,
      ...(freeze && { installed: freeze.pins.length, notOnAnIndex: freeze.dropped }),
    },
    python,
    implementation,
    platform,
    tags: tags ?? supportedTags({ python, implementation, platform }),
    index,
    installed: freeze?.pins ?? [],
  }
}

/** The newest of uv's platforms that an interpreter's C library can load. */
export function uvPlatform({ machine, libc: [name, version] }: Pick<Interpreter, 'machine' | 'libc'>): string {
  if (name !== 'glibc') return `${machine}-unknown-linux-musl`
  const minor = Number(version.split('.')[1])
  const known = uvGlibcMinors.findLast((candidate) => candidate <= minor) ?? uvGlibcMinors[0]
  return `${machine}-manylinux_2_${known}`
}
