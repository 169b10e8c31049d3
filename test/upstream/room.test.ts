/** Room on the disk and sizes beyond what is allowed. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { file } from '../support/upstream.ts'
import { served, setUp } from './downloading.ts'
import { codeOf, errorOf, never } from './fixture.ts'

test('a file that is known to be too large is not asked for', async (t) => {
  const { upstream, downloads } = await setUp(t, { limits: { maxFile: 999 } })
  const wheel = served(upstream, 'a-1.whl', randomBytes(1000))
  assert.equal(await codeOf(downloads.fetch([wheel], { signal: never })), 'artifact-too-large')
  assert.equal(upstream.requests.length, 0)
})

for (const chunked of [false, true]) {
  test(`a file that turns out too large is dropped${chunked ? ', chunked' : ''}`, async (t) => {
    const { upstream, downloads, root } = await setUp(t, { limits: { maxFile: 100_000 } })
    const bytes = randomBytes(1_000_000)
    const wheel = { ...served(upstream, 'a-1.whl', bytes, file(bytes, { chunked })), size: null }
    assert.equal(await codeOf(downloads.fetch([wheel], { signal: never })), 'artifact-too-large')
    assert.deepEqual(await readdir(join(root, '.incoming')), [])
  })
}

const disk = (free: number) => () => Promise.resolve({ bavail: free / 512, bsize: 512 })

test('a download for which there is no room is not begun', async (t) => {
  const { upstream, downloads, root } = await setUp(t, { limits: { keepFree: 10_240 }, statfs: disk(20_480) })
  const wheel = served(upstream, 'a-1.whl', randomBytes(10_241))
  const { code, fields } = await errorOf(downloads.fetch([wheel], { signal: never }))
  assert.deepEqual([code, fields], ['disk-full', { folder: root, free: 20_480, needed: 20_481 }])
  assert.equal(upstream.requests.length, 0)
  await downloads.fetch([served(upstream, 'b-1.whl', randomBytes(10_240))], { signal: never })
})

test('room that is promised to one download is not there for another', async (t) => {
  const { upstream, downloads } = await setUp(t, { statfs: disk(20_480) })
  const bytes = randomBytes(15_360)
  const { promise: asked, resolve } = Promise.withResolvers<() => void>()
  const first = downloads.fetch(
    [served(upstream, 'a-1.whl', bytes, (req, res) => resolve(() => file(bytes)(req, res)))],
    { signal: never },
  )
  const answer = await asked
  const second = served(upstream, 'b-1.whl', randomBytes(10_240))
  assert.equal(await codeOf(downloads.fetch([second], { signal: never })), 'disk-full')
  answer()
  await first
  await downloads.fetch([second], { signal: never })
})

test('a file of unknown size stops at the low-water mark', async (t) => {
  let free = 100 << 20
  const statfs = () => Promise.resolve({ bavail: (free -= 17 << 20) / 512, bsize: 512 })
  const { upstream, downloads } = await setUp(t, { limits: { keepFree: 32 << 20 }, statfs })
  const bytes = Buffer.alloc(100 << 20)
  const wheel = { ...served(upstream, 'a-1.whl', bytes, file(bytes, { chunked: true })), size: null }
  assert.equal(await codeOf(downloads.fetch([wheel], { signal: never })), 'disk-full')
  assert.equal(downloads.has(wheel), false)
})
