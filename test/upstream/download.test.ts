import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { inTree, poolPath } from '../../storage/layout.ts'
import type { Artifact, Progress } from '../../storage/records.ts'
import { createDownloads, type DownloadDeps } from '../../server/upstream/download.ts'
import { artifact, sha256 } from '../support/records.ts'
import { cut, file, stall, status, type Answer, type Upstream } from '../support/upstream.ts'
import { codeOf, errorOf, never, outside, quick } from './fixture.ts'

const etag = '"1"'

type More = {
  readonly idle?: number
  readonly limits?: Partial<DownloadDeps['limits']>
  readonly statfs?: DownloadDeps['statfs']
}

async function setUp(t: TestContext, more: More = {}) {
  const { client, upstream } = await outside(t, {
    timeouts: { ...quick, idle: more.idle ?? quick.idle, window: more.idle ?? quick.window },
  })
  const root = await mkdtemp(join(tmpdir(), 'airlock-test-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const make = () =>
    createDownloads({
      client,
      root,
      limits: { parallel: 4, perHost: 4, maxFile: 1 << 30, keepFree: 0, ...more.limits },
      wait: async () => {},
      ...(more.statfs && { statfs: more.statfs }),
    })
  return { upstream, root, make, downloads: make() }
}

function served(upstream: Upstream, name: string, bytes: Buffer, ...answers: readonly Answer[]): Artifact {
  upstream.on(`/${name}`, ...answers, file(bytes, { etag }))
  return artifact(name, { sha256: sha256(bytes), size: bytes.length, url: `${upstream.url}/${name}` })
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await turn()
}

test('a file is whole under its name, read-only, in folders of its owner alone', async (t) => {
  const { upstream, root, downloads } = await setUp(t)
  const before = process.umask(0)
  t.after(() => process.umask(before))
  const bytes = randomBytes(3_000_001)
  const wheel = served(upstream, 'a-1.whl', bytes)
  assert.equal(downloads.has(wheel), false)
  await downloads.fetch([wheel], { signal: never })
  const path = join(root, '.incoming', wheel.sha256, 'a-1.whl')
  assert.deepEqual([downloads.has(wheel), downloads.pathOf(wheel)], [true, path])
  assert.deepEqual(await readFile(path), bytes)
  assert.equal((await stat(path)).mode & 0o777, 0o444)
  for (const folder of [dirname(path), dirname(dirname(path))]) assert.equal((await stat(folder)).mode & 0o777, 0o700)
  assert.deepEqual(await readdir(dirname(path)), ['a-1.whl'])
})

test('a folder that was open to others is closed', async (t) => {
  const { upstream, root, downloads } = await setUp(t)
  const wheel = served(upstream, 'a-1.whl', Buffer.from('x'))
  await mkdir(join(root, '.incoming', wheel.sha256), { recursive: true })
  await chmod(join(root, '.incoming'), 0o777)
  await downloads.fetch([wheel], { signal: never })
  assert.equal((await stat(join(root, '.incoming'))).mode & 0o777, 0o700)
})

test('an empty file and a file of unknown size are files too', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const empty = served(upstream, 'empty-1.whl', Buffer.alloc(0))
  const unknown = { ...served(upstream, 'unknown-1.whl', randomBytes(100_000)), size: null }
  const chunked = { ...served(upstream, 'chunked-1.whl', randomBytes(100_000)), size: null }
  await downloads.fetch([empty, unknown, chunked], { signal: never })
  assert.ok([empty, unknown, chunked].every(downloads.has))
})

test('what is here already is not asked for', async (t) => {
  const { upstream, root, downloads } = await setUp(t)
  const wheel = served(upstream, 'a-1.whl', Buffer.from('x'))
  const pooled = inTree(root, poolPath(wheel.ecosystem, wheel.sha256, wheel.file))
  await mkdir(dirname(pooled), { recursive: true })
  await writeFile(pooled, 'x')
  await downloads.fetch([wheel], { signal: never })
  assert.deepEqual([downloads.pathOf(wheel), upstream.requests.length], [pooled, 0])
})

test('a file that is here but has another size than was stated is not it', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const wheel = served(upstream, 'a-1.whl', Buffer.from('x'))
  await downloads.fetch([wheel], { signal: never })
  const other = { ...wheel, size: 2 }
  assert.deepEqual([downloads.has(other), downloads.pathOf(other)], [false, null])
  assert.equal(await codeOf(downloads.fetch([other], { signal: never })), 'size-mismatch')
  assert.equal(downloads.has(wheel), true)
})

test('nothing to fetch is done at once', async (t) => {
  const { downloads } = await setUp(t)
  const told: Progress[] = []
  await downloads.fetch([], { signal: never, onProgress: (progress) => told.push(progress) })
  assert.deepEqual(told, [{ files: 0, filesTotal: 0, bytes: 0, bytesTotal: 0, bytesPerSecond: 0 }])
})

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

test('a file is fetched once however many jobs want it', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const wheel = served(upstream, 'a-1.whl', randomBytes(100_000))
  await Promise.all(Array.from({ length: 10 }, () => downloads.fetch([wheel, wheel], { signal: never })))
  assert.equal(upstream.requests.length, 1)
})

