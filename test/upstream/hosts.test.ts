/** Every way to write a host that Airlock must not ask. None of them may end in a connection or a question to DNS. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redirect } from '../support/upstream.ts'
import { codeOf, never, outside } from './fixture.ts'

const spellings = [
  // addresses, however they are written
  'https://127.0.0.1/x',
  'https://127.1/x',
  'https://127.0.1/x',
  'https://2130706433/x',
  'https://0x7f000001/x',
  'https://0x7f.0.0.1/x',
  'https://0177.0.0.1/x',
  'https://017700000001/x',
  'https://0x7f.1/x',
  'https://127.0.0.1./x',
  'https://１２７.０.０.１/x',
  'https://①②⑦.⓪.⓪.①/x',
  'https://127%2e0%2e0%2e1/x',
  'https://0/x',
  'https://0.0.0.0/x',
  'https://10.0.0.1/x',
  'https://169.254.169.254/latest/meta-data/',
  'https://0xa9fea9fe/latest/meta-data/',
  'https://2852039166/latest/meta-data/',
  'https://192.168.1.1/x',
  'https://8.8.8.8/x',
  'https://[::1]/x',
  'https://[::]/x',
  'https://[::ffff:127.0.0.1]/x',
  'https://[::ffff:7f00:1]/x',
  'https://[0:0:0:0:0:ffff:127.0.0.1]/x',
  'https://[::127.0.0.1]/x',
  'https://[64:ff9b::7f00:1]/x',
  'https://[fd00:ec2::254]/x',
  'https://[fe80::1]/x',
  'https://[fe80::1%25eth0]/x',
  'https://[2606:4700::1111]/x',
  // names that are not the internet's
  'https://localhost/x',
  'https://LOCALHOST/x',
  'https://localhost./x',
  'https://ⓛocalhost/x',
  'https://x.localhost/x',
  'https://localhost.localdomain/x',
  'https://metadata/x',
  'https://metadata.google.internal/x',
  'https://printer.local/x',
  'https://wiki.corp/x',
  'https://router.lan/x',
  'https://db.home.arpa/x',
  'https://1.0.0.127.in-addr.arpa/x',
  'https://files.example./x',
  'https://files.example../x',
  'https://files..example/x',
  'https://-files.example/x',
  'https://files.example_/x',
  // schemes and ports
  'http://files.example/x',
  'http://files.example:443/x',
  'https://files.example:80/x',
  'https://files.example:8443/x',
  'https://files.example:22/x',
  'ftp://files.example/x',
  'file:///etc/passwd',
  'file://files.example/etc/passwd',
  'FILE:/etc/passwd',
  'data:text/html,x',
  'javascript:1',
  'gopher://files.example/x',
  'unix:/run/x.sock',
  'http://unix:/run/x.sock:/x',
  'https+unix://files.example/x',
  // userinfo
  'https://files.example@127.0.0.1/x',
  'https://user:word@files.example/x',
  'https://user@files.example/x',
  'https://files.example:443@localhost/x',
  'https://files.example%40localhost/x',
  'https://127.0.0.1#@files.example/x',
  'https://127.0.0.1\\@files.example/x',
  // forms
  '',
  '/x',
  '//files.example/x',
  'files.example/x',
  'https://',
  'https:///',
  'https://files example/x',
  'https://files.example\u0000.evil/x',
]

test('there are enough spellings', () => assert.ok(new Set(spellings).size >= 60))

for (const url of spellings) {
  test(`${JSON.stringify(url)} is refused as a link`, async (t) => {
    const names: string[] = []
    const { client, upstream } = await outside(t, {
      resolve: (host) => {
        names.push(host)
        return Promise.resolve([{ address: '127.0.0.1', family: 4 }])
      },
    })
    const ask = { url, maxBytes: 10, signal: never, trust: 'linked' } as const
    assert.equal(await codeOf(client.fetch(ask)), 'upstream-host-refused')
    assert.equal(await codeOf(client.open(ask)), 'upstream-host-refused')
    assert.deepEqual([names, upstream.requests], [[], []])
  })

  // as a redirect, what has no host of its own leads to the redirecting host, which is fine
  if (['', '/x', 'files.example/x'].includes(url) || url.includes('\u0000')) continue
  test(`${JSON.stringify(url)} is refused as a redirect`, async (t) => {
    const names: string[] = []
    const { client, upstream } = await outside(t, {
      resolve: (host) => {
        names.push(host)
        return Promise.resolve([{ address: '127.0.0.1', family: 4 }])
      },
    })
    upstream.on('/simple/a/', redirect(Buffer.from(url).toString('latin1')))
    const ask = { url: `${upstream.url}/simple/a/`, maxBytes: 10, signal: never, trust: 'linked' } as const
    assert.equal(await codeOf(client.fetch(ask)), 'upstream-host-refused')
    assert.deepEqual([names, upstream.requests.length], [[], 1])
  })
}

const private4 = ['127.0.0.1', '10.1.2.3', '192.168.0.7', '169.254.169.254', '172.20.0.1', '100.64.0.1', '0.0.0.0']
const private6 = ['::1', '::ffff:127.0.0.1', 'fd00::1', 'fe80::1', '64:ff9b::a00:1']
for (const address of [...private4, ...private6]) {
  test(`a linked name that resolves to ${address} is refused`, async (t) => {
    const { client } = await outside(t, {
      resolve: () => Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]),
    })
    const ask = { url: 'https://files.example/x', maxBytes: 10, signal: never, trust: 'linked' } as const
    assert.equal(await codeOf(client.fetch(ask)), 'upstream-host-refused')
  })
}

test('a configured upstream may not lead elsewhere when only configured ones are trusted', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/simple/a/', redirect('https://files.example/a'))
  const ask = { url: `${upstream.url}/simple/a/`, maxBytes: 10, signal: never, trust: 'configured' } as const
  assert.equal(await codeOf(client.fetch(ask)), 'upstream-host-refused')
})

test('another port of a configured host is another host', async (t) => {
  const { client, upstream } = await outside(t)
  for (const url of [
    `http://127.0.0.1:${upstream.port - 1}/`,
    `https://127.0.0.1:${upstream.port}/`,
    'http://127.0.0.1/',
  ])
    for (const trust of ['configured', 'linked'] as const)
      assert.equal(await codeOf(client.fetch({ url, maxBytes: 10, signal: never, trust })), 'upstream-host-refused')
})

test('a refused host is not retried', async (t) => {
  const { client, waits } = await outside(t)
  await codeOf(client.fetch({ url: 'https://localhost/', maxBytes: 10, signal: never, trust: 'linked' }))
  assert.deepEqual(waits, [])
})
