import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, symlink, truncate, utimes } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { poolUrl, putFile, sha256, startMirror } from './fixture.ts'

const wheel = randomBytes(300_001)
const file = 'numpy-2.0.0+cpu-cp311-cp311-linux_x86_64.whl'
const path = poolUrl('pip', wheel, file)
const url = `/${path.replace('+', '%2B')}`

test('a wheel is sent whole, to be kept for good and never shown', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  await mirror.put(path, wheel)
  for (const target of [url, `/${path}`, `${url}?x`]) {
    const { status, headers, body } = await mirror.get(target, { 'accept-encoding': 'gzip' })
    assert.equal(status, 200)
    assert.ok(body.equals(wheel))
    assert.equal(headers['content-type'], 'application/octet-stream')
    assert.equal(headers['content-length'], String(wheel.length))
    assert.equal(headers['content-encoding'], undefined)
    assert.equal(headers['content-disposition'], 'attachment')
    assert.equal(headers['cache-control'], 'max-age=365000000, immutable')
    assert.equal(headers.etag, `"${sha256(wheel)}"`)
    assert.equal(headers['accept-ranges'], 'bytes')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(headers['content-security-policy'] as string, /^default-src 'none'/)
    assert.match(headers['last-modified']!, / GMT$/)
  }
  const head = await mirror.get(url, {}, 'HEAD')
  const { headers } = await mirror.get(url)
  assert.deepEqual({ ...head.headers, date: '' }, { ...headers, date: '' })
  assert.equal(head.body.length, 0)
})

const spans: readonly (readonly [range: string, status: number, start: number, end: number])[] = [
  ['bytes=0-0', 206, 0, 1],
  ['bytes=0-', 206, 0, wheel.length],
  ['bytes=100-199', 206, 100, 200],
  ['bytes=262143-262145', 206, 262143, 262146],
  ['bytes=1-300000', 206, 1, 300_001],
  ['bytes=300000-', 206, 300_000, 300_001],
  ['bytes=-5', 206, 299_996, 300_001],
  ['bytes=-999999', 206, 0, wheel.length],
  ['bytes=10-999999', 206, 10, wheel.length],
  ['bytes=0-1,5-6', 200, 0, wheel.length],
  ['bytes=5-1', 200, 0, wheel.length],
  ['nonsense', 200, 0, wheel.length],
]

test('a range gives its part, several give the whole', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  await mirror.put(path, wheel)
  for (const [range, status, start, end] of spans) {
    const answer = await mirror.get(url, { range })
    assert.equal(answer.status, status, range)
    assert.ok(answer.body.equals(wheel.subarray(start, end)), range)
    assert.equal(answer.headers['content-length'], String(end - start), range)
    const expected = status === 206 ? `bytes ${start}-${end - 1}/${wheel.length}` : undefined
    assert.equal(answer.headers['content-range'], expected, range)
    assert.equal(answer.headers.etag, `"${sha256(wheel)}"`)
  }
  for (const range of ['bytes=300001-', 'bytes=999999-9999999', 'bytes=-0']) {
    const answer = await mirror.get(url, { range })
    assert.equal(answer.status, 416, range)
    assert.equal(answer.headers['content-range'], `bytes */${wheel.length}`)
  }
})

test('a range of a HEAD is not answered with a part', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  await mirror.put(path, wheel)
  const { status, headers } = await mirror.get(url, { range: 'bytes=0-9' }, 'HEAD')
  assert.equal(status, 200)
  assert.equal(headers['content-length'], String(wheel.length))
})

test(
  'a download is resumed when the file is the same, and begins again when it is not',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await startMirror(t)
    await mirror.put(path, wheel)
    const { headers } = await mirror.get(url, {}, 'HEAD')
    for (const condition of [headers.etag!, headers['last-modified']!])
      assert.equal((await mirror.get(url, { range: 'bytes=9-', 'if-range': condition })).status, 206)
    for (const condition of ['"other"', `W/${headers.etag}`, 'Mon, 01 Jan 2001 00:00:00 GMT']) {
      const { status, body } = await mirror.get(url, { range: 'bytes=9-', 'if-range': condition })
      assert.equal(status, 200)
      assert.equal(body.length, wheel.length)
    }
  },
)

test('a file that the client has is 304, with or without a range', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  await mirror.put(path, wheel)
  const etag = `"${sha256(wheel)}"`
  for (const headers of [{ 'if-none-match': etag }, { 'if-none-match': etag, range: 'bytes=0-1' }]) {
    const answer = await mirror.get(url, headers)
    assert.equal(answer.status, 304)
    assert.equal(answer.body.length, 0)
    assert.equal(answer.headers['cache-control'], 'max-age=365000000, immutable')
  }
  assert.equal((await mirror.get(url.replace('.whl', '.other'), { 'if-none-match': etag })).status, 404)
})

