import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { poolUrl, putFile, rawGet, secret, sha256, startMirror, type Running } from './fixture.ts'

const page = '<a>numpy</a>'

/** A tree with something to find everywhere around what may be found. */
async function besieged(t: TestContext): Promise<Running> {
  const mirror = await startMirror(t)
  const { root } = mirror
  await mirror.put('pip/simple/numpy/index.html', page)
  await mirror.put('apt/trixie/InRelease', 'signed')
  await mirror.put('homepod/setup.sh', 'echo')
  for (const path of [
    'secret.txt',
    'index.json',
    '.secret',
    `.incoming/${sha256(secret)}/x-1.0-py3-none-any.whl`,
    'pip/.secret',
    'pip/secret.txt',
    'pip/simple/.secret',
    'pip/simple/secret.txt',
    'pip/simple/numpy/.index.html.swp',
    'pip/simple/numpy/secret.whl',
    'pip/simple/.numpy/index.html',
    'pip/pool/secret.txt',
    'pip/requests/secret.txt',
    'pip/requests/1/secret.txt',
    'apt/secret.txt',
    'apt/.trixie/InRelease',
    'apt/trixie/.secret',
    'homepod/.secret',
    'data/secret.txt',
    'lost+found/secret.txt',
  ])
    await mirror.put(path, secret)
  await putFile(join(root, '..'), 'secret.txt', secret)
  await putFile(join(root, '..'), 'outside/index.html', secret)
  await symlink(join(root, '..', 'outside'), join(root, 'pip/simple/linked'))
  await symlink(join(root, '..', 'secret.txt'), join(root, 'homepod/linked.sh'))
  await symlink('/etc', join(root, 'homepod/etc'))
  await symlink('..', join(root, 'apt/up'))
  await mkdir(join(root, 'pip/simple/folder/index.html'), { recursive: true })
  await writeFile(join(root, 'pip/simple/folder/index.html/secret'), secret)
  return mirror
}

const wheel = `.incoming/${sha256(secret)}/x-1.0-py3-none-any.whl`
const ups = [
  '..',
  '.%2e',
  '%2e.',
  '%2e%2e',
  '%2E%2E',
  '%252e%252e',
  '..;',
  '...',
  '.',
  '%2e',
  '..%00',
  '%c0%ae%c0%ae',
  '%u002e%u002e',
  '．．',
  '..%5c',
  '..\\',
]
const separators = ['/', '%2f', '%2F', '%5c', '\\', '//', '/./', '%252f', '%c0%af', '∕']
const starts = [
  '/',
  '/pip/',
  '/pip/simple/',
  '/pip/simple/numpy/',
  '/apt/trixie/',
  '/apt/trixie/./',
  '/homepod/',
  '/pip/requests/1/',
  '/pip/pool/ab/',
]

const targets = [
  ...starts.flatMap((start) =>
    ups.flatMap((up) => [`${start}${up}/secret.txt`, `${start}${up}/${up}/${up}/${up}/secret.txt`]),
  ),
  ...separators.flatMap((separator) =>
    starts.map((start) => `${start}..${separator}..${separator}..${separator}..${separator}secret.txt`),
  ),
  ...starts.flatMap((start) => [
    `${start}.secret`,
    `${start}%2esecret`,
    `${start}secret.txt`,
    `${start}secret.txt%00.html`,
  ]),
  ...['', '/', '//', '/./', '/pip/../', '/pip/%2e%2e/', '/apt/trixie/./../../', '/homepod/../'].map(
    (start) => `${start}${wheel}`,
  ),
  `/%2eincoming/${sha256(secret)}/x-1.0-py3-none-any.whl`,
  `/${wheel.replaceAll('/', '%2f')}`,
  '/secret.txt',
  '/index.json',
  '/.secret',
  '/data/secret.txt',
  '/lost+found/secret.txt',
  '/pip/simple/numpy/.index.html.swp',
  '/pip/simple/numpy/secret.whl',
  '/pip/simple/.numpy/',
  '/pip/simple/.numpy',
  '/pip/simple/linked/',
  '/pip/simple/folder/',
  '/pip/simple/folder/index.html/secret',
  '/homepod/linked.sh',
  '/homepod/etc/passwd',
  '/apt/.trixie/InRelease',
  '/apt/up/secret.txt',
  '/etc/passwd',
  '//etc/passwd',
  '/../../../../../../etc/passwd',
  '/pip/simple/../../../../../../etc/passwd',
  '/homepod/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
  '/proc/self/environ',
  '/pip/simple/numpy/index.html%00',
  '/pip/simple/numpy/index.html/..',
  '/pip/simple/numpy%2findex.html',
  '/pip/simple/NUMPY%2f..%2f..%2fsecret.txt',
  '/PIP/simple/numpy/',
  'file:///etc/passwd',
  'http://127.0.0.1/pip/simple/numpy/',
  'https://index.example/simple/numpy/',
  'http://[::1]/',
  'ftp://files.example/x',
  'index.example:443',
  '../secret.txt',
  'secret.txt',
  '*',
]

