/**
 * PEP 508's environment markers: read, written in normal form, and judged for a target. Judged only to draw who needs whom;
 * what is installed is the solver's decision.
 */
import { normalizeName } from './names.ts'
import { createScanner, GrammarError, type Scanner } from './scanner.ts'
import { isSpecifier, operators, takes, type Operator } from './specifiers.ts'
import { readPlatform, type Interpreter } from './tags.ts'

const variables = [
  'python_version',
  'python_full_version',
  'os_name',
  'sys_platform',
  'platform_release',
  'platform_system',
  'platform_version',
  'platform_machine',
  'platform_python_implementation',
  'implementation_name',
  'implementation_version',
  'extra',
] as const
export type Variable = (typeof variables)[number]

/** PEP 345's spellings, which old metadata has. */
const olderSpellings: Readonly<Record<string, Variable>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
}

const versions: ReadonlySet<Variable> = new Set(['python_version', 'python_full_version', 'implementation_version'])

export type Operand = { readonly variable: Variable } | { readonly text: string }
export type MarkerOperator = Operator | 'in' | 'not in'
export type Marker =
  | { readonly kind: 'compare'; readonly left: Operand; readonly operator: MarkerOperator; readonly right: Operand }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Marker[] }

/** What a marker's variables are; `extra` is the one asked for, or nothing. */
export type MarkerEnvironment = Readonly<Record<Exclude<Variable, 'extra'>, string>>

/** Real ones have a handful. */
const maxComparisons = 64
const maxDepth = 16

/** Throws GrammarError with what does not fit. */
export function parseMarker(text: string): Marker {
  const scanner = createScanner(text)
  let comparisons = 0

  function either(depth: number): Marker {
    return chain('or', /or\b/y, () => chain('and', /and\b/y, () => single(depth)))
  }

  function chain(kind: 'and' | 'or', word: RegExp, next: () => Marker): Marker {
    const parts = [next()]
    while (scanner.take(word)) parts.push(next())
    // what is nested in its own kind is the same without the brackets
    const flat = parts.flatMap((part) => (part.kind === kind ? part.parts : [part]))
    return flat.length === 1 ? flat[0]! : { kind, parts: flat }
  }

  function single(depth: number): Marker {
    if (!scanner.take(/\(/y)) return comparison()
    if (depth >= maxDepth) throw tooLong()
    const marker = either(depth + 1)
    if (!scanner.take(/\)/y)) throw unexpected(scanner, ')')
    return marker
  }

  function comparison(): Marker {
    if (++comparisons > maxComparisons) throw tooLong()
    const left = operand(scanner)
    const operator = takeOperator(scanner)
    const right = operand(scanner)
    if ('text' in left && 'text' in right) {
      throw new GrammarError({
        en: `the marker compares two texts: “${left.text}” and “${right.text}”`,
        zh: `marker 比较了两个字符串：“${left.text}” 与 “${right.text}”`,
      })
    }
    return { kind: 'compare', left, operator, right }
  }

  const marker = either(0)
  if (!scanner.isDone()) throw unexpected(scanner, 'and, or')
  return marker
}

const tooLong = () => new GrammarError({ en: 'the marker is too long', zh: 'marker 过长' })

function unexpected(scanner: Scanner, expected: string): GrammarError {
  const found = scanner.rest().slice(0, 40)
  return new GrammarError(
    found === ''
      ? { en: `the marker ends where ${expected} should be`, zh: `marker 不完整，应为 ${expected}` }
      : {
          en: `in the marker, “${found}” stands where ${expected} should be`,
          zh: `marker 中 “${found}” 处应为 ${expected}`,
        },
  )
}