test('each kind of file has its type, and the validators that fit it', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  const deb = randomBytes(1000)
  const debPath = poolUrl('apt', deb, 'x_1.0+b1~x_amd64.deb')
  const index = 'Package: x\n'
  const byHash = `apt/trixie/by-hash/SHA256/${sha256(index)}`
  const text = 'text/plain; charset=utf-8'
  const kept = 'max-age=365000000, immutable'
  const files = [
    [`${path}.metadata`, 'Metadata-Version: 2.1\n', text, kept],
    [debPath, deb, 'application/vnd.debian.binary-package', kept],
    [byHash, index, 'application/octet-stream', kept],
    ['apt/trixie/InRelease', 'x', text, 'no-cache'],
    ['apt/trixie/Release.gpg', 'x', 'application/octet-stream', 'no-cache'],
    ['apt/trixie/Packages', index, text, 'no-cache'],
    ['apt/trixie/Packages.gz', 'x', 'application/gzip', 'no-cache'],
    ['apt/trixie/Packages.zst', 'x', 'application/zstd', 'no-cache'],
    ['pip/requests/7/requirements.txt', 'numpy==2\n', text, 'no-cache'],
    ['pip/requests/7/pylock.toml', 'lock', text, 'no-cache'],
    ['pip/simple/numpy/index.html', '<a>', 'text/html; charset=utf-8', 'no-cache'],
    ['pip/simple/numpy/index.json', '{}', 'application/vnd.pypi.simple.v1+json', 'no-cache'],
    ['homepod/setup.sh', '#!/bin/sh\n', text, 'no-cache'],
    ['homepod/airlock.asc', 'key', text, 'no-cache'],
    ['homepod/airlock.bin', 'x', 'application/octet-stream', 'no-cache'],
    ['homepod/x.constructor', 'x', 'application/octet-stream', 'no-cache'],
    ['homepod/empty', '', 'application/octet-stream', 'no-cache'],
  ] as const
  for (const [lies, content, type, caching] of files) {
    await mirror.put(lies, content)
    const { status, headers, body } = await mirror.get(`/${lies}`)
    assert.equal(status, 200, lies)
    assert.deepEqual(body, Buffer.from(content), lies)
    assert.equal(headers['content-type'], type, lies)
    assert.equal(headers['cache-control'], caching, lies)
    assert.equal(headers['content-encoding'], undefined, lies)
    assert.match(headers.etag!, /^"[\w.-]+"$/, lies)
    const again = await mirror.get(`/${lies}`, { 'if-none-match': headers.etag! })
    assert.equal(again.status, 304, lies)
    assert.equal((await mirror.get(`/${lies}`, {}, 'HEAD')).headers['content-length'], String(body.length), lies)
  }
  assert.equal((await mirror.get(`/${debPath.replace('+', '%2b').replace('~', '%7e')}`)).status, 200)
  assert.equal((await mirror.get('/apt/trixie/./InRelease')).status, 200)
})

test('a signed index is never said to be unchanged when it has changed', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  const release = 'apt/trixie/InRelease'
  const publish = async (content: string, second: number) => {
    await mirror.put(release, content)
    await utimes(join(mirror.root, release), second, second)
  }
  await publish('one', 1_700_000_000)
  const first = (await mirror.get(`/${release}`)).headers
  const asFirst = { 'if-modified-since': first['last-modified']! }
  assert.equal((await mirror.get(`/${release}`, asFirst)).status, 304)
  await publish('two', 1_700_000_001)
  for (const headers of [asFirst, { 'if-none-match': first.etag! }, { ...asFirst, 'if-none-match': first.etag! }])
    assert.equal((await mirror.get(`/${release}`, headers)).body.toString(), 'two')
  const second = (await mirror.get(`/${release}`)).headers
  await publish('old', 1_700_000_000)
  assert.equal(
    (await mirror.get(`/${release}`, { 'if-modified-since': second['last-modified']! })).body.toString(),
    'old',
  )
  await publish('six', 1_700_000_001)
  assert.equal((await mirror.get(`/${release}`, { 'if-none-match': second.etag! })).body.toString(), 'six')
})

test('apt is never redirected', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  await mirror.put('apt/trixie/InRelease', 'x')
  for (const path of [
    '/apt',
    '/apt/',
    '/apt/trixie',
    '/apt/trixie/',
    '/apt/trixie/.',
    '/apt/trixie/./',
    '/apt/trixie/InRelease/',
    '/apt/pool',
  ])
    assert.equal((await mirror.get(path)).status, 404, path)
})

