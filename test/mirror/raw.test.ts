/** Bytes that are no request, two requests in one, or one that never ends; and what the checks against them are worth. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import type * as mirrors from '../../server/mirror/mirror.ts'
import { importSabotaged, type Cut } from '../support/sabotage.ts'
import { startMirror, type Running } from './fixture.ts'
import { besieged, leaksOf } from './siege.ts'

const sabotaged = async (...cuts: readonly Cut[]) =>
  (await importSabotaged<typeof mirrors>('server/mirror/mirror.ts', cuts)).createMirror

/** A second request, whose answer would show that two servers can disagree about where the first one ends. */
const smuggled = 'GET /healthz HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n'
const lines = (...given: readonly string[]) => [...given, '', ''].join('\r\n')
/** A request for `/` with headers, and the smuggled one behind it. */
const after = (...headers: readonly string[]) => lines('GET / HTTP/1.1', 'Host: m', ...headers) + smuggled
const line = (first: string) => lines(first, 'Host: m') + smuggled
/** The same with an empty body in chunks. */
const chunked = (...headers: readonly string[]) =>
  lines('GET / HTTP/1.1', 'Host: m', ...headers) + `0\r\n\r\n${smuggled}`

const refused: Readonly<Record<string, string>> = {
  'two lengths': after('Content-Length: 0', `Content-Length: ${smuggled.length}`),
  'the same length twice': after('Content-Length: 0', 'Content-Length: 0'),
  'a list of lengths': after('Content-Length: 0, 0'),
  'a negative length': after('Content-Length: -1'),
  'a length with a plus': after('Content-Length: +5'),
  'a length in hexadecimal': after('Content-Length: 0x5'),
  'a length with a space in it': after('Content-Length: 1 0'),
  'a length beyond any': after('Content-Length: 99999999999999999999'),
  'an empty length': after('Content-Length:'),
  'a length of two zeros': after('Content-Length: 00'),
  'a space before the colon of the length': after('Content-Length : 5'),
  'a body': after(`Content-Length: ${smuggled.length}`),
  'a body of a HEAD': lines('HEAD /healthz HTTP/1.1', 'Host: m', `Content-Length: ${smuggled.length}`) + smuggled,
  'a body that waits to be invited': lines('GET / HTTP/1.1', 'Host: m', 'Expect: 100-continue', 'Content-Length: 9'),
  'length and chunks': chunked('Content-Length: 4', 'Transfer-Encoding: chunked'),
  'chunks and length': chunked('Transfer-Encoding: chunked', 'Content-Length: 4'),
  chunks: chunked('Transfer-Encoding: chunked'),
  'chunks, in capitals': chunked('TRANSFER-ENCODING: CHUNKED'),
  'chunks behind a tab': chunked('Transfer-Encoding:\tchunked'),
  'chunks behind a vertical tab': chunked('Transfer-Encoding:\x0bchunked'),
  'chunks in quotes': chunked('Transfer-Encoding: "chunked"'),
  'chunks, then something else': chunked('Transfer-Encoding: chunked, identity'),
  'chunks in one header, something else in the next': chunked('Transfer-Encoding: chunked', 'Transfer-Encoding: x'),
  'something else, then chunks': chunked('Transfer-Encoding: identity', 'Transfer-Encoding: chunked'),
  'an odd coding': chunked('Transfer-Encoding: xchunked'),
  'no coding at all': after('Transfer-Encoding: identity'),
  'an empty coding': after('Transfer-Encoding:'),
  'chunks in HTTP/1.0': lines('GET / HTTP/1.0', 'Transfer-Encoding: chunked') + `0\r\n\r\n${smuggled}`,
  'a chunk with an open quote':
    lines('GET / HTTP/1.1', 'Host: m', 'Transfer-Encoding: chunked') + `0;a="\r\n\r\n${smuggled}`,
  'a folded header': after('X: a\r\n b'),
  'a folded first header': lines('GET / HTTP/1.1', ' Host: m') + smuggled,
  'a header without a colon': after('X'),
  'a header without a name': after(': x'),
  'a header with a space in its name': after('X Y: z'),
  'a header whose name is not ASCII': after('X\xe9: x'),
  'a NUL in a header': after('X: a\0b'),
  'a DEL in a header': after('X: a\x7fb'),
  'a bare carriage return in a header': after('X: a\rContent-Length: 5'),
  'a bare line feed after a header': `GET / HTTP/1.1\r\nHost: m\nX: y\r\n\r\n${smuggled}`,
  'a bare line feed at the end': `GET / HTTP/1.1\r\nHost: m\r\n\n${smuggled}`,
  'bare line feeds': `GET / HTTP/1.1\nHost: m\n\n${smuggled}`,
  'bare carriage returns': `GET / HTTP/1.1\rHost: m\r\r${smuggled}`,
  'no host': lines('GET / HTTP/1.1') + smuggled,
  'two hosts': lines('GET / HTTP/1.1', 'Host: a', 'Host: b') + smuggled,
  'the same host twice': lines('GET / HTTP/1.1', 'Host: m', 'host: m') + smuggled,
  'another host in the target': line('GET http://other.example/ HTTP/1.1'),
  'an absolute target': line('GET http://m/healthz HTTP/1.1'),
  'an absolute target, odd scheme': line('GET file:///etc/passwd HTTP/1.1'),
  'an authority': line('GET m:80 HTTP/1.1'),
  'an asterisk': line('GET * HTTP/1.1'),
  'a space in the target': line('GET /pip/simple /numpy/ HTTP/1.1'),
  'a tab in the target': line('GET /pip/\tsimple/ HTTP/1.1'),
  'a NUL in the target': line('GET /pip/\0simple/ HTTP/1.1'),
  'a carriage return in the target': line('GET /pip/\rsimple/ HTTP/1.1'),
  'bytes beyond ASCII in the target': line('GET /pip/\xe9/ HTTP/1.1').replace(
    '\r\nHost',
    '\r\nConnection: close\r\nHost',
  ),
  'a method in small letters': line('get /healthz HTTP/1.1'),
  'a space in the method': line('GE T /healthz HTTP/1.1'),
  'a tab for a space': line('GET\t/healthz HTTP/1.1'),
  'a space before the method': ` ${smuggled}`,
  'a space after the version': line('GET / HTTP/1.1 '),
  'a version in small letters': line('GET / http/1.1'),
  'HTTP/1.2': line('GET / HTTP/1.2'),
  'HTTP/2.0 by name': line('GET / HTTP/2.0'),
  'HTTP/9.9': line('GET / HTTP/9.9'),
  'HTTP/0.9': 'GET /healthz\r\n',
  'HTTP/2 by its preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'the PROXY protocol': `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${smuggled}`,
  noise: 'hello\r\n\r\n',
  'nothing but NULs': '\0'.repeat(100),
  'two thousand headers': after(...Array.from({ length: 2100 }, () => 'a:1'), `Content-Length: ${smuggled.length}`),
}

