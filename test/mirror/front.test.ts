import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { rawGet, startMirror } from './fixture.ts'

test('the root says what this is, how to install and how to ask, in two languages, without a tree', async (t) => {
  const mirror = await startMirror(t)
  const { status, headers, body } = await mirror.get('/', { host: 'mirror.example:8080' })
  const text = body.toString()
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(headers['content-length'], String(body.length))
  assert.equal(headers['cache-control'], 'no-cache')
  for (const expected of [
    'pip install --index-url http://mirror.example:8080/pip/simple/ --trusted-host mirror.example NAME',
    'download-file http://mirror.example:8080/homepod/setup.sh setup.sh &#38;&#38; sh setup.sh http://mirror.example:8080',
    'sh /opt/public/airlock/homepod/setup.sh',
    'Airlock console',
    'Airlock 镜像',
    '控制台',
  ])
    assert.ok(text.includes(expected), expected)
  assert.deepEqual((await mirror.get('/index.html', { host: 'mirror.example:8080' })).body, body)
  assert.equal((await mirror.get('/', { host: 'mirror.example:8080', 'if-none-match': headers.etag! })).status, 304)
  assert.equal((await mirror.get('/', { host: 'other.example', 'if-none-match': headers.etag! })).status, 200)
  assert.equal((await mirror.get('/', {}, 'HEAD')).body.length, 0)
  assert.deepEqual(mirror.errors, [])
})

test('the root names the configured addresses and the indexes and targets that exist', async (t) => {
  const mirror = await startMirror(t, {
    mirrorUrl: 'https://airlock.example/packages',
    consoleUrl: 'http://console.example/?a=1&b="2"',
  })
  await mirror.put('pip/simple/index.html', '')
  await mirror.put('pip/cu121/index.html', '')
  await mirror.put('pip/pool/x', '')
  await mirror.put('apt/trixie/InRelease', '')
  const text = (await mirror.get('/')).body.toString()
  for (const expected of [
    '--index-url https://airlock.example/packages/pip/simple/ NAME',
    '--index-url https://airlock.example/packages/pip/cu121/ NAME',
    'URIs: https://airlock.example/packages/apt/\nSuites: trixie/',
    'href="http://console.example/?a=1&#38;b=&#34;2&#34;"',
  ])
    assert.ok(text.includes(expected), expected)
  assert.ok(!text.includes('pip/pool'))
})

test('the only style allowed is the page’s own, and no script at all', async (t) => {
  const mirror = await startMirror(t)
  const { headers, body } = await mirror.get('/')
  const style = /<style>([^]*)<\/style>/.exec(body.toString())![1]!
  const hash = createHash('sha256').update(style).digest('base64')
  assert.equal(
    headers['content-security-policy'],
    `default-src 'none'; frame-ancestors 'none'; style-src 'sha256-${hash}'`,
  )
  assert.doesNotMatch(body.toString(), /<script|style=|onload|javascript:|src=/i)
})

test('a Host header cannot put anything of its own on the root page', async (t) => {
  const mirror = await startMirror(t)
  for (const host of [
    '"><script>alert(1)</script>',
    'a b',
    'a/b',
    'user@evil.example',
    'a"b',
    'x:99999999',
    'x:99999',
    '1.2.3.4.5',
    '[::1::]',
    '1.2.3.256',
    '-'.repeat(300),
  ]) {
    const answer = (await mirror.raw(rawGet('/').replace('Host: mirror', `Host: ${host}`))).toString()
    assert.match(answer, /^HTTP\/1\.1 200 /, host)
    assert.ok(!answer.includes(host), host)
    assert.match(answer, /http:\/\/localhost\/pip\/simple\//)
  }
})

test('loopback needs no --trusted-host', async (t) => {
  const mirror = await startMirror(t)
  for (const host of ['127.0.0.1:8080', 'localhost:8080', '[::1]:8080'])
    assert.doesNotMatch((await mirror.get('/', { host })).body.toString(), /trusted-host/)
})
