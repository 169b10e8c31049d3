/** What the doctor found, as a table for people and as one JSON document. */
import type { Language, Phrase } from '../errors.ts'
import type { Check, Grade } from './check.ts'

const grades: Readonly<Record<Grade, Phrase>> = {
  ok: { en: 'ok     ', zh: '正常' },
  warning: { en: 'warning', zh: '警告' },
  failure: { en: 'FAILURE', zh: '故障' },
}

export function toTable(checks: readonly Check[], language: Language): string {
  const cells = Math.max(...checks.map(({ name }) => name.length))
  const indent = ' '.repeat((language === 'zh' ? 4 : 7) + cells + 4)
  const lines = checks.flatMap(({ name, grade, found, todo }) => [
    `${grades[grade][language]}  ${name.padEnd(cells)}  ${plain(found[language])}`,
    ...(todo === null ? [] : [`${indent}${plain(todo[language])}`]),
  ])
  return `${lines.join('\n')}\n`
}

/** `{"ok", "checks": [{"name", "grade", "found", "todo"}]}`, texts in the reader's language. */
export function toJson(checks: readonly Check[], language: Language): string {
  const shown = checks.map(({ name, grade, found, todo }) => ({
    name,
    grade,
    found: found[language],
    todo: todo === null ? null : todo[language],
  }))
  return `${JSON.stringify({ ok: checks.every(({ grade }) => grade !== 'failure'), checks: shown }, null, 2)}\n`
}

/** A path or an address may hold anything. */
function plain(text: string): string {
  return text.replace(/\p{Control}+/gu, ' ')
}
