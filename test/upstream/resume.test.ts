/** Downloads that break off or are stopped: what is resumed, and what is better begun again. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { cut, stall } from '../support/upstream.ts'
import { etag, served, setUp, until } from './downloading.ts'
import { never } from './fixture.ts'

test('a broken download fetches only the rest', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const bytes = randomBytes(500_000)
  const wheel = served(upstream, 'a-1.whl', bytes, stall(bytes, 300_000, { etag }), stall(bytes, 100_000, { etag }))
  await downloads.fetch([wheel], { signal: never })
  assert.deepEqual(
    upstream.requests.map(({ headers }) => [headers.range, headers['if-range']]),
    [
      [undefined, undefined],
      ['bytes=300000-', etag],
      ['bytes=400000-', etag],
    ],
  )
})

for (const [what, options] of [
  ['no ETag', {}],
  ['a weak ETag', { etag: 'W/"1"' }],
  ['an ETag that is none', { etag: 'abc' }],
] as const) {
  test(`with ${what} a broken download begins again`, async (t) => {
    const { upstream, downloads } = await setUp(t)
    const bytes = randomBytes(500_000)
    const wheel = served(upstream, 'a-1.whl', bytes, cut(bytes, 300_000, options))
    await downloads.fetch([wheel], { signal: never })
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers.range),
      [undefined, undefined],
    )
  })
}

test('a file that changed upstream is begun again', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const bytes = randomBytes(500_000)
  const wheel = served(upstream, 'a-1.whl', bytes, cut(randomBytes(500_000), 300_000, { etag: '"old"' }))
  await downloads.fetch([wheel], { signal: never })
  assert.equal(upstream.requests[1]?.headers['if-range'], '"old"')
})

test('a long download may break often, as long as it gets on', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const bytes = randomBytes(12 << 20)
  const wheel = served(upstream, 'a-1.whl', bytes, ...Array.from({ length: 9 }, () => cut(bytes, 5 << 18, { etag })))
  await downloads.fetch([wheel], { signal: never })
  assert.equal(upstream.requests.length, 10)
})

async function interrupted(t: TestContext) {
  const all = await setUp(t, { idle: 10_000 })
  const bytes = randomBytes(3_000_000)
  const wheel = served(all.upstream, 'a-1.whl', bytes, stall(bytes, 1_500_000, { etag }))
  const stopping = new AbortController()
  let received = 0
  const fetching = all.downloads.fetch([wheel], {
    signal: stopping.signal,
    onProgress: (progress) => (received = progress.bytes),
  })
  await until(() => received === 1_500_000)
  stopping.abort(new Error('Airlock stops'))
  await assert.rejects(fetching, /Airlock stops/)
  const part = join(all.root, '.incoming', wheel.sha256, '.part')
  return { ...all, bytes, wheel, part }
}

test('a download that is stopped is resumed after a restart', async (t) => {
  const { make, upstream, wheel, part, bytes } = await interrupted(t)
  assert.equal((await stat(part)).size, 1_500_000)
  const downloads = make()
  assert.equal(downloads.has(wheel), false)
  await downloads.fetch([wheel], { signal: never })
  assert.deepEqual(await readFile(downloads.pathOf(wheel)!), bytes)
  assert.equal(upstream.requests[1]?.headers.range, 'bytes=1500000-')
})

test('a part that a power loss damaged costs one fetch more', async (t) => {
  const { make, upstream, wheel, part, bytes } = await interrupted(t)
  await writeFile(part, Buffer.alloc(1_500_000))
  await make().fetch([wheel], { signal: never })
  assert.deepEqual(await readFile(make().pathOf(wheel)!), bytes)
  assert.deepEqual(
    upstream.requests.map(({ headers }) => headers.range),
    [undefined, 'bytes=1500000-', undefined],
  )
})

test('a part that is complete needs its name only', async (t) => {
  const { make, upstream, wheel, part, bytes } = await interrupted(t)
  await writeFile(part, bytes)
  await make().fetch([wheel], { signal: never })
  assert.equal(upstream.requests.length, 1)
})

for (const [what, damage] of [
  ['without its note', (part: string) => rm(`${part}.json`)],
  ['with a torn note', (part: string) => writeFile(`${part}.json`, '{"url":"ht')],
  [
    'with a note of another address',
    (part: string) => writeFile(`${part}.json`, JSON.stringify({ url: 'https://a.example/', etag })),
  ],
  [
    'with a note of a weak ETag',
    async (part: string) =>
      writeFile(`${part}.json`, (await readFile(`${part}.json`, 'utf8')).replace('"\\"1', '"W/\\"1')),
  ],
  ['with a note that is no note', (part: string) => writeFile(`${part}.json`, 'null')],
  ['that is longer than the file', (part: string) => writeFile(part, Buffer.alloc(4_000_000))],
  ['that is empty', (part: string) => writeFile(part, '')],
] as const) {
  test(`a part ${what} is begun again`, async (t) => {
    const { make, upstream, wheel, part, bytes } = await interrupted(t)
    await damage(part)
    await make().fetch([wheel], { signal: never })
    assert.deepEqual(await readFile(make().pathOf(wheel)!), bytes)
    assert.equal(upstream.requests[1]?.headers.range, undefined)
  })
}

test('no credentials lie in the note', async (t) => {
  const { part } = await interrupted(t)
  assert.deepEqual(Object.keys(JSON.parse(await readFile(`${part}.json`, 'utf8')) as object), ['url', 'etag'])
})
