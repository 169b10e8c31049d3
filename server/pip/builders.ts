/** The Pythons of this machine that build: the one that Airlock knows its default target from, and those it is told of. */
import type { Interpreter } from './interpreter.ts'
import { runsOnPlatform } from './sources.ts'
import { hostTarget, type PipTarget } from './target.ts'

export type Builder = {
  /** Behind any link, shim or environment. */
  readonly executable: string
  /** Where it lives, beside what every sandbox sees. */
  readonly folders: readonly string[]
  /** What it is: build requirements are solved for this. */
  readonly target: PipTarget
}

export function builderOf(interpreter: Interpreter): Builder {
  const { executable, prefix } = interpreter.base
  const isSystem = prefix === '/usr' || prefix.startsWith('/usr/')
  return { executable, folders: isSystem ? [] : [prefix], target: hostTarget(interpreter) }
}

/** The builder whose compiled results a target loads; else one of the same Python; else the first. Pure results serve any. */
export function chooseBuilder(builders: readonly Builder[], target: PipTarget): Builder {
  const kind = builders.find((builder) => isKindOf(builder.target, target))
  return kind ?? builders.find((builder) => isSamePython(builder.target, target)) ?? builders[0]!
}

/** Whether what is compiled for one Python and platform runs on another. */
export function isKindOf(builder: PipTarget, target: PipTarget): boolean {
  return isSamePython(builder, target) && runsOnPlatform(builder.platform, target.platform)
}

function isSamePython(builder: PipTarget, target: PipTarget): boolean {
  const minor = ({ python }: PipTarget) => python.split('.').slice(0, 2).join('.')
  return builder.implementation === target.implementation && minor(builder) === minor(target)
}
