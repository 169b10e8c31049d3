/** Which proxy apt would take: each row is what apt-get itself did, given the same settings. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aptOrigins } from '../../server/apt/origins.ts'
import { proxyFor, readProxies } from '../../server/apt/proxies.ts'
import { parseSources } from '../../server/apt/sources.ts'

const [one, two] = ['http://one.example:3128', 'http://two.example:3142/']
const plain = 'http://a.example/debian'
const secure = 'https://a.example/debian'

for (const [what, settings, uri, proxy] of [
  ['nothing said', {}, plain, undefined],
  ['one for all', { 'Acquire::http::Proxy': one }, plain, one],
  ['one for http serves https too', { 'Acquire::http::Proxy': one }, secure, one],
  ["one of https's own", { 'Acquire::http::Proxy': one, 'Acquire::https::Proxy': two }, secure, two],
  ['one for https does not serve http', { 'Acquire::https::Proxy': two }, plain, undefined],
  ["a host's own", { 'Acquire::http::Proxy': one, 'Acquire::http::Proxy::a.example': two }, plain, two],
  [
    "a host's own for http goes before https's general one",
    { 'Acquire::http::Proxy::a.example': one, 'Acquire::https::Proxy': two },
    secure,
    one,
  ],
  ["another host's", { 'Acquire::http::Proxy::b.example': two }, plain, undefined],
  ['none for one host', { 'Acquire::http::Proxy': one, 'Acquire::http::Proxy::a.example': 'DIRECT' }, plain, null],
  ['none at all', { 'Acquire::http::Proxy': 'DIRECT' }, plain, null],
  ['false, as many write it', { 'Acquire::http::Proxy': 'false' }, plain, null],
  ['empty is not said', { 'Acquire::http::Proxy': '' }, plain, undefined],
  ['in other letters', { 'acquire::HTTP::proxy': one }, plain, one],
  ['SOCKS, which is not taken', { 'Acquire::http::Proxy': 'socks5h://one.example:1080' }, plain, undefined],
] as const)
  test(`${what}: ${JSON.stringify(settings)} for ${uri.split(':')[0]}`, () => {
    const proxies = readProxies([...Object.entries(settings), ['Acquire::http::Timeout', '30']])
    assert.equal(proxyFor(proxies, new URL(uri)), proxy)
    const { sources } = parseSources(`deb ${uri} stable main`, 'a.list')
    assert.deepEqual(aptOrigins([{ sources, credentials: [] }], { proxies }), [
      { name: 'a.example/debian', url: uri, proxy },
    ])
  })
