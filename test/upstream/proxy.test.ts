/** Behind a forward proxy, and over TLS: links to other hosts can be followed for real here, since the proxy resolves them. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { createUpstreamClient, type UpstreamClientDeps } from '../../server/upstream/client.ts'
import { readProxyEnv } from '../../server/upstream/proxy.ts'
import { certificateFor } from '../support/certificate.ts'
import { startProxy } from '../support/proxy.ts'
import { file, redirect, startUpstream } from '../support/upstream.ts'
import { codeOf, errorOf, never, quick } from './fixture.ts'

const certificate = certificateFor(['files.example', 'localhost'])

async function behindProxy(
  t: TestContext,
  options: Parameters<typeof startProxy>[1] = {},
  deps: Partial<UpstreamClientDeps> = {},
) {
  const secure = await startUpstream({ tls: certificate })
  const proxy = await startProxy(secure.port, options)
  const address = proxy.url.replace('//', '//office:hunter2@')
  const client = createUpstreamClient({
    origins: [{ name: 'default', url: 'https://index.example/simple/' }],
    proxyEnv: { HTTP_PROXY: address, HTTPS_PROXY: address },
    extraCa: [certificate.cert],
    timeouts: quick,
    wait: async () => {},
    resolve: () => assert.fail('behind a proxy DNS is the proxy’s'),
    ...deps,
  })
  t.after(async () => {
    client.close()
    await proxy.close()
    await secure.close()
  })
  const get = (url: string, trust: 'configured' | 'linked' = 'linked') =>
    client.fetch({ url, maxBytes: 1000, signal: never, trust })
  return { secure, proxy, get }
}

test('a linked host is reached through the tunnel, and the tunnel is used again', async (t) => {
  const { secure, proxy, get } = await behindProxy(t)
  secure.on('/x', file('x'))
  for (let i = 0; i < 3; i++) assert.equal((await get('https://files.example/x')).body.toString(), 'x')
  assert.deepEqual(
    proxy.asked.map(({ what }) => what),
    ['CONNECT files.example:443'],
  )
  assert.equal(proxy.asked[0]?.headers['proxy-authorization'], `Basic ${btoa('office:hunter2')}`)
})

test('the proxy’s password does not reach upstream', async (t) => {
  const { secure, get } = await behindProxy(t)
  secure.on('/x', file('x'))
  await get('https://files.example/x')
  assert.deepEqual(Object.keys(secure.requests[0]!.headers).toSorted(), [
    'accept-encoding',
    'connection',
    'host',
    'user-agent',
  ])
})

test('plain http goes to the proxy as a whole URL', async (t) => {
  const plain = await startUpstream()
  const proxy = await startProxy(plain.port)
  const client = createUpstreamClient({
    origins: [{ name: 'default', url: 'http://index.example/simple/' }],
    proxyEnv: { http_proxy: proxy.url },
    timeouts: quick,
  })
  t.after(async () => {
    client.close()
    await proxy.close()
    await plain.close()
  })
  plain.on('/simple/a/', file('a'))
  const ask = { url: 'http://index.example/simple/a/', maxBytes: 10, signal: never, trust: 'configured' } as const
  assert.equal((await client.fetch(ask)).body.toString(), 'a')
  assert.equal((await client.fetch(ask)).url, ask.url)
  assert.equal(proxy.asked[0]?.what, 'GET http://index.example/simple/a/')
  assert.equal(plain.requests[0]?.headers.host, 'index.example')
})

for (const url of [
  'https://10.0.0.1/x',
  'https://[::1]/x',
  'https://localhost/x',
  'https://metadata.google.internal/x',
  'https://intranet/x',
  'https://files.example:8443/x',
  'http://files.example/x',
]) {
  test(`behind a proxy ${url} is refused before the proxy hears of it`, async (t) => {
    const { proxy, get } = await behindProxy(t)
    assert.equal(await codeOf(get(url)), 'upstream-host-refused')
    assert.deepEqual(proxy.asked, [])
  })
}

test('behind a proxy a redirect is judged as well', async (t) => {
  const { secure, proxy, get } = await behindProxy(t)
  secure.on('/x', redirect('https://127.0.0.1/y'))
  assert.equal(await codeOf(get('https://files.example/x')), 'upstream-host-refused')
  assert.equal(proxy.asked.length, 1)
})

test('an origin’s own proxy is asked for what it sends elsewhere too, and for nothing of the others', async (t) => {
  const [plain, secure] = [await startUpstream(), await startUpstream({ tls: certificate })]
  const [own, common] = [await startProxy(plain.port), await startProxy(secure.port)]
  const client = createUpstreamClient({
    origins: [
      { name: 'default', url: 'https://index.example/simple/' },
      { name: 'archive', url: 'http://archive.example/debian/', proxy: own.url },
      { name: 'files', url: 'http://files.example/', proxy: undefined },
      { name: 'near', url: `${plain.url}/`, proxy: null },
      { name: 'excluded', url: `http://localhost:${plain.port}/`, proxy: own.url },
    ],
    proxyEnv: { HTTP_PROXY: common.url, HTTPS_PROXY: common.url, NO_PROXY: 'localhost' },
    extraCa: [certificate.cert],
    timeouts: quick,
  })
  t.after(async () => {
    client.close()
    await Promise.all([own.close(), common.close()])
    await Promise.all([plain.close(), secure.close()])
  })
  const get = (url: string) => client.fetch({ url, maxBytes: 1000, signal: never, trust: 'configured' })
  plain.on('/debian/x', redirect('http://files.example/y'))
  plain.on('/y', file('y'))
  secure.on('/simple/a/', file('a'))
  assert.equal((await get('http://archive.example/debian/x')).body.toString(), 'y')
  assert.deepEqual(
    own.asked.map(({ what }) => what),
    ['GET http://archive.example/debian/x', 'GET http://files.example/y'],
  )
  assert.equal(common.asked.length, 0)
  assert.equal((await get(`${plain.url}/y`)).body.toString(), 'y', 'null is none, whatever the environment says')
  assert.equal((await get(`http://localhost:${plain.port}/y`)).body.toString(), 'y', 'NO_PROXY goes before it')
  assert.equal(own.asked.length + common.asked.length, 2)
  await codeOf(get('https://index.example/simple/a/'))
  assert.deepEqual([own.asked.length, common.asked[0]?.what], [2, 'CONNECT index.example:443'])
})

test('a proxy that refuses is named as the reason, without its password', async (t) => {
  const { get } = await behindProxy(t, { refuse: '403 No' })
  const error = await errorOf(get('https://files.example/x'))
  assert.equal(error.code, 'upstream-unreachable')
  assert.match(error.message, /the proxy did not connect \(403\)/)
  assert.doesNotMatch(inspect(error, { depth: 20, showHidden: true }), /hunter2|b2ZmaWNl/)
})

test('a proxy that fails is tried again, one that refuses is not', async (t) => {
  for (const [refuse, tries] of [
    ['503 Busy', 5],
    ['407 Who are you', 1],
  ] as const) {
    const { proxy, get } = await behindProxy(t, { refuse })
    await codeOf(get('https://files.example/x'))
    assert.equal(proxy.asked.length, tries)
  }
})

test('a proxy that never opens its tunnel is given up', async (t) => {
  const { get } = await behindProxy(t, { mute: true }, { patience: { retries: 0 } })
  assert.equal(await codeOf(get('https://files.example/x')), 'upstream-unreachable')
})

async function overTls(
  t: TestContext,
  names: string[],
  deps: Partial<UpstreamClientDeps>,
  dates?: { from: Date; to: Date },
) {
  const own = certificateFor(names, dates)
  const secure = await startUpstream({ tls: own })
  const client = createUpstreamClient({
    origins: [{ name: 'default', url: `https://localhost:${secure.port}/` }],
    timeouts: quick,
    wait: async () => {},
    ...(deps.extraCa ? { extraCa: [own.cert] } : {}),
  })
  t.after(async () => {
    client.close()
    await secure.close()
  })
  secure.on('/x', file('x'))
  return client.fetch({ url: `https://localhost:${secure.port}/x`, maxBytes: 10, signal: never, trust: 'configured' })
}

test('an extra authority is trusted', async (t) => {
  assert.equal((await overTls(t, ['localhost'], { extraCa: [] })).body.toString(), 'x')
})

test('an unknown authority is not', async (t) => {
  const error = await errorOf(overTls(t, ['localhost'], {}))
  assert.equal(error.code, 'upstream-unreachable')
  assert.match(error.message, /TLS failed/)
})

test('a certificate for another host is refused', async (t) => {
  assert.match((await errorOf(overTls(t, ['elsewhere.example'], { extraCa: [] }))).message, /ALTNAME/)
})

test('a certificate that has expired is refused', async (t) => {
  const dates = { from: new Date('2020-01-01'), to: new Date('2021-01-01') }
  assert.match((await errorOf(overTls(t, ['localhost'], { extraCa: [] }, dates))).message, /CERT_HAS_EXPIRED/)
})

const uses = (env: Record<string, string>, url: string) =>
  readProxyEnv({ https_proxy: 'proxy.example:3128', http_proxy: 'http://proxy.example', ...env }).uses(new URL(url))

for (const [noProxy, url, through] of [
  ['', 'https://a.example/', true],
  ['*', 'https://a.example/', false],
  ['a.example', 'https://a.example/', false],
  ['a.example', 'https://b.a.example/', false],
  ['a.example', 'https://ba.example/', true],
  ['.a.example', 'https://b.a.example/', false],
  ['*.a.example', 'https://b.a.example/', false],
  ['A.Example', 'https://a.example/', false],
  ['a.example:8443', 'https://a.example:8443/', false],
  ['a.example:8443', 'https://a.example/', true],
  ['a.example:443', 'https://a.example/', false],
  ['x.example, a.example', 'http://a.example/', false],
  ['x.example a.example', 'http://a.example/', false],
  ['10.0.0.1', 'http://10.0.0.1/', false],
  ['10.0.0.0/8', 'http://10.9.9.9/', false],
  ['10.0.0.0/8', 'http://11.9.9.9/', true],
  ['10.0.0.0/99', 'http://10.9.9.9/', true],
  ['::1', 'http://[::1]/', false],
  ['[::1]:8080', 'http://[::1]:8080/', false],
  ['fd00::/8', 'http://[fd12::1]/', false],
  ['0.0.1', 'http://10.0.0.1/', true],
] as const) {
  test(`NO_PROXY=${noProxy}: ${url} goes ${through ? 'through the proxy' : 'directly'}`, () =>
    assert.equal(uses({ NO_PROXY: noProxy }, url), through))
}

test('the lower-case variable wins', () => {
  assert.equal(
    readProxyEnv({ https_proxy: 'http://a.example', HTTPS_PROXY: 'http://b.example' }).https,
    'http://a.example/',
  )
})

test('ALL_PROXY stands in for what is not set', () => {
  const { http, https } = readProxyEnv({ ALL_PROXY: 'http://a.example', http_proxy: 'http://b.example' })
  assert.deepEqual([http, https], ['http://b.example/', 'http://a.example/'])
})

test('without a proxy nothing goes through one', () => {
  assert.equal(readProxyEnv({ https_proxy: ' ' }).uses(new URL('https://a.example/')), false)
})

test('a SOCKS proxy is refused at the start, without its password', () => {
  assert.throws(
    () => readProxyEnv({ HTTPS_PROXY: 'socks5://user:hunter2@proxy.example' }),
    (error: Error) => /SOCKS|HTTP proxy/.test(error.message) && !/hunter2/.test(inspect(error)),
  )
})
