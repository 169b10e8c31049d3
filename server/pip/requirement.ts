/**
 * PEP 508 requirements. What people type is held to a strict grammar before anything else sees it: a name, extras, version
 * specifiers, a marker. What packages declare is read leniently, as they are out there already.
 */
import { AirlockError, type Phrase } from '../errors.ts'
import { parseMarker, renderMarker, variablesOf, type Marker } from './marker.ts'
import { isProjectName, normalizeName } from './names.ts'
import { faults } from './requirement-words.ts'
import { refusalOf } from './requirement-refusals.ts'
import { createScanner, GrammarError, type Scanner } from './scanner.ts'
import { canonicalSpecifier, isSpecifier, operators, type Operator } from './specifiers.ts'
import { order } from './versions.ts'

export type Requirement = {
  /** Normalised. */
  readonly name: string
  /** Normalised, sorted, without repetition. */
  readonly extras: readonly string[]
  /** Sorted, comma-separated; `''`: any version. */
  readonly specifier: string
  readonly marker: Marker | null
  /** Normal form: equal texts ask for the same. */
  readonly text: string
}

export const maxLine = 1000
export const maxLines = 1000
const maxExtras = 64
const maxSpecifiers = 32

/**
 * Lines as people send them: blank ones and comments are dropped. Throws `requirement-invalid` or `requirement-refused` for
 * the first line that is not taken, or when nothing is left.
 */
