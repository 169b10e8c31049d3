/** Kinds of HomePod as pip sees them. */
import type { PipTargetConfig } from '../config.ts'
import type { PodChoice, Target } from '../ecosystem.ts'
import { AirlockError, type Phrase } from '../errors.ts'
import type { PodDescription, PodPython } from '../pod-description.ts'
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
  if (configured.size === 0) return new Map([['default', hostTarget(interpreter)]])
  return new Map(
    [...configured].map(([name, { installed, ...knobs }]) => {
      const freeze = installed === undefined ? undefined : readFreeze(read(installed))
      return [name, describe({ name, source: 'airlock.yaml', ...knobs, freeze })]
    }),
  )
}

/** An interpreter of this machine as a target: the pods' where none is configured, and what a build may install. */
export function hostTarget(interpreter: Interpreter): PipTarget {
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

/** What a pod says of one of its Pythons, as a target. Throws `pod-python-unknown`, `pod-description-invalid`. */
export function pipTargetOfPod(name: string, pod: PodDescription, { python, index }: PodChoice): PipTarget | null {
  if (pod.pythons.length === 0 && python === null) return null
  const chosen = choosePython(pod.pythons, python)
  const wrong = (reason: Phrase) =>
    new AirlockError('pod-description-invalid', { line: chosen.line, reason, instead: otherPython })
  // pre-releases and builds say more: `3.14.0rc2`, `3.12.3+`
  const version = /^3\.\d{1,2}\.\d{1,3}(?!\d)/.exec(chosen.version)?.[0]
  if (version === undefined) throw wrong(unfit.version)
  if (chosen.implementation !== 'cpython') throw wrong(unfit.implementation)
  const platform = platformOf(chosen.platform, pod.libc)
  if (platform === null) throw wrong(unfit.platform)
  const knobs = { python: version, implementation: 'cpython', platform }
  if (!isKnown(knobs)) throw wrong(unfit.platform)
  return describe({
    ...knobs,
    name,
    source: `a pod’s description, ${chosen.path}`,
    index,
    tags: chosen.tags ?? undefined,
    freeze: chosen.freeze === null ? undefined : readFreeze(chosen.freeze),
  })
}

function choosePython(pythons: readonly PodPython[], wanted: string | null): PodPython {
  const [only, ...others] = pythons
  const chosen =
    wanted === null
      ? (pythons.find(({ isDefault }) => isDefault) ?? (others.length === 0 ? only : undefined))
      : pythons.find(({ path }) => path === wanted)
  if (chosen) return chosen
  throw new AirlockError('pod-python-unknown', { python: wanted ?? '', known: pythons.map(({ path }) => path) })
}

/** uv's name of a platform, from itself (with a glibc that uv may not know yet) or from sysconfig's; any other as it is. */
function platformOf(given: string, libc: PodDescription['libc']): string | null {
  const [, machine, minor] = /^([a-z0-9_]+)-manylinux_2_(\d{1,2})$/.exec(given) ?? []
  if (machine !== undefined) return uvPlatform({ machine, libc: ['glibc', `2.${minor}`] })
  const [, processor] = /^linux[-_]([a-z0-9_]+)$/.exec(given) ?? []
  if (processor === undefined) return given
  return libc && uvPlatform({ machine: processor, libc: [libc.name, libc.version] })
}

function isKnown(knobs: Pick<Knobs, 'python' | 'implementation' | 'platform'>): boolean {
  try {
    return supportedTags(knobs).length > 0
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

const otherPython: Phrase = {
  en: 'Choose another of its Pythons with --python, or leave pip out with --only apt.',
  zh: '请用 --python 选择其他 Python，或用 --only apt 不含 pip。',
}

const unfit = {
  version: { en: 'this Python is not 3.x.y', zh: '该 Python 的版本不是 3.x.y' },
  implementation: { en: 'this Python is not CPython', zh: '该 Python 不是 CPython' },
  platform: { en: 'this Python’s platform is none that uv can solve for', zh: '该 Python 的平台不在 uv 支持之列' },
} as const satisfies Record<string, Phrase>
