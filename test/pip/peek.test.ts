/** METADATA by ranges of a wheel that is not here: what is asked for, and when it is left to the whole wheel. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { createPeek } from '../../server/pip/peek.ts'
import type { ProjectFile } from '../../server/pip/simple-read.ts'
import { makeWheel } from '../support/wheels.ts'

const never = new AbortController().signal
type Answer = { status: number; headers: Record<string, string>; body: Buffer }

/** An upstream that has one wheel; `change` may spoil its answers. */
function upstreamOf(bytes: Buffer, change: (answer: Answer) => Answer = (answer) => answer) {
  const ranges: string[] = []
  const file = {
    file: 'large-1.0-py3-none-any.whl',
    url: 'https://files.example/large.whl',
    sha256: 'a'.repeat(64),
    size: bytes.length,
  }
  const peek = createPeek({
    outside: {
      open({ url, range }) {
        ranges.push(range!)
        const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range!)!.map(Number) as [number, number, number]
        const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}` }
        const answer = change({ status: 206, headers, body: bytes.subarray(start, end + 1) })
        return Promise.resolve({ url, ...answer, body: Readable.from([answer.body]) })
      },
    },
  })
  return { ranges, peek: () => peek(file as unknown as ProjectFile, never) }
}

const blob = { 'large/blob': randomBytes(3 << 20) }
const large = makeWheel({ name: 'large', version: '1.0', requires: ['base>=1'], files: blob, method: 'stored' })

test('the end of a wheel is enough, once however often it is asked', async () => {
  const { ranges, peek } = upstreamOf(large.bytes)
  assert.match((await peek())!.toString(), /^Requires-Dist: base>=1$/m)
  await peek()
  assert.deepEqual(ranges, [`bytes=${large.bytes.length - (80 << 10)}-${large.bytes.length - 1}`])
})

test('a directory that is larger than that takes one range more, and none twice', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 3000 }, (_, at) => [`large/module_${at}.py`, Buffer.alloc(600, 'x')]),
  )
  const many = makeWheel({ name: 'large', version: '1.0', files, method: 'stored' })
  const { ranges, peek } = upstreamOf(many.bytes)
  assert.match((await peek())!.toString(), /^Name: large$/m)
  const asked = ranges.map((range) => /(\d+)-(\d+)/.exec(range)!.slice(1).map(Number) as [number, number])
  assert.ok(asked.length >= 2 && asked.length <= 3, ranges.join())
  for (const [at, [, end]] of asked.slice(1).entries()) assert.equal(end + 1, asked[at]![0])
})

const spoiled: Readonly<Record<string, (answer: Answer) => Answer>> = {
  'gives the whole file': (answer) => ({ ...answer, status: 200 }),
  'gives another part': ({ headers, ...answer }) => ({
    ...answer,
    headers: { 'content-range': headers['content-range']!.replace(/\d+-/, '0-') },
  }),
  'says another size': ({ headers, ...answer }) => ({
    ...answer,
    headers: { 'content-range': headers['content-range']!.replace(/\/\d+/, '/7') },
  }),
  'gives less than it says': ({ body, ...answer }) => ({ ...answer, body: body.subarray(1) }),
  'refuses ranges': (answer) => ({ ...answer, status: 416 }),
  'gives something else': ({ body, ...answer }) => ({ ...answer, body: Buffer.alloc(body.length, 'x') }),
  'gives bytes of which one is wrong': ({ body, ...answer }) => {
    const wrong = Buffer.from(body)
    const at = wrong.indexOf('Requires-Dist: base')
    wrong[at + 15] = 0x42
    return { ...answer, body: wrong }
  },
}
for (const [what, change] of Object.entries(spoiled))
  test(`an upstream that ${what} is left to the whole wheel`, async () => {
    assert.equal(await upstreamOf(large.bytes, change).peek(), null)
  })
