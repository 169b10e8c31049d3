import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { states } from '../../client/cli/exits.ts'
import { createWords, texts, type Text } from '../../client/cli/texts.ts'
import { states as serverStates } from '../../storage/records.ts'

const all = Object.entries(texts) as [Text, { en: string; zh: string }][]
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).toSorted()

test('every text has both languages, with the same placeholders', () => {
  for (const [key, { en, zh }] of all) {
    assert.deepEqual(Object.keys(texts[key]).toSorted(), ['en', 'zh'], key)
    assert.ok(en.trim() !== '' && zh.trim() !== '', key)
    assert.deepEqual(placeholders(zh), placeholders(en), key)
  }
})

test('English is written without Chinese, and Chinese with it', () => {
  // What is the same in both: signs, and names of commands.
  const neutral = new Set<Text>(['unknown', 'nobody', 'why', 'whyUnknown'])
  for (const [key, { en, zh }] of all) {
    assert.doesNotMatch(en, /\p{Script=Han}|[，。：；！？（）]/u, key)
    if (!neutral.has(key)) assert.match(zh, /\p{Script=Han}/u, key)
  }
})

test('Chinese sentences end as Chinese sentences do', () => {
  for (const [key, { en, zh }] of all) {
    if (/\w\.$/.test(en)) assert.match(zh, /[。）]$/, key)
  }
})

test('every text is said somewhere', () => {
  const folder = new URL('../../client/cli/', import.meta.url)
  const sources = readdirSync(folder)
    .filter((name) => name !== 'texts.ts')
    .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    .join('\n')
  for (const [key] of all) {
    const [family, member] = key.split(':')
    assert.ok(member === undefined ? sources.includes(`'${key}'`) : sources.includes(`\`${family}:\${`), key)
  }
})

test('every state of the server has a name and an exit', () => {
  assert.deepEqual(states.toSorted(), [...serverStates].toSorted())
  for (const state of serverStates) assert.ok(Object.hasOwn(texts, `state:${state}`), state)
})

test('a field that is not given stays visible instead of vanishing', () => {
  assert.equal(createWords('en')('more'), 'There are more: --limit {limit}')
  assert.equal(createWords('zh')('more', { limit: 40 }), '还有更多：--limit 40')
})