test('a job that leaves does not stop the others', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const bytes = randomBytes(100_000)
  const { promise: asked, resolve } = Promise.withResolvers<() => void>()
  const wheel = served(upstream, 'a-1.whl', bytes, (req, res) => resolve(() => file(bytes)(req, res)))
  const leaving = new AbortController()
  const left = downloads.fetch([wheel], { signal: leaving.signal })
  const stays = downloads.fetch([wheel], { signal: never })
  const answer = await asked
  leaving.abort(new Error('changed my mind'))
  await assert.rejects(left, /changed my mind/)
  answer()
  await stays
  assert.equal(upstream.requests.length, 1)
})

test('the last job that leaves stops the download', async (t) => {
  const { upstream, downloads, root } = await setUp(t)
  const bytes = randomBytes(100_000)
  const closed = Promise.withResolvers<void>()
  const wheel = served(upstream, 'a-1.whl', bytes, (req, res) => {
    res.on('close', () => closed.resolve())
    return stall(bytes, 50_000)(req, res)
  })
  const leaving = new AbortController()
  const left = [1, 2].map(() => downloads.fetch([wheel], { signal: leaving.signal }))
  await until(() => upstream.requests.length === 1)
  leaving.abort(new Error('changed my mind'))
  for (const one of left) await assert.rejects(one, /changed my mind/)
  await closed.promise
  assert.equal(downloads.has(wheel), false)
  // what the next one finds is closed and complete: nothing of the flight goes on
  assert.ok((await readdir(join(root, '.incoming', wheel.sha256))).includes('.part'))
  await downloads.fetch([wheel], { signal: never })
})

test('a job that failed lets the files of others be', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const missing = served(upstream, 'missing-1.whl', Buffer.from('x'), status(404))
  const bytes = randomBytes(100_000)
  const { promise: asked, resolve } = Promise.withResolvers<() => void>()
  const shared = served(upstream, 'shared-1.whl', bytes, (req, res) => resolve(() => file(bytes)(req, res)))
  const other = downloads.fetch([shared], { signal: never })
  const answer = await asked
  assert.equal(await codeOf(downloads.fetch([shared, missing], { signal: never })), 'upstream-status')
  answer()
  await other
})

test('the same bytes under two names are two files', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const bytes = randomBytes(1000)
  const a = served(upstream, 'a-1.whl', bytes)
  const b = served(upstream, 'b-1.whl', bytes)
  await Promise.all([downloads.fetch([a], { signal: never }), downloads.fetch([b], { signal: never })])
  assert.ok(downloads.has(a) && downloads.has(b))
})

test('a name that would leave its folder is refused before anything is asked', async (t) => {
  const { upstream, downloads } = await setUp(t)
  for (const more of [{ file: '../x' }, { file: '.part' }, { file: '' }, { sha256: '../../x' }, { sha256: '' }]) {
    const bad = { ...served(upstream, 'a-1.whl', Buffer.from('x')), ...more }
    await assert.rejects(downloads.fetch([bad], { signal: never }), RangeError)
  }
  assert.equal(upstream.requests.length, 0)
})

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

test('what the file system says is passed on as it is', async (t) => {
  const { upstream, downloads, root } = await setUp(t)
  await writeFile(join(root, '.incoming'), 'in the way')
  await assert.rejects(downloads.fetch([served(upstream, 'a-1.whl', Buffer.from('x'))], { signal: never }), {
    code: 'EEXIST',
  })
})

test('progress is told from first to last', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const wheels = ['a-1.whl', 'b-1.whl', 'c-1.whl'].map((name, i) =>
    served(upstream, name, randomBytes(100_000 * (i + 1))),
  )
  const told: Progress[] = []
  await downloads.fetch(wheels, { signal: never, onProgress: (progress) => told.push(progress) })
  assert.deepEqual(told[0], { files: 0, filesTotal: 3, bytes: 0, bytesTotal: 600_000, bytesPerSecond: 0 })
  const { bytesPerSecond, ...last } = told.at(-1)!
  assert.deepEqual(last, { files: 3, filesTotal: 3, bytes: 600_000, bytesTotal: 600_000 })
  assert.ok(bytesPerSecond > 0)
})

test('a size that is unknown is known in the end', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const told: Progress[] = []
  const wheel = { ...served(upstream, 'a-1.whl', randomBytes(1000)), size: null }
  await downloads.fetch([wheel], { signal: never, onProgress: (progress) => told.push(progress) })
  assert.deepEqual([told[0]?.bytesTotal, told.at(-1)?.bytesTotal], [null, 1000])
})

test('what was here counts as done, not as speed', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const wheel = served(upstream, 'a-1.whl', randomBytes(1000))
  await downloads.fetch([wheel], { signal: never })
  const told: Progress[] = []
  await downloads.fetch([wheel], { signal: never, onProgress: (progress) => told.push(progress) })
  assert.deepEqual(told.at(-1), { files: 1, filesTotal: 1, bytes: 1000, bytesTotal: 1000, bytesPerSecond: 0 })
})