/** Shapes that are answered otherwise than with one refusal, or whose second request is answered. */
async function taken(mirror: Running): Promise<string[]> {
  const wrong: string[] = []
  for (const [why, request] of Object.entries(refused)) {
    const answer = (await mirror.raw(Buffer.from(request, 'latin1'))).toString()
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)
    if (statuses.length > 1 || statuses.some((status) => !['400', '404', '408', '431'].includes(status!)))
      wrong.push(why)
  }
  return wrong
}

test('a request that two servers could read differently is refused, and what follows it is not answered', async (t) => {
  const mirror = await startMirror(t, { headersMs: 400 })
  assert.ok(Object.keys(refused).length >= 60)
  assert.deepEqual(await taken(mirror), [])
  assert.equal((await mirror.get('/healthz')).status, 200)
  assert.deepEqual(mirror.errors, [])
})

test('control: a lenient parser, and a mirror that does not look for bodies or hosts, are seen', async (t) => {
  const lenient = {
    file: 'server/mirror/listener.ts',
    from: 'const limits = {',
    to: 'const limits = { insecureHTTPParser: true,',
  }
  const bodies = { file: 'server/mirror/mirror.ts', from: "headers['transfer-encoding'] !== undefined ||", to: '' }
  const hosts = { file: 'server/mirror/mirror.ts', from: "headers.host?.includes(',')", to: 'false' }
  const by = async (...cuts: readonly Cut[]) =>
    taken(await startMirror(t, { headersMs: 400, create: await sabotaged(...cuts) }))
  assert.ok((await by(lenient)).includes('a bare line feed at the end'))
  assert.ok((await by(bodies)).includes('chunks'))
  assert.deepEqual(await by(hosts), ['two hosts', 'the same host twice'])
})