function operand(scanner: Scanner): Operand {
  const [, double, single] = scanner.take(/"([^"\\]*)"|'([^'\\]*)'/y) ?? []
  const text = double ?? single
  if (text !== undefined) return { text }
  const [word] = scanner.take(/[A-Za-z_]+(?:\.[A-Za-z_]+)?/y) ?? []
  if (word === undefined) throw unexpected(scanner, '"…"')
  const variable = olderSpellings[word] ?? variables.find((known) => known === word)
  if (variable !== undefined) return { variable }
  throw new GrammarError({
    en: `“${word}” is not a marker’s variable: those are ${variables.join(', ')}`,
    zh: `“${word}” 不是 marker 变量，可用：${variables.join('、')}`,
  })
}

const operatorPattern = new RegExp(`${operators.join('|')}|not\\s+in\\b|in\\b`, 'y')

function takeOperator(scanner: Scanner): MarkerOperator {
  const [operator] = scanner.take(operatorPattern) ?? []
  if (operator === undefined) throw unexpected(scanner, '==, !=, <, <=, >, >=, ~=, in, not in')
  return (operator.startsWith('not') ? 'not in' : operator) as MarkerOperator
}

/** Normal form: current names, double quotes where they fit, brackets only where they are needed. */
export function renderMarker(marker: Marker): string {
  if (marker.kind === 'compare')
    return `${renderOperand(marker.left)} ${marker.operator} ${renderOperand(marker.right)}`
  return marker.parts
    .map((part) => (marker.kind === 'and' && part.kind === 'or' ? `(${renderMarker(part)})` : renderMarker(part)))
    .join(` ${marker.kind} `)
}

function renderOperand(operand: Operand): string {
  if ('variable' in operand) return operand.variable
  const quote = operand.text.includes('"') ? "'" : '"'
  return `${quote}${operand.text}${quote}`
}

/** Every variable that a marker asks for. */
export function variablesOf(marker: Marker): ReadonlySet<Variable> {
  if (marker.kind !== 'compare') return new Set(marker.parts.flatMap((part) => [...variablesOf(part)]))
  return new Set([marker.left, marker.right].flatMap((operand) => ('variable' in operand ? [operand.variable] : [])))
}

/** A target's environment. Kernel texts are unknown and empty: nothing that is solved for a kind of pod depends on them. */
export function markerEnvironment({ python, implementation, platform }: Interpreter): MarkerEnvironment {
  return {
    python_version: python.split('.').slice(0, 2).join('.'),
    python_full_version: python,
    os_name: 'posix',
    sys_platform: 'linux',
    platform_release: '',
    platform_system: 'Linux',
    platform_version: '',
    platform_machine: readPlatform(platform).machine,
    platform_python_implementation: implementation === 'cpython' ? 'CPython' : implementation,
    implementation_name: implementation,
    implementation_version: python,
  }
}

/** Whether a marker holds, with one extra asked for, or none (`''`). A comparison without meaning does not hold. */
export function evaluateMarker(marker: Marker, environment: MarkerEnvironment, extra = ''): boolean {
  if (marker.kind !== 'compare') {
    const holds = (part: Marker) => evaluateMarker(part, environment, extra)
    return marker.kind === 'and' ? marker.parts.every(holds) : marker.parts.some(holds)
  }
  const { left, operator, right } = marker
  const about = [left, right].flatMap((operand) => ('variable' in operand ? [operand.variable] : []))
  const isExtra = about.includes('extra')
  const valueOf = (operand: Operand) => {
    if ('text' in operand) return isExtra ? normalizeName(operand.text) : operand.text
    return operand.variable === 'extra' ? normalizeName(extra) : environment[operand.variable]
  }
  return compare(
    valueOf(left),
    operator,
    valueOf(right),
    about.some((variable) => versions.has(variable)),
  )
}

function compare(left: string, operator: MarkerOperator, right: string, areVersions: boolean): boolean {
  if (operator === 'in') return right.includes(left)
  if (operator === 'not in') return !right.includes(left)
  if (areVersions && isSpecifier({ operator, version: right })) return takes({ operator, version: right }, left)
  switch (operator) {
    case '==':
    case '===':
      return left === right
    case '!=':
      return left !== right
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
    case '~=':
      return false
  }
}
