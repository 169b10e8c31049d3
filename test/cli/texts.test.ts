import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { states } from '../../client/cli/exits.ts'
import { createWords, texts, type Text } from '../../client/cli/texts.ts'
import { en as pageInEnglish } from '../../client/page/words/en.ts'
import { zh as pageInChinese } from '../../client/page/words/zh.ts'
import { stateWords } from '../../server/error-texts.ts'
import { explain } from '../../server/errors.ts'
import { states as serverStates } from '../../storage/records.ts'

const all = Object.entries(texts) as [Text, { en: string; zh: string }][]
const placeholders = (text: string) =>
  [...text.matchAll(/\{(\w+)(?:\|\w+\|\w+)?\}/g)].map(([, name]) => name!).toSorted()

test('every text has both languages, with the same placeholders', () => {
  for (const [key, { en, zh }] of all) {
    assert.deepEqual(Object.keys(texts[key]).toSorted(), ['en', 'zh'], key)
    assert.ok(en.trim() !== '' && zh.trim() !== '', key)
    assert.deepEqual(placeholders(zh), placeholders(en), key)
  }
})

test('English is written without Chinese, and Chinese with it', () => {
  // What is the same in both: signs, and names of commands.
  const neutral = new Set<Text>(['unknown', 'nobody', 'why', 'whyUnknown', 'rowFailed'])
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

test('a state is called the same on the command line, in errors and on the page', () => {
  for (const state of serverStates) {
    const said = texts[`state:${state}`]
    assert.deepEqual(stateWords[state], said, state)
    assert.deepEqual({ en: pageInEnglish.state[state], zh: pageInChinese.state[state] }, said, state)
  }
})

test('an error says a request’s state in the reader’s language', () => {
  const said = (state: string, language: 'en' | 'zh') => explain('request-finished', { id: 1, state }, language).message
  assert.equal(said('ready', 'en'), 'Request 1 is already ready.')
  assert.equal(said('ready', 'zh'), '申请 1 已处于 “可安装” 状态。')
  const under = explain('request-unfinished', { id: 1, state: 'awaiting-approval' }, 'zh')
  assert.equal(under.message, '申请 1 仍处于 “待审批” 状态。')
  assert.equal(said('odd', 'zh'), '申请 1 已处于 “odd” 状态。')
})

test('what is unknown to the server can be looked up, or added, on the command line', () => {
  const lines = {
    'request-unknown': 'airlock status',
    'build-unknown': 'airlock builds',
    'target-unknown': 'airlock target add',
  }
  for (const [code, line] of Object.entries(lines))
    for (const language of ['en', 'zh'] as const)
      assert.ok(explain(code as keyof typeof lines, {}, language).hint.includes(`\`${line}\``), code)
})

test('a noun goes with its number', () => {
  const words = createWords('en')
  assert.equal(words('readyFiles', { files: 1 }), ' (1 file)')
  assert.equal(words('lineFiles', { files: 1, total: 2 }), '1/2 files')
  assert.equal(words('lockConverted', { count: 0 }), '0 addresses turned.')
  assert.equal(createWords('zh')('readyFiles', { files: 1 }), '，共 1 个文件')
})

test('a field that is not given stays visible instead of vanishing', () => {
  assert.equal(createWords('en')('more'), 'There are more: --limit {limit}')
  assert.equal(createWords('zh')('more', { limit: 40 }), '还有更多：--limit 40')
})