test(
  'control: a mirror that takes any segment, or looks at no link, gives away what is not for pods',
  { timeout: 300_000 },
  async (t) => {
    const any = {
      file: 'server/mirror/place.ts',
      from: 'if (!path.every((segment) => filePattern.test(segment))) return 404',
      to: '',
    }
    const links = {
      file: 'server/mirror/door.ts',
      from: 'if (stats.isFile() && liesInside(path, handle.fd))',
      to: 'if (stats.isFile())',
    }
    const by = async (...cuts: readonly Cut[]) => leaksOf(await besieged(t, { create: await sabotaged(...cuts) }))
    assert.ok((await by(any)).includes('/homepod/.secret'))
    assert.ok((await by(links)).includes('/homepod/etc/passwd'))
    assert.ok((await by(any, links)).some((target) => target.startsWith('/homepod/%2e%2e/')))
  },
)

/** Sends a byte every few ms for ever; resolves with all that came back once the server hangs up. */
async function drip(port: number, first: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.setEncoding('latin1').on('data', (text: string) => (said += text))
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(first)
  const drops = setInterval(() => socket.write('a'), 20)
  // `once` would reject where the end is a reset
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(drops)
  return said
}

test('a client that sends its request in drips is cut off, whatever it has asked before', async (t) => {
  const mirror = await startMirror(t, { headersMs: 1000 })
  const from = Date.now()
  const whole = lines('GET /healthz HTTP/1.1', 'Host: m')
  const [header, target, second] = await Promise.all([
    drip(mirror.port, 'GET / HTTP/1.1\r\nHost: m\r\nX: '),
    drip(mirror.port, 'GET /'),
    drip(mirror.port, `${whole}GET / HTTP/1.1\r\nX: `),
  ])
  assert.ok(Date.now() - from < 30_000)
  assert.match(header, /^HTTP\/1\.1 408 /)
  assert.match(target, /^HTTP\/1\.1 408 /)
  assert.match(second, /^HTTP\/1\.1 200 .*HTTP\/1\.1 408 /s)
  assert.deepEqual(mirror.errors, [])
})

test('control: with more patience the drips go on', async (t) => {
  const mirror = await startMirror(t, { headersMs: 60_000 })
  const cut = drip(mirror.port, 'GET / HTTP/1.1\r\nHost: m\r\nX: ').then(() => 'cut off')
  assert.equal(
    await Promise.race([cut, new Promise((resolve) => setTimeout(resolve, 1500, 'still there'))]),
    'still there',
  )
})

test('nothing of a target or a header comes back as a header or as markup', async (t) => {
  const mirror = await besieged(t)
  const injected = [
    '%0d%0aX-Injected:%20yes',
    '%0aX-Injected:%20yes',
    '%E5%98%8A%E5%98%8DX-Injected:%20yes',
    '<script>x</script>',
    '%3Cscript%3E',
  ]
  for (const text of injected)
    for (const path of [
      '/',
      '/pip/',
      '/pip/simple/',
      '/pip/simple/numpy',
      '/apt/trixie/',
      '/homepod/',
      '/?',
      '/pip/simple/numpy?',
    ]) {
      const answer = (
        await mirror.raw(lines(`GET ${path}${text} HTTP/1.1`, `Host: ${text}`, 'Connection: close'))
      ).toString()
      const [head, body] = answer.split('\r\n\r\n') as [string, string]
      assert.doesNotMatch(head, /injected|script/i, path + text)
      assert.doesNotMatch(body, /<script|X-Injected/i, path + text)
    }
})