export function parseRequirements(lines: readonly string[]): readonly Requirement[] {
  if (lines.length > maxLines) throw invalid('', faults.tooMany(maxLines))
  const asked = lines.filter((line) => !/^\s*(?:#.*)?$/.test(line))
  if (asked.length === 0) throw invalid('', faults.empty)
  return asked.map(parseRequirement)
}

/** One line. Throws `requirement-invalid` or `requirement-refused` with the item, the reason, and what to write. */
export function parseRequirement(line: string): Requirement {
  if (line.length > maxLine) throw invalid(line, faults.tooLong(maxLine))
  // what pip takes for a comment, also within quotes
  const item = line.replace(/(?:^|\s)#.*$/, '').trim()
  if (/[\r\n]/.test(item)) throw invalid(line, faults.lines)
  const refusal = refusalOf(item)
  if (refusal) throw new AirlockError('requirement-refused', { item: shown(item), ...refusal })
  const strange = /[^\t\x20-\x7e]/u.exec(item)?.[0]
  if (strange !== undefined) throw invalid(line, faults.character(strange))
  try {
    return read(item)
  } catch (error) {
    if (error instanceof GrammarError) throw invalid(item, error.reason, exampleFor(item))
    throw error
  }
}

/**
 * A package's own Requires-Dist. Null: unreadable even so. Old metadata has versions in brackets, `>=1.*` and worse: those
 * do not matter here, the solver judges them.
 */
export function parseDependency(text: string): Requirement | null {
  const scanner = createScanner(text.slice(0, 4096))
  try {
    const { name, extras } = readProject(scanner)
    const specifier = (scanner.take(/@\s*\S+|[^;]*/y)?.[0] ?? '').trim()
    const marker = scanner.take(/;/y) ? parseMarker(scanner.rest()) : null
    return describe(name, extras, specifier, marker)
  } catch (error) {
    if (error instanceof GrammarError) return null
    throw error
  }
}

function read(item: string): Requirement {
  if (item === '') throw new GrammarError(faults.empty)
  if (/^["']/.test(item)) throw new GrammarError(faults.quotes)
  const scanner = createScanner(item)
  const { name, extras } = readProject(scanner)
  const isBracketed = scanner.take(/\(/y) !== null
  const specifiers = readSpecifiers(scanner)
  if (isBracketed && !scanner.take(/\)/y)) throw new GrammarError(faults.bracket)
  const marker = scanner.take(/;/y) ? readMarker(scanner.rest()) : null
  if (marker === null && !scanner.isDone()) throw new GrammarError(leftOver(scanner.rest()))
  return describe(name, extras, specifiers.join(','), marker)
}

function readProject(scanner: Scanner): { name: string; extras: readonly string[] } {
  const [name] = scanner.take(/[A-Za-z0-9][A-Za-z0-9._-]*/y) ?? []
  if (name === undefined) throw new GrammarError(faults.name)
  if (!isProjectName(name)) throw new GrammarError(name.length > 100 ? faults.nameTooLong : faults.name)
  return { name: normalizeName(name), extras: readExtras(scanner) }
}

function readExtras(scanner: Scanner): readonly string[] {
  if (!scanner.take(/\[/y)) return []
  const [inner] = scanner.take(/[^\]]*(?=\])/y) ?? []
  if (inner === undefined) throw new GrammarError(faults.bracket)
  scanner.take(/\]/y)
  if (inner.trim() === '') return []
  const extras = inner.split(',').map((extra) => extra.trim())
  if (extras.length > maxExtras || !extras.every(isProjectName)) throw new GrammarError(faults.extras)
  return [...new Set(extras.map(normalizeName))].toSorted(order)
}

const operatorPattern = new RegExp(operators.join('|'), 'y')

function readSpecifiers(scanner: Scanner): readonly string[] {
  const found = new Set<string>()
  for (let count = 0; ; count++) {
    const [operator] = scanner.take(operatorPattern) ?? []
    if (operator === undefined) {
      if (count > 0 && scanner.take(/[A-Za-z]/y)) throw new GrammarError(faults.list)
      if (count > 0 || scanner.take(/=/y)) throw new GrammarError(count > 0 ? faults.operator : faults.singleEquals)
      break
    }
    const [version] = scanner.take(/[^\s,;()[\]]+/y) ?? ['']
    const specifier = { operator: operator as Operator, version }
    if (count >= maxSpecifiers || !isSpecifier(specifier)) throw new GrammarError(faults.version(operator + version))
    const canonical = canonicalSpecifier(specifier)
    found.add(canonical.operator + canonical.version)
    if (!scanner.take(/,/y)) break
  }
  // old pips take everything behind === for its version
  return [...found].toSorted((a, b) => Number(a.startsWith('===')) - Number(b.startsWith('===')) || order(a, b))
}

function readMarker(text: string): Marker {
  if (text === '') throw new GrammarError(faults.semicolon)
  const marker = parseMarker(text)
  if (variablesOf(marker).has('extra')) throw new GrammarError(faults.extraMarker)
  return marker
}

function describe(name: string, extras: readonly string[], specifier: string, marker: Marker | null): Requirement {
  const written = extras.length === 0 ? '' : `[${extras.join(',')}]`
  const text = `${name}${written}${specifier}${marker === null ? '' : ` ; ${renderMarker(marker)}`}`
  return { name, extras, specifier, marker, text }
}

/** What the rest of a line was meant to be, as far as it can be told. */
function leftOver(rest: string): Phrase {
  if (/^v?\d/.test(rest)) return faults.operator
  if (/^[<>=!~]=?/.test(rest)) return faults.comma
  if (/^[A-Za-z]/.test(rest)) return faults.several
  if (/^,\s*(?:[A-Za-z]|$)/.test(rest)) return faults.list
  return faults.rest(rest.slice(0, 40))
}

/** The line put right where the slip is a common one, else a line that shows the form. */
function exampleFor(item: string): string {
  const [, name, version] = /^["']?([A-Za-z0-9][\w.-]*) *(?:=|@| ) *v?(\d[\w.]*)$/.exec(item) ?? []
  if (name !== undefined && version !== undefined) return `${name}==${version}`
  return 'numpy[extra]>=1.26,<2 ; python_version >= "3.9"'
}

export function invalid(item: string, reason: Phrase, example = exampleFor('')): AirlockError {
  return new AirlockError('requirement-invalid', { item: shown(item), reason, example })
}

/** As much of a line as a message can bear, without what would garble it. */
function shown(item: string): string {
  const clean = item.trim().replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
  return clean.length > 120 ? `${clean.slice(0, 119)}…` : clean
}
