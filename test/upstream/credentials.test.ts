import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { createUpstreamClient } from '../../server/upstream/client.ts'
import { createCredentials } from '../../server/upstream/credentials.ts'
import { temporaryFolder } from '../support/folders.ts'
import { askPython } from '../support/python.ts'
import { file, redirect, silence, stall, startUpstream, status } from '../support/upstream.ts'
import { asking, errorOf, outside, quick } from './fixture.ts'

const secret = /hunter2|aHVudGVyMg|Basic|dXNlcjpo/

for (const [how, origin, netrc] of [
  ['the URL of the upstream', 'http://user:hunter2@', null],
  [
    '~/.netrc',
    'http://',
    'machine other.example login a password b\nmachine 127.0.0.1\n  login user\n  password hunter2\n',
  ],
] as const) {
  test(`credentials of ${how} go to that upstream and nowhere else`, async (t) => {
    const [upstream, other] = await Promise.all([startUpstream(), startUpstream()])
    const client = createUpstreamClient({
      origins: [
        { name: 'default', url: `${origin}127.0.0.1:${upstream.port}/simple/` },
        { name: 'other', url: `http://localhost:${other.port}/` },
      ],
      netrc,
      timeouts: quick,
      wait: async () => {},
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    })
    t.after(() => Promise.all([upstream.close(), other.close()]))
    upstream.on('/simple/a/', redirect(`http://localhost:${other.port}/b`))
    other.on('/b', redirect(`${upstream.url}/c`))
    upstream.on('/c', file('there', { etag: '"1"' }))
    const answer = await client.fetch(asking(`http://someone:else@127.0.0.1:${upstream.port}/simple/a/`))
    assert.equal(answer.url, `${upstream.url}/c`)
    const authorization = 'Basic dXNlcjpodW50ZXIy'
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers.authorization),
      [authorization, authorization],
    )
    assert.equal(other.requests[0]?.headers.authorization, undefined)
    assert.doesNotMatch(inspect(answer, { depth: 9 }), secret)
  })
}

test('no error tells a secret, however it is printed', async (t) => {
  const upstream = await startUpstream()
  const client = createUpstreamClient({
    origins: [{ name: 'default', url: `http://user:hunter2@127.0.0.1:${upstream.port}/` }],
    timeouts: { ...quick, response: 50 },
    wait: async () => {},
  })
  t.after(() => upstream.close())
  upstream.on('/silent', silence())
  upstream.on('/cut', stall('0123456789', 5))
  upstream.on('/busy', status(503))
  upstream.on('/moved', redirect('https://user:hunter2@elsewhere.example/'))
  upstream.on('/garbage', (req) => req.socket.end('no http'))
  for (const path of ['/silent', '/cut', '/busy', '/moved', '/garbage']) {
    const error = await errorOf(client.fetch(asking(`${upstream.url}${path}`)))
    assert.doesNotMatch(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error), secret)
  }
})

test('of two upstreams on one host each path gets its own credentials', async (t) => {
  const upstream = await startUpstream()
  const client = createUpstreamClient({
    origins: [
      { name: 'a', url: `http://a:1@127.0.0.1:${upstream.port}/a/` },
      { name: 'b', url: `http://b:%40%3a@127.0.0.1:${upstream.port}/a/b` },
    ],
  })
  t.after(() => upstream.close())
  for (const path of ['/a/x', '/a/b/x', '/a/bb', '/files/x']) await client.fetch(asking(`${upstream.url}${path}`))
  const sent = upstream.requests.map(({ headers }) => Buffer.from(headers.authorization!.slice(6), 'base64').toString())
  assert.deepEqual(sent, ['a:1', 'b:@:', 'a:1', 'a:1'])
})

test('a default entry of ~/.netrc, a macro or a comment gives no credentials', async (t) => {
  const netrc =
    '# machine 127.0.0.1 login a password b\nmacdef init\nmachine 127.0.0.1 login a password b\n\ndefault login a password b\n'
  const { client, upstream } = await outside(t, { netrc })
  await client.fetch(asking(`${upstream.url}/simple/`))
  assert.equal(upstream.requests[0]?.headers.authorization, undefined)
})

const netrcs: Readonly<Record<string, string>> = {
  'the password before the login': 'machine h.example password p login u\nmachine i.example login v password q\n',
  'a comment behind an entry':
    'machine h.example login u password p # machine i.example login evil password zz\n# machine i.example\n#machine i.example login evil password zz\n',
  'a comment that ends before the next word': 'machine h.example # first\n login u # second\n password p\n',
  'values that begin like a comment':
    'machine h.example login #u password #p\nmachine i.example login "#v" password q#\n',
  'a macro in lines of another system':
    'macdef init\r\nmachine h.example login evil password zz\r\n\r\nmachine h.example login u password p\r\n',
  'a macro behind an entry':
    'machine h.example login u password p macdef init\nmachine i.example login evil password zz\n\nmachine i.example login v password q\n',
  'an account, quotes, one line':
    'machine h.example login "u \\" x" account machine password p machine i.example login v',
  'a default at the end': 'machine h.example login u password p\ndefault login evil password zz\n',
}

test('~/.netrc is read as Python reads it', async (t) => {
  const folder = await temporaryFolder(t)
  for (const [what, netrc] of Object.entries(netrcs)) {
    const path = join(folder, 'netrc')
    await writeFile(path, netrc)
    const script =
      'import netrc\nhosts = netrc.netrc(question).hosts\nprint(json.dumps([":".join(hosts[h][::2]) if h in hosts else None for h in ("h.example", "i.example")]))'
    const credentials = createCredentials(
      ['h', 'i'].map((host) => ({ name: host, url: `https://${host}.example/` })),
      netrc,
    )
    const read = ['h', 'i'].map((host) => credentials(new URL(`https://${host}.example/`)))
    assert.deepEqual(
      read.map((header) => header && Buffer.from(header.slice('Basic '.length), 'base64').toString()),
      askPython(script, path),
      what,
    )
  }
})

test('of two entries of ~/.netrc for a host the first is meant, and one that says nothing is none', () => {
  const credentials = createCredentials(
    [{ name: 'h', url: 'https://h.example/' }],
    'machine h.example\nmachine H.example login u password p\nmachine h.example login v password q\n',
  )
  assert.equal(credentials(new URL('https://h.example/x')), `Basic ${Buffer.from('u:p').toString('base64')}`)
})
