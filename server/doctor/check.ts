/** What one look at something found, for a table and for JSON. */
import { AirlockError, explain, type Language, type Phrase } from '../errors.ts'

export type Grade = 'ok' | 'warning' | 'failure'

export type Check = {
  /** Stable: `settings`, `lock`, `upstream default`. */
  readonly name: string
  readonly grade: Grade
  readonly found: Phrase
  /** Null where nothing is to be done. */
  readonly todo: Phrase | null
}

/** The same in both languages: paths, versions, addresses. */
export function same(text: string): Phrase {
  return { en: text, zh: text }
}

export function ok(name: string, found: Phrase): Check {
  return { name, grade: 'ok', found, todo: null }
}

export function warning(name: string, found: Phrase, todo: Phrase): Check {
  return { name, grade: 'warning', found, todo }
}

export function failure(name: string, found: Phrase, todo: Phrase): Check {
  return { name, grade: 'failure', found, todo }
}

/** A deliberate error in its own words; anything else is a bug and passes through. */
export function failed(name: string, error: unknown): Check {
  if (!(error instanceof AirlockError)) throw error
  const text = (language: Language) => explain(error.code, error.fields, language)
  const [en, zh] = [text('en'), text('zh')]
  return failure(name, { en: en.message, zh: zh.message }, { en: en.hint, zh: zh.hint })
}