test('no spelling of a path brings a byte from outside the tree', { timeout: 60_000 }, async (t) => {
  const mirror = await besieged(t)
  assert.ok(targets.length >= 400)
  for (const target of targets) {
    const answer = (await mirror.raw(Buffer.from(rawGet(target), 'utf8'))).toString()
    assert.match(answer, /^HTTP\/1\.1 (?:400|404|405) /, target)
    assert.ok(!answer.includes(secret) && !answer.includes('root:'), target)
    assert.ok(!answer.includes(mirror.root), target)
  }
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

const smuggled = '\r\nGET /healthz HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n'
const shapes: readonly (readonly [why: string, request: string])[] = [
  [
    'two lengths',
    `GET / HTTP/1.1\r\nHost: m\r\nContent-Length: 0\r\nContent-Length: ${smuggled.length}\r\n${smuggled}`,
  ],
  [
    'length and chunks',
    `GET / HTTP/1.1\r\nHost: m\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${smuggled}`,
  ],
  ['chunks', `GET / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${smuggled}`],
  ['an odd coding', `GET / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n${smuggled}`],
  ['two codings', `GET / HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n${smuggled}`],
  ['a space before the colon', `GET / HTTP/1.1\r\nHost: m\r\nContent-Length : 5\r\n\r\n${smuggled}`],
  ['a folded header', `GET / HTTP/1.1\r\nHost: m\r\nX: a\r\n b\r\n\r\n${smuggled}`],
  ['a body', `GET /pip/simple/numpy/ HTTP/1.1\r\nHost: m\r\nContent-Length: ${smuggled.length}\r\n${smuggled}`],
  ['a negative length', `GET / HTTP/1.1\r\nHost: m\r\nContent-Length: -1\r\n\r\n${smuggled}`],
  ['a length with a plus', `GET / HTTP/1.1\r\nHost: m\r\nContent-Length: +5\r\n\r\n${smuggled}`],
  ['a bare line feed', `GET / HTTP/1.1\nHost: m\n\n${smuggled}`],
  ['a bare carriage return', `GET / HTTP/1.1\rHost: m\r\r${smuggled}`],
  ['no host', `GET / HTTP/1.1\r\n\r\n${smuggled}`],
  ['a space in the target', `GET /pip/simple /numpy/ HTTP/1.1\r\nHost: m\r\n\r\n${smuggled}`],
  ['a tab in the target', `GET /pip/\tsimple/ HTTP/1.1\r\nHost: m\r\n\r\n${smuggled}`],
  ['a NUL in the target', `GET /pip/\0simple/ HTTP/1.1\r\nHost: m\r\n\r\n${smuggled}`],
  ['a NUL in a header', `GET / HTTP/1.1\r\nHost: m\r\nX: \0\r\n\r\n${smuggled}`],
  ['an odd version', `GET / HTTP/9.9\r\nHost: m\r\n\r\n${smuggled}`],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['noise', 'hello\r\n\r\n'],
]

test('a request that two servers could read differently is refused, and what follows it is not answered', async (t) => {
  const mirror = await besieged(t)
  for (const [why, request] of shapes) {
    const answer = (await mirror.raw(Buffer.from(request, 'latin1'))).toString()
    assert.match(answer, /^(?:HTTP\/1\.1 400 |$)/, why)
    assert.doesNotMatch(answer, /200 OK/, why)
  }
  assert.equal((await mirror.get('/healthz')).status, 200)
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