test('what pip and apt print of a missing file says whom to ask', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t, { consoleUrl: 'http://console.example' })
  for (const target of [
    url,
    `${url}.metadata`,
    '/apt/trixie/InRelease',
    '/pip/requests/1/pylock.toml',
    '/homepod/x.sh',
  ]) {
    const { status, reason, headers, body } = await mirror.get(target)
    assert.equal(status, 404, target)
    assert.equal(reason, 'Not on this Airlock mirror: ask on http://console.example')
    assert.equal(headers['cache-control'], 'no-cache')
    assert.match(body.toString(), /console\.example/)
  }
  const chinese = await startMirror(t, { consoleUrl: 'http://控制台.example/队列' })
  assert.match((await chinese.get(url)).reason, /^Not on this Airlock mirror: ask on http:\/\/xn--[!-~]+$/)
})

test('links, folders, pipes and files behind links are not there', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  const outside = join(mirror.root, '..', 'outside')
  await putFile(outside, 'x.sh', 'outside')
  await mkdir(join(mirror.root, 'homepod/folder.sh'), { recursive: true })
  await symlink(join(outside, 'x.sh'), join(mirror.root, 'homepod/link.sh'))
  await symlink('setup.sh', join(mirror.root, 'homepod/inner.sh'))
  await symlink(outside, join(mirror.root, 'homepod/behind'))
  await symlink('loop.sh', join(mirror.root, 'homepod/loop.sh'))
  await promisify(execFile)('mkfifo', [join(mirror.root, 'homepod/pipe.sh')])
  await mirror.put('homepod/setup.sh', 'inside')
  for (const name of ['folder.sh', 'link.sh', 'inner.sh', 'behind/x.sh', 'loop.sh', 'pipe.sh', 'setup.sh/x'])
    assert.equal((await mirror.get(`/homepod/${name}`)).status, 404, name)
  assert.equal((await mirror.get('/homepod/setup.sh')).status, 200)
  assert.deepEqual(mirror.errors, [])
})

test('a file that shrinks while it is sent ends the connection, not the server', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  const large = Buffer.alloc(64 * 2 ** 20, 'a')
  const path = poolUrl('apt', large, 'large_1_all.deb')
  await mirror.put(path, large)
  const received = await new Promise<number>((resolve, reject) => {
    let bytes = 0
    const socket = connect(mirror.port, '127.0.0.1', () => socket.write(`GET /${path} HTTP/1.1\r\nHost: m\r\n\r\n`))
    socket.once('data', () => {
      socket.pause()
      truncate(join(mirror.root, path), 2 ** 20).then(() => socket.resume(), reject)
    })
    socket.on('data', (chunk) => (bytes += chunk.length))
    socket.on('error', () => {})
    socket.on('close', () => resolve(bytes))
  })
  assert.ok(received < large.length)
  assert.equal(mirror.errors.length, 1)
  assert.equal((await mirror.get('/healthz')).status, 200)
})

test('a name too long for any disk is not there, which is no error', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  await mirror.put('homepod/setup.sh', 'x')
  assert.equal((await mirror.get(`/homepod/${'a'.repeat(255)}/${'b'.repeat(255)}`)).status, 404)
  assert.equal((await mirror.get(`/homepod/${'a'.repeat(256)}`)).status, 404)
  assert.deepEqual(mirror.errors, [])
})

test(
  'a file that may not be read is a 500 that says so and names nothing, and is heard of',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await startMirror(t)
    await mirror.put('homepod/setup.sh', 'x')
    await mirror.put('pip/simple/numpy/index.html', 'x')
    await chmod(join(mirror.root, '..'), 0o755)
    await chmod(join(mirror.root, 'homepod/setup.sh'), 0)
    await chmod(join(mirror.root, 'pip/simple/numpy'), 0)
    const isRoot = process.geteuid!() === 0
    try {
      if (isRoot) process.seteuid!(65534)
      for (const [at, path] of ['/homepod/setup.sh', '/pip/simple/numpy/', '/pip/simple/numpy'].entries()) {
        const { status, reason, body } = await mirror.get(path)
        assert.equal(status, 500, path)
        assert.equal(reason, 'Airlock cannot read its disk')
        assert.doesNotMatch(body.toString(), /EACCES|index|setup|\/tmp/)
        assert.equal(mirror.errors.length, at + 1)
      }
    } finally {
      if (isRoot) process.seteuid!(0)
      await chmod(join(mirror.root, 'pip/simple/numpy'), 0o755)
    }
  },
)
