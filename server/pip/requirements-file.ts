/**
 * requirements.txt as people have it: comments, continuations, `--hash`. Nothing else is read from it: no other file, no
 * index but a configured one. Every refusal names the line.
 */
import type { Parsed } from '../ecosystem.ts'
import { AirlockError, type Phrase } from '../errors.ts'
import { invalid, parseRequirement, type Requirement } from './requirement.ts'
import { faults, refusals } from './requirement-words.ts'
import { order } from './versions.ts'

export type FileContext = {
  /** Constraint lines, for this request only. */
  readonly constraints: readonly string[]
  /** Whether an index URL is one that Airlock is configured with. */
  readonly isUpstream: (url: string) => boolean
}

/** What a pip request is beside its roots; kept as a job's options. */
export type PipOptions = {
  /** Canonical, sorted. */
  readonly constraints?: readonly string[]
  /** By project: the SHA-256 of the files that may be chosen. */
  readonly hashes?: Readonly<Record<string, readonly string[]>>
  /** The roots are all there is: they are from a lock. */
  readonly locked?: boolean
}

type Line = { readonly number: number; readonly text: string }

const maxLogicalLines = 5000
/** Characters: a release with 500 hashes has some 40,000. */
const maxLogicalLine = 64_000

/** Options of pip that ask for what is so here anyway. */
const granted = /^--(?:require-hashes|prefer-binary|only-binary(?:=|\s+):all:)$/
const indexOption = /^(?:-i|--index-url|--extra-index-url)(?:=|\s+)(\S+)$/
const hashOption = /(?:^|\s)--hash(?:=|\s+)(\S+)/g

/** Throws `requirement-invalid` or `requirement-refused` with the line's number. */
export function parseRequirementsFile(
  text: string,
  context: FileContext,
): Parsed & { readonly lines: readonly string[] } {
  const asked: { requirement: Requirement; hashes: string[]; text: string }[] = []
  for (const line of logicalLines(text)) {
    const found = atLine(line.number, () => readLine(line.text, context))
    if (found) asked.push({ ...found, text: line.text.replaceAll(hashOption, '').trim() })
  }
  if (asked.length === 0) parseRequirement('')
  const options = optionsOf(asked, constraintsOf(context.constraints))
  const roots = [...new Set(asked.map(({ requirement }) => requirement.text))].toSorted(order)
  return { roots, options, lines: asked.map((one) => one.text) }
}

/** Constraints of a request, canonical. Throws like requirements; one with an extra constrains nothing and is refused. */
export function constraintsOf(lines: readonly string[]): readonly string[] {
  const wanted = lines.filter((line) => !/^\s*(?:#.*)?$/.test(line))
  return [...new Set(wanted.map((line) => parseRequirement(line).text))].toSorted(order)
}

/** `name==1.0`, `name===1.0`: one release only, whatever comes later. */
export function isExact({ specifier }: Requirement): boolean {
  return specifier.split(',').some((one) => /^={2,3}(?!.*\*)/.test(one))
}

export function optionsOf(
  asked: readonly { readonly requirement: Requirement; readonly hashes: readonly string[] }[],
  constraints: readonly string[],
): PipOptions {
  const hashes: Record<string, readonly string[]> = {}
  for (const { requirement, hashes: own } of asked) {
    if (own.length > 0)
      hashes[requirement.name] = [...new Set([...(hashes[requirement.name] ?? []), ...own])].toSorted(order)
  }
  return {
    ...(constraints.length > 0 && { constraints }),
    ...(Object.keys(hashes).length > 0 && {
      hashes: Object.fromEntries(Object.entries(hashes).toSorted(([a], [b]) => order(a, b))),
    }),
  }
}

/** Whether a line asks for nothing that matters here: an option that is so anyway, an index that is ours. */
export function isGranted(line: string, { isUpstream }: Pick<FileContext, 'isUpstream'>): boolean {
  const index = indexOption.exec(line)
  return granted.test(line) || (index !== null && isUpstream(index[1]!))
}

/** Null for a line that {@link isGranted}. */
function readLine(line: string, context: FileContext): { requirement: Requirement; hashes: string[] } | null {
  if (isGranted(line, context)) return null
  const hashes = [...line.matchAll(hashOption)].map(([, hash]) => readHash(line, hash!))
  return { requirement: parseRequirement(line.replaceAll(hashOption, '').trim()), hashes }
}

function readHash(line: string, hash: string): string {
  const [, digest] = /^sha256:([0-9a-fA-F]{64})$/.exec(hash) ?? []
  if (digest === undefined)
    throw new AirlockError('requirement-refused', { item: line.slice(0, 200), ...refusals.otherHash })
  return digest.toLowerCase()
}

/** Lines joined where one ends in a backslash, without comments and blanks; numbered by where they begin. */
function* logicalLines(text: string): Generator<Line> {
  let pieces: string[] = []
  let begun = 0
  let length = 0
  let count = 0
  // the end of the file ends what is continued there
  for (const [index, raw] of `${text.replace(/^\uFEFF/, '')}\n`.split(/\r\n|\r|\n/).entries()) {
    // pip: a comment line within a continuation ends it, so both are treated alike
    const isComment = /^\s*#/.test(raw)
    const isContinued = raw.endsWith('\\') && !isComment
    if (pieces.length === 0) [begun, length] = [index + 1, 0]
    if (!isComment) {
      pieces.push(isContinued ? `${raw.slice(0, -1)} ` : raw)
      length += raw.length
    }
    if (length > maxLogicalLine) throw placed(invalid(pieces[0]!, faults.tooLong(maxLogicalLine)), begun)
    if (isContinued) continue
    const line = pieces
      .join('')
      .replace(/(?:^|\s)#.*$/s, '')
      .trim()
    pieces = []
    if (line === '') continue
    if (++count > maxLogicalLines) throw invalid(line, faults.tooMany(maxLogicalLines))
    yield { number: begun, text: line }
  }
}

function atLine<T>(line: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof AirlockError ? placed(error, line) : error
  }
}

/** The same error with the place, which its texts begin with. */
function placed({ code, fields }: AirlockError, line: number): AirlockError {
  const at: Phrase = { en: `Line ${line}: `, zh: `第 ${line} 行：` }
  return new AirlockError(code, { ...fields, line, at })
}
