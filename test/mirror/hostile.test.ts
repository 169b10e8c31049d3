import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { poolUrl, rawGet, secret, startMirror } from './fixture.ts'
import { besieged, leaksOf, page, targets } from './siege.ts'

test('no spelling of a path brings a byte from outside the tree', { timeout: 300_000 }, async (t) => {
  const mirror = await besieged(t)
  assert.ok(targets.length >= 400)
  assert.deepEqual(await leaksOf(mirror), [])
  assert.deepEqual(mirror.errors, [])
  assert.equal((await mirror.get('/pip/simple/numpy/')).body.toString(), page, 'and it still serves')
})

test('nothing is said of a path but that it is not there', async (t) => {
  const mirror = await besieged(t)
  const answers = new Set<string>()
  for (const target of [
    '/.secret',
    '/secret.txt',
    '/no-such',
    '/.incoming/',
    '/data/secret.txt',
    '/pip/simple/.numpy/',
  ])
    answers.add((await mirror.get(target)).body.toString())
  assert.equal(answers.size, 1)
})

test('only GET and HEAD are known', async (t) => {
  const mirror = await besieged(t)
  const methods = [
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'MKCOL',
    'MOVE',
    'COPY',
    'LOCK',
    'PURGE',
    'SEARCH',
    'QUERY',
  ]
  for (const method of methods)
    for (const target of ['/', '/pip/simple/numpy/', '/apt/trixie/InRelease', '*']) {
      const answer = (await mirror.raw(`${method} ${target} HTTP/1.1\r\nHost: m\r\n\r\n`)).toString()
      assert.match(answer, /^HTTP\/1\.1 405 Method Not Allowed\r\n/, method)
      assert.match(answer, /\r\nAllow: GET, HEAD\r\n/)
      assert.match(answer, /\r\nConnection: close\r\n/)
    }
})

test('CONNECT is refused, and nothing that follows it is read', async (t) => {
  const mirror = await besieged(t)
  for (const target of ['index.example:443', '127.0.0.1:80', '/pip/simple/numpy/']) {
    const answer = (
      await mirror.raw(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n${rawGet('/healthz')}`)
    ).toString()
    assert.match(answer, /^HTTP\/1\.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n/)
    assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1)
  }
})

test('a CONNECT behind a download is not answered in the midst of it', async (t) => {
  const mirror = await besieged(t)
  const large = Buffer.alloc(20 * 2 ** 20, 'a')
  const path = poolUrl('apt', large, 'x_1_all.deb')
  await mirror.put(path, large)
  const answer = await mirror.raw(`GET /${path} HTTP/1.1\r\nHost: m\r\n\r\nCONNECT m:1 HTTP/1.1\r\nHost: m\r\n\r\n`)
  assert.equal(answer.indexOf('405'), -1)
})

test('headers over 16 KiB and targets over 2 KiB are refused', async (t) => {
  const mirror = await besieged(t)
  assert.match((await mirror.raw(rawGet('/', `X: ${'a'.repeat(17_000)}`))).toString(), /^HTTP\/1\.1 431 /)
  assert.match((await mirror.raw(rawGet(`/${'a'.repeat(17_000)}`))).toString(), /^HTTP\/1\.1 431 /)
  assert.match((await mirror.raw(rawGet(`/${'a/'.repeat(2000)}`))).toString(), /^HTTP\/1\.1 414 /)
  assert.match((await mirror.raw(rawGet('/', `X: ${'a'.repeat(10_000)}`))).toString(), /^HTTP\/1\.1 200 /)
})

test('headers that a client may invent change nothing', async (t) => {
  const mirror = await besieged(t)
  const usual = await mirror.get('/pip/simple/numpy/')
  for (const headers of [
    { 'x-original-url': '/secret.txt', 'x-rewrite-url': '/secret.txt' },
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher', forwarded: 'host=evil.example' },
    { 'x-http-method-override': 'DELETE' },
    { host: 'evil.example' },
    { host: '"><script>' },
    { upgrade: 'h2c', connection: 'Upgrade, HTTP2-Settings', 'http2-settings': 'AAMAAABk' },
    { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-key': 'x' },
    { origin: 'http://evil.example', 'access-control-request-method': 'GET' },
    { cookie: 'a=b', authorization: 'Basic eDp5' },
    { 'if-none-match': '"'.repeat(5000) },
    { accept: ',;q=,'.repeat(2000) },
    { range: 'bytes=0-' },
  ] as Record<string, string>[]) {
    const { status, headers: answered, body } = await mirror.get('/pip/simple/numpy/', headers)
    assert.equal(status, 200, JSON.stringify(headers))
    assert.equal(body.toString(), page)
    assert.deepEqual({ ...answered, date: '', connection: '' }, { ...usual.headers, date: '', connection: '' })
  }
})

/** renameat2(2) with RENAME_EXCHANGE, over and over, until it is ended. */
const exchange = `
import ctypes, sys
exchange = ctypes.CDLL(None).renameat2
first, second = (path.encode() for path in sys.argv[1:])
print('begun', flush=True)
while exchange(-100, first, -100, second, 2) == 0: pass
`

test(
  'a folder that becomes a link while it is read gives away nothing of where it leads',
  { timeout: 300_000 },
  async (t) => {
    const mirror = await startMirror(t)
    const outside = join(dirname(mirror.root), 'keys')
    await mkdir(outside)
    await writeFile(join(outside, 'airlock.asc'), secret)
    await mirror.put('homepod/airlock.asc', 'public')
    await symlink(outside, join(mirror.root, 'link'))
    const folders = [join(mirror.root, 'homepod'), join(mirror.root, 'link')]
    const swapping = spawn('python3', ['-c', exchange, ...folders], { stdio: ['ignore', 'pipe', 'inherit'] })
    const seen = new Set<number>()
    try {
      await once(swapping.stdout, 'data')
      for (let round = 0; round < 400 || (seen.size < 2 && round < 5000); round++) {
        const asked = Array.from({ length: 8 }, () => mirror.get('/homepod/airlock.asc'))
        for (const { status, body } of await Promise.all(asked)) {
          assert.ok(!body.includes(secret), 'a file from outside the tree')
          seen.add(status)
        }
      }
      assert.equal(swapping.exitCode, null)
    } finally {
      swapping.kill('SIGKILL')
    }
    assert.deepEqual(seen, new Set([200, 404]), 'it was read in both states')
  },
)
