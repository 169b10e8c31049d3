/**
 * Everything that can be wrong with an upstream, met by a file: it is whole and right, or nothing has its name. Each
 * fault once as it stays, and once as it passes.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createDownloads } from '../../server/upstream/download.ts'
import { artifact, sha256 } from '../support/records.ts'
import {
  badRange,
  cut,
  endless,
  file,
  lyingLength,
  raw,
  redirect,
  reset,
  silence,
  stall,
  status,
  trickle,
  unmarkedEnd,
  type Answer,
} from '../support/upstream.ts'
import { errorOf, never, outside } from './fixture.ts'

const bytes = randomBytes(200_000)
const etag = '"1"'
const wrong = Buffer.from(bytes)
wrong[100_000]! ^= 1

type Fault = readonly [
  name: string,
  answers: readonly Answer[],
  code: string,
  /** Right once it has passed. */ passes: boolean,
]

const unreachable = 'upstream-unreachable'
const faults: readonly Fault[] = [
  ['a connection that is reset', [reset()], unreachable, true],
  ['a connection that ends without an answer', [raw('')], unreachable, true],
  ['bytes that are not HTTP', [raw('SSH-2.0-OpenSSH_9.2\r\n')], unreachable, true],
  ['an answer cut within its headers', [raw('HTTP/1.1 200 OK\r\nContent-Ty')], unreachable, true],
  ['no answer', [silence()], unreachable, true],
  ['a file that stops after its headers', [stall(bytes, 0)], unreachable, true],
  ['a file that stops half-way', [stall(bytes, 100_000)], unreachable, true],
  ['a file that stops half-way and can be resumed', [stall(bytes, 10_000, { etag })], unreachable, true],
  ['a chunked file that stops half-way', [stall(bytes, 100_000, { chunked: true })], unreachable, true],
  ['a file that trickles', [trickle(bytes, 1, 20)], unreachable, true],
  ['a file cut short', [cut(bytes, 100_000)], unreachable, true],
  ['a file cut short that can be resumed', [cut(bytes, 10_000, { etag })], unreachable, true],
  ['a file cut one byte short', [cut(bytes, bytes.length - 1)], unreachable, true],
  ['a file cut before its first byte', [cut(bytes, 0, { etag })], unreachable, true],
  ['a chunked file cut short', [cut(bytes, 100_000, { chunked: true })], unreachable, true],
  ['a file whose end is not marked', [unmarkedEnd(bytes)], 'upstream-answer-invalid', false],
  ['a Content-Length that is too large', [lyingLength(bytes, bytes.length + 1)], 'size-mismatch', true],
  ['a Content-Length that is too small', [lyingLength(bytes, bytes.length - 1)], 'size-mismatch', true],
  ['a file that is too short', [file(bytes.subarray(1))], 'size-mismatch', true],
  ['a file that is too long', [file(Buffer.concat([bytes, bytes]))], 'size-mismatch', true],
  ['a chunked file that is too short', [file(bytes.subarray(1), { chunked: true })], 'size-mismatch', true],
  ['a chunked file that is too long', [file(Buffer.concat([bytes, bytes]), { chunked: true })], 'size-mismatch', true],
  ['a file without end', [endless()], 'size-mismatch', true],
  ['an empty file', [file('')], 'size-mismatch', true],
  ['a file with one wrong bit', [file(wrong)], 'digest-mismatch', true],
  ['a file with one wrong bit and an ETag', [file(wrong, { etag })], 'digest-mismatch', true],
  ['an error page with status 200', [file('<h1>busy</h1>', { type: 'text/html' })], 'size-mismatch', true],
  [
    'a login page of the right length',
    [file(Buffer.alloc(bytes.length, '<'), { type: 'text/html' })],
    'digest-mismatch',
    true,
  ],
  [
    'a 206 for what was not asked in part',
    [badRange(`bytes 0-${bytes.length - 1}/${bytes.length}`, bytes)],
    'upstream-answer-invalid',
    true,
  ],
  ['a 416 for what was not asked in part', [status(416)], 'upstream-answer-invalid', true],
  ['a 204', [(_, res) => res.writeHead(204).end()], 'upstream-status', false],
  ['a 304', [(_, res) => res.writeHead(304).end()], 'upstream-status', false],
  ['a 400', [status(400)], 'upstream-status', false],
  ['a 401', [status(401)], 'upstream-status', false],
  ['a 403', [status(403)], 'upstream-status', false],
  ['a 404', [status(404)], 'upstream-status', false],
  ['a 410', [status(410)], 'upstream-status', false],
  ['a 429', [status(429, { 'retry-after': '5' })], 'upstream-status', true],
  ['a 500', [status(500)], 'upstream-status', false],
  ['a 502', [status(502)], 'upstream-status', true],
  ['a 503', [status(503)], 'upstream-status', true],
  ['a 504', [status(504)], 'upstream-status', true],
  ['a redirect to itself', [redirect('')], 'upstream-answer-invalid', false],
  ['a redirect to this machine', [redirect('https://127.0.0.1/')], 'upstream-host-refused', false],
  ['a redirect to a file', [redirect('file:///etc/passwd')], 'upstream-host-refused', false],
]

