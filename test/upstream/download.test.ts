import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { inTree, poolPath } from '../../storage/layout.ts'
import type { Progress } from '../../storage/records.ts'
import { file, stall, status } from '../support/upstream.ts'
import { served, setUp, until } from './downloading.ts'
import { codeOf, never } from './fixture.ts'

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

test('whoever has read what is verified may leave: it becomes whole, and nobody fetches it again', async (t) => {
  const { upstream, downloads } = await setUp(t)
  const wheels = Array.from({ length: 12 }, (_, at) => served(upstream, `a-${at}.whl`, randomBytes(1000)))
  await Promise.all(
    wheels.map(async (wheel) => {
      const leaving = new AbortController()
      await downloads.legible(wheel, leaving.signal)
      leaving.abort(new Error('seen'))
      await downloads.fetch([wheel], { signal: never })
    }),
  )
  assert.ok(wheels.every(downloads.has))
  assert.equal(upstream.requests.length, wheels.length)
})
