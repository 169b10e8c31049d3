import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { en } from '../../client/page/words/en.ts'
import { zh } from '../../client/page/words/zh.ts'
import { states } from '../../storage/records.ts'

type Tree = { readonly [key: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value] as const] : [...flat(value, `${prefix}${key}.`)],
    ),
  )
}

const order = (a: string, b: string) => (a < b ? -1 : 1)

const english = flat(en)
const chinese = flat(zh)
const holes = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name!).toSorted(order)

test('every word is there in both languages', () => {
  assert.deepEqual([...chinese.keys()].toSorted(), [...english.keys()].toSorted())
  const empty = [...english, ...chinese].filter(([, text]) => text.trim() === '').map(([key]) => key)
  assert.deepEqual(empty, [])
})

test('both languages put the same things into a sentence', () => {
  for (const [key, text] of english) assert.deepEqual(holes(chinese.get(key)!), holes(text), key)
})

test('the Chinese words are Chinese, but for names that stay as they are', () => {
  const same = /^(?:apt|uv|Python|SHA-256|ffmpeg, libgl1 ……)$/
  for (const [key, text] of chinese) assert.ok(/\p{Script=Han}/u.test(text) || same.test(text), `${key}: ${text}`)
})

test('every state has a word', () => {
  for (const state of states) assert.ok(english.has(`state.${state}`) && chinese.has(`state.${state}`), state)
})

test('no word stands in the page itself, and none is kept that the page does not use', () => {
  const folder = fileURLToPath(new URL('../../client/page', import.meta.url))
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.tsx?$/.test(name) && !/^(?:dist|words)\//.test(name),
  )
  const text = sources.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n')
  // `state.${…}` uses every state; a plural is used by its stem
  const used = (key: string) => {
    const stem = key.replace(/_(?:one|other)$/, '')
    return text.includes(`'${stem}'`) || text.includes(`\`${stem.slice(0, stem.lastIndexOf('.'))}.\${`)
  }
  const unused = [...english.keys()].filter(
    (key) => !used(key) && !new RegExp(`'${key.split('.').slice(0, -1).join('.')}\\.' \\+`).test(text),
  )
  assert.deepEqual(unused, [])
  assert.equal(
    /[\p{Script=Han}]/u.exec(
      text.replace(/\/\/.*|\/\*[\s\S]*?\*\/|new RegExp\([^\n]*|\/[^\n]*\/g?,?|label: '中'/g, ''),
    )?.[0],
    undefined,
  )
})