async function setUp(t: Parameters<typeof outside>[0]) {
  const { client, upstream, waits } = await outside(t, { patience: { retries: 2 } })
  const root = await mkdtemp(join(tmpdir(), 'airlock-test-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const downloads = createDownloads({
    client,
    root,
    limits: { parallel: 4, perHost: 4, maxFile: 1 << 20, keepFree: 0 },
    patience: { retries: 2 },
    wait: async (ms) => void waits.push(ms),
  })
  const wheel = artifact('six-1.0.whl', { sha256: sha256(bytes), size: bytes.length, url: `${upstream.url}/six.whl` })
  return { upstream, waits, root, downloads, wheel, folder: join(root, '.incoming', wheel.sha256) }
}

test('there are enough faults', () => assert.ok(faults.length >= 40))

// side by side, since most of them wait for a limit to pass
describe('a file, when upstream sends', { concurrency: 4 }, () => {
  for (const [name, answers, code, passes] of faults) {
    test(`${name}, staying`, async (t) => {
      const { upstream, downloads, wheel, folder, waits } = await setUp(t)
      upstream.on('/six.whl', ...answers)
      assert.equal((await errorOf(downloads.fetch([wheel], { signal: never }))).code, code)
      assert.equal(downloads.has(wheel), false)
      const left = await readdir(folder).catch(() => [])
      assert.deepEqual(
        left.filter((file) => !file.startsWith('.part')),
        [],
      )
      if (code.endsWith('-mismatch')) assert.deepEqual(left, [])
      assert.ok(upstream.requests.length <= 12 && waits.length <= 12, `${upstream.requests.length} requests`)
    })

    test(`${name}, ${passes ? 'passing' : 'then a try of its own'}`, async (t) => {
      const { upstream, downloads, wheel, folder } = await setUp(t)
      upstream.on('/six.whl', ...answers, file(bytes, { etag }))
      if (!passes) {
        // four redirects to itself are four answers
        if (name === 'a redirect to itself')
          upstream.on('/six.whl', ...Array.from({ length: 4 }, () => answers[0]!), file(bytes))
        assert.equal((await errorOf(downloads.fetch([wheel], { signal: never }))).code, code)
      }
      await downloads.fetch([wheel], { signal: never })
      assert.deepEqual(await readFile(downloads.pathOf(wheel)!), bytes)
      assert.deepEqual(await readdir(folder), ['six-1.0.whl'])
    })
  }
})

const rest = (from: number) => bytes.subarray(from)
const total = bytes.length
for (const [name, second, seen] of [
  ['starts elsewhere', badRange(`bytes 0-${total - 1}/${total}`, bytes), 'head'],
  ['starts one byte later', badRange(`bytes 100001-${total - 1}/${total}`, rest(100_001)), 'head'],
  ['is of a file of another length', badRange(`bytes 100000-${total}/${total + 1}`, rest(100_000)), 'head'],
  ['does not say of what length', badRange(`bytes 100000-${total - 1}/*`, rest(100_000)), 'head'],
  ['has no Content-Range that can be read', badRange('items 1-2', rest(100_000)), 'head'],
  ['is of another ETag', badRange(`bytes 100000-${total - 1}/${total}`, rest(100_000), '"2"'), 'head'],
  ['is a 416', status(416, { 'content-range': `bytes */${total}` }), 'head'],
  ['is the whole of another file', file(wrong, { etag: '"2"', ranges: false }), 'bytes'],
  ['has wrong bytes', badRange(`bytes 100000-${total - 1}/${total}`, rest(99_999).subarray(0, 100_000)), 'bytes'],
  ['is shorter than it says', badRange(`bytes 100000-${total - 1}/${total}`, rest(100_001)), 'bytes'],
  ['is longer than it says', badRange(`bytes 100000-${total - 1}/${total}`, rest(99_999)), 'bytes'],
] as const) {
  test(`a second part that ${name} is not put behind the first`, async (t) => {
    const { upstream, downloads, wheel, folder } = await setUp(t)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, '.part'), bytes.subarray(0, 100_000))
    await writeFile(join(folder, '.part.json'), JSON.stringify({ url: wheel.url, etag }))
    // what its head gives away costs no try of those that wrong bytes have: one such is borne after it
    const later = seen === 'head' ? [file(wrong, { etag })] : []
    upstream.on('/six.whl', second, ...later, file(bytes, { etag }))
    await downloads.fetch([wheel], { signal: never })
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers.range),
      ['bytes=100000-', ...later.map(() => undefined), undefined],
    )
    assert.deepEqual(await readFile(downloads.pathOf(wheel)!), bytes)
  })
}
