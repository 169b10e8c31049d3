import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { test } from 'node:test'
import { watched, type Pace } from '../../server/upstream/body.ts'
import { never } from './fixture.ts'

const url = new URL('http://upstream.example/file')

/** A byte at a time, never for long without one. */
async function* drops(ms: number): AsyncGenerator<Buffer> {
  for (const end = performance.now() + ms; performance.now() < end;) {
    await setImmediate()
    yield Buffer.from('x')
  }
}

async function received(pace: Pace, ms: number): Promise<number> {
  let bytes = 0
  const body = { url, length: null, maxBytes: 1 << 20, pace, signal: never }
  for await (const chunk of watched(Readable.from(drops(ms)), body)) bytes += chunk.length
  return bytes
}

test('a body whose drops fall too often for any look in between is still too slow', async () => {
  const pace = { idle: 5000, window: 100, minRate: 1 << 30 }
  // ended as soon as it is seen
  await assert.rejects(received(pace, 30_000), {
    code: 'upstream-unreachable',
    message: /it sent less than 1073741824/,
  })
})

test('drops that make the least rate pass', async () => {
  assert.ok((await received({ idle: 5000, window: 500, minRate: 1 }, 700)) > 5)
})

test('a reader that takes its time is not upstream’s fault', async () => {
  const pace = { idle: 500, window: 500, minRate: 1 << 30 }
  const one = Readable.from([Buffer.from('a'), Buffer.from('b')])
  const body = { url, length: null, maxBytes: 1 << 20, pace, signal: never }
  let text = ''
  for await (const chunk of watched(one, body)) {
    text += chunk.toString()
    await new Promise((resolve) => setTimeout(resolve, 800))
  }
  assert.equal(text, 'ab')
})
