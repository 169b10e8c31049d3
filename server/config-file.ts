/** airlock.yaml, read and checked: what is wrong is told with its line and what would be right. */
import { readFileSync } from 'node:fs'
import { isMap, LineCounter, parseDocument, type Document } from 'yaml'
import { z } from 'zod'
import { AirlockError, type Phrase } from './errors.ts'
import { checksInChinese, fileSchema, type FileConfig } from './knobs.ts'

/** Parses and checks a configuration file; null gives the defaults. Throws `config-invalid`, `setting-invalid`. */
export function readConfigFile(file: string | null): FileConfig {
  if (file === null) return fileSchema.parse({})
  const lines = new LineCounter()
  const document = parseDocument(textOf(file), { lineCounter: lines, prettyErrors: false })
  const broken = document.errors[0]
  if (broken) {
    throw new AirlockError('config-invalid', {
      file,
      line: lines.linePos(broken.pos[0]).line,
      path: '(YAML)',
      reason: broken.message,
      expected: { en: 'Write it as YAML; see the example in the README.', zh: '请写成 YAML；示例见 README。' },
    })
  }
  const said: unknown = document.toJS() ?? {}
  const result = fileSchema.safeParse(said)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const path = unknown === undefined ? issue.path : [...issue.path, unknown]
  throw new AirlockError('config-invalid', {
    file,
    line: lines.linePos(offsetOf(document, path)).line,
    path: path.join('.'),
    reason:
      unknown === undefined
        ? { en: issue.message, zh: checksInChinese[issue.message] ?? zodInChinese(said) }
        : { en: 'there is no such knob', zh: '没有这一项' },
    expected: unknown === undefined ? expectation(issue) : knownOnes(knownKeys(issue.path)),
  })
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    const expected = {
      en: 'Give the path of an airlock.yaml that Airlock may read.',
      zh: '请给出 Airlock 可读取的 airlock.yaml 的路径。',
    }
    throw new AirlockError('setting-invalid', { name: 'AIRLOCK_CONFIG', value: file, reason, expected }, { cause })
  }
}

/** The line on which a file says something, by its path; null: it does not say it. */
export function linesOfConfig(file: string | null): (path: readonly string[]) => number | null {
  if (file === null) return () => null
  const lines = new LineCounter()
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines, prettyErrors: false })
  const said: unknown = document.toJS()
  return (path) => {
    let at = said
    for (const key of path) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return null
      at = (at as Record<string, unknown>)[key]
    }
    return lines.linePos(offsetOf(document, path)).line
  }
}

/** The same first issue, in the words that zod has for it. */
function zodInChinese(said: unknown): string {
  return fileSchema.safeParse(said, { error: z.locales.zhCN().localeError }).error!.issues[0]!.message
}

function expectation(issue: z.core.$ZodIssue): Phrase {
  const params = 'params' in issue ? (issue.params as { expected?: string } | undefined) : undefined
  const expected = params?.expected
  if (expected === undefined) return { en: 'See the example in the README.', zh: '示例见 README。' }
  return { en: `Write ${expected}.`, zh: `请写 ${checksInChinese[expected] ?? expected}。` }
}

function knownOnes(keys: readonly string[]): Phrase {
  return { en: `Known here: ${keys.join(', ')}.`, zh: `此处可用：${keys.join('、')}。` }
}

/** The keys that the schema knows at a path, for the message about one it does not. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = fileSchema
  for (const key of path) {
    const inner = unwrap(schema)
    schema =
      inner instanceof z.ZodObject
        ? inner.shape[key as string]
        : inner instanceof z.ZodRecord
          ? inner.valueType
          : undefined
  }
  const inner = unwrap(schema)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

function unwrap(schema: unknown): unknown {
  while (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    schema = schema.unwrap()
  return schema
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => String(key) === String(path.at(-1)))
    const key = pair?.key as { range?: [number, number, number] } | undefined
    if (key?.range) return key.range[0]
  }
  const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined
  // what is missing is missing where it belongs
  return node?.range?.[0] ?? (path.length > 1 ? offsetOf(document, path.slice(0, -1)) : 0)
}
