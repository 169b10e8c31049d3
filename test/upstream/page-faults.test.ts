/**
 * Everything that can be wrong with an upstream, met by pages: whatever it does, a page is right or there is none, within
 * bounded time and memory. Each fault once as it stays, and once as it passes.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createPages, type Pages } from '../../server/upstream/pages.ts'
import { temporaryFolder } from '../support/folders.ts'
import {
  bomb,
  cut,
  endless,
  file,
  lyingLength,
  page,
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
import { codeOf, never, outside } from './fixture.ts'

const text = 'a page of a project, long enough to be cut short'.repeat(20)
const zipped = gzipSync(text)
const asGzip = { type: 'text/html', headers: { 'content-encoding': 'gzip' } }

type Fault = readonly [
  name: string,
  answer: Answer,
  /** The error when it stays; null: no page; text: the page. */
  staying: { readonly code: string } | null | string,
  /** Whether another try is made: then the page is right once the fault has passed. */
  retried: boolean,
]

const unreachable = { code: 'upstream-unreachable' }
const invalid = { code: 'upstream-answer-invalid' }
const wrongStatus = { code: 'upstream-status' }
const refused = { code: 'upstream-host-refused' }

const faults: readonly Fault[] = [
  ['a connection that is reset', reset(), unreachable, true],
  ['a connection that ends without an answer', raw(''), unreachable, true],
  ['bytes that are not HTTP', raw('SSH-2.0-OpenSSH_9.2\r\n'), unreachable, true],
  ['an answer cut within its headers', raw('HTTP/1.1 200 OK\r\nContent-Ty'), unreachable, true],
  ['headers without end', raw(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`), unreachable, true],
  ['no answer', silence(), unreachable, true],
  ['an answer that stops after its headers', stall(text, 0, { type: 'text/html' }), unreachable, true],
  ['an answer that stops half-way', stall(text, 100, { type: 'text/html' }), unreachable, true],
  ['a chunked answer that stops half-way', stall(text, 100, { chunked: true }), unreachable, true],
  ['an answer that trickles', trickle(text, 1, 20, { type: 'text/html' }), unreachable, true],
  ['an answer cut short', cut(text, 100, { type: 'text/html' }), unreachable, true],
  ['an answer cut one byte short', cut(text, text.length - 1, { type: 'text/html' }), unreachable, true],
  ['a chunked answer cut short', cut(text, 100, { chunked: true }), unreachable, true],
  ['a Content-Length that is too large', lyingLength(text, text.length + 1), unreachable, true],
  ['an answer whose end is not marked', unmarkedEnd(text), invalid, false],
  ['an answer whose end is not marked, cut short', unmarkedEnd(text.slice(0, 100)), invalid, false],
  [
    'two lengths that differ',
    raw('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'),
    unreachable,
    true,
  ],
  [
    'a length and chunks at once',
    raw('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    unreachable,
    true,
  ],
  ['a negative length', raw('HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'), unreachable, true],
  ['a length that is no number', raw('HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n'), unreachable, true],
  [
    'a chunk of a length that is no number',
    raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    unreachable,
    true,
  ],
  ['a page that is too large', file(Buffer.alloc(100_001)), invalid, false],
  ['a page without end', endless(), invalid, false],
  ['a gzip bomb', bomb(64 << 20), invalid, false],
  ['a gzip that is one byte too large when inflated', file(gzipSync(Buffer.alloc(100_001)), asGzip), invalid, false],
  ['a gzip cut short', file(zipped.subarray(0, -10), asGzip), unreachable, true],
  [
    'a gzip with a wrong checksum',
    file(Buffer.concat([zipped.subarray(0, -8), Buffer.alloc(8)]), asGzip),
    unreachable,
    true,
  ],
  ['a gzip that is none', file(text, asGzip), unreachable, true],
  ['an encoding nobody asked for', file(text, { headers: { 'content-encoding': 'br' } }), invalid, false],
  ['an encoding on top of another', file(zipped, { headers: { 'content-encoding': 'gzip, gzip' } }), invalid, false],
  ['a 500', status(500), wrongStatus, false],
  ['a 501', status(501), wrongStatus, false],
  ['a 502', status(502), wrongStatus, true],
  ['a 503', status(503), wrongStatus, true],
  ['a 503 that says when', status(503, { 'retry-after': '3' }), wrongStatus, true],
  ['a 504', status(504), wrongStatus, true],
  ['a 429', status(429), wrongStatus, true],
  ['a 429 that says never', status(429, { 'retry-after': '4102444800' }), wrongStatus, true],
  ['a 400', status(400), wrongStatus, false],
  ['a 401', status(401, { 'www-authenticate': 'Basic' }), wrongStatus, false],
  ['a 403', status(403), wrongStatus, false],
  ['a 404', status(404), null, false],
  ['a 410', status(410), null, false],
  ['a 416', status(416), wrongStatus, false],
  ['a 204', (_, res) => res.writeHead(204).end(), wrongStatus, false],
  ['a 206 that nobody asked for', status(206, { 'content-range': 'bytes 0-1/9' }), wrongStatus, false],
  ['a 304 that nobody asked for', (_, res) => res.writeHead(304).end(), wrongStatus, false],
  ['a status there is not', status(799), wrongStatus, false],
  ['a redirect to itself', redirect(''), invalid, false],
  ['a redirect to nowhere', redirect('https://'), refused, false],
  ['a redirect to this machine', redirect('https://127.0.0.1/'), refused, false],
  ['a redirect to a file', redirect('file:///etc/passwd'), refused, false],
  ['a redirect to a name of this machine', redirect('https://localhost/'), refused, false],
  ['another content type', page(text, { type: 'image/png' }), text, false],
  ['no content type', (_, res) => res.writeHead(200, { 'content-length': text.length }).end(text), text, false],
]

async function get(pages: Pages, url: string): Promise<string | null> {
  const found = await pages.get(url, { accept: 'text/html', maxBytes: 100_000, signal: never, maxAge: 0 })
  return found && found.body.toString()
}

test('there are enough faults', () => assert.ok(faults.length >= 40))

// side by side, since most of them wait for a limit to pass
describe('a page, when upstream sends', { concurrency: 4 }, () => {
  for (const [name, answer, staying, retried] of faults) {
    test(`${name}, staying`, async (t) => {
      const { client, upstream } = await outside(t, { patience: { retries: 1 } })
      const folder = await temporaryFolder(t)
      upstream.on('/simple/a/', answer)
      const pages = createPages({ client, folder })
      const url = `${upstream.url}/simple/a/`
      if (typeof staying === 'object' && staying !== null) assert.equal(await codeOf(get(pages, url)), staying.code)
      else assert.equal(await get(pages, url), staying)
      assert.ok(process.memoryUsage.rss() < 512 << 20)
      await pages.settled()
    })

    if (!retried) continue
    test(`${name}, passing`, async (t) => {
      const { client, upstream, waits } = await outside(t)
      const folder = await temporaryFolder(t)
      upstream.on('/simple/a/', answer, page(text))
      const pages = createPages({ client, folder })
      assert.equal(await get(pages, `${upstream.url}/simple/a/`), text)
      assert.equal(waits.length, 1)
      await pages.settled()
    })
  }
})

test('a port where nobody listens', async (t) => {
  const { client, upstream, waits } = await outside(t)
  const folder = await temporaryFolder(t)
  await upstream.close()
  assert.equal(await codeOf(get(createPages({ client, folder }), `${upstream.url}/`)), 'upstream-unreachable')
  assert.equal(waits.length, 4)
})

for (const code of ['ENOTFOUND', 'EAI_AGAIN']) {
  test(`a name that DNS answers with ${code}`, async (t) => {
    const { client, waits } = await outside(t, {
      resolve: () => Promise.reject(Object.assign(new Error('no'), { code })),
    })
    const folder = await temporaryFolder(t)
    assert.equal(await codeOf(get(createPages({ client, folder }), 'https://files.example/')), 'upstream-unreachable')
    assert.equal(waits.length, 4)
  })
}

test('a DNS that never answers', async (t) => {
  const { client } = await outside(t, { resolve: () => new Promise(() => {}), patience: { retries: 0 } })
  const folder = await temporaryFolder(t)
  assert.equal(await codeOf(get(createPages({ client, folder }), 'https://files.example/')), 'upstream-unreachable')
})
