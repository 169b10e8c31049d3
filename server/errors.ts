/**
 * Every error that Airlock raises on purpose. A code is literal, stable and public (API, CLI exit, page); `error-texts.ts`
 * has its words. Knows no HTTP: `console/problems.ts` alone does.
 */
import type { Json, JsonObject, Problem, State } from '../storage/records.ts'
import { codes, stateWords, type Language, type Text } from './error-texts.ts'

export { codes, type Language }

/** A field's value that people read: given in each language, and in the reader's within a text. */
export type Phrase = Readonly<Record<Language, string>>

export type Code = keyof typeof codes

/** The one class of deliberate errors. Throw it where the cause is known; let everything else be `internal`. */
export class AirlockError extends Error {
  readonly code: Code
  readonly fields: JsonObject

  constructor(code: Code, fields: JsonObject = {}, options?: ErrorOptions) {
    super(explain(code, fields, 'en').message, options)
    this.name = 'AirlockError'
    this.code = code
    this.fields = fields
  }
}

/** A code's texts with its fields filled in; a list is joined by commas, a missing field is left out, a {@link Phrase} speaks the language. */
export function explain(code: Code, fields: JsonObject, language: Language): Text {
  const { message, hint } = codes[code][language]
  return { message: fill(message, fields, language), hint: fill(hint, fields, language) }
}

/** What a job keeps of an error; an unknown error keeps nothing of itself. */
export function problemOf(error: unknown): Problem {
  const { code, fields } = error instanceof AirlockError ? error : { code: 'internal' as const, fields: {} }
  return { code, ...explain(code, fields, 'en'), fields }
}

/** A POSIX locale's language, as LC_ALL, LC_MESSAGES and LANG give it. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  return /^zh/i.test(env.LC_ALL || env.LC_MESSAGES || env.LANG || '') ? 'zh' : 'en'
}

export function isCode(code: string): code is Code {
  return Object.hasOwn(codes, code)
}

const none: Phrase = { en: 'none', zh: '无' }

function fill(text: string, fields: JsonObject, language: Language): string {
  return text
    .replace(/\{(size:|state:)?([A-Za-z]+)\}/g, (_, kind: string | undefined, name: string) => {
      const value = fields[name]
      if (kind === 'size:' && typeof value === 'number') return readableSize(value)
      if (kind === 'state:' && isState(value)) return stateWords[value][language]
      if (isPhrase(value)) return value[language]
      if (Array.isArray(value)) return value.join(', ') || none[language]
      return typeof value === 'object' ? '' : String(value ?? '')
    })
    .trim()
}

/** Bytes as people read them, with powers of 1000 as disks and package managers have them. */
export function readableSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}

function isState(value: Json | undefined): value is State {
  return typeof value === 'string' && Object.hasOwn(stateWords, value)
}

function isPhrase(value: Json | undefined): value is Phrase {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && 'en' in value && 'zh' in value
}
