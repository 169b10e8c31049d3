import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { AirlockError } from '../../server/errors.ts'
import { createGateway, untilGone, type Gateway } from '../../server/upstream/gateway.ts'
import { codeOf } from './fixture.ts'

async function listening(t: TestContext, errors: unknown[] = []): Promise<Gateway> {
  const gateway = createGateway({ port: 0, onError: (error) => errors.push(error) })
  await gateway.listen()
  t.after(() => gateway.close())
  return gateway
}

/** Sends bytes as they are and reads until the connection ends. */
async function raw(gateway: Gateway, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  socket.end(bytes)
  return text(socket)
}

const line = (method: string, target: string, host = '127.0.0.1') =>
  `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

test('a handler is given what follows its mount, raw', async (t) => {
  const gateway = await listening(t)
  gateway.mount('/pip', async (_, res, path) => void res.end(path))
  for (const [target, path] of [
    ['/pip/a/', '/a/'],
    ['/pip/a%2fb/..%2f/c?d=%20#e', '/a%2fb/..%2f/c?d=%20#e'],
    ['/pip//a', '//a'],
    ['/pip/../x', '/../x'],
    ['/pip', '/'],
    ['/pip?x', '/?x'],
  ] as const)
    assert.equal((await raw(gateway, line('GET', target))).split('\r\n\r\n')[1], path)
})

test('the longest mount wins, and none is found beside them', async (t) => {
  const gateway = await listening(t)
  gateway.mount('/pip', async (_, res) => void res.end('short'))
  const unmount = gateway.mount('/pip/stage', async (_, res) => void res.end('long'))
  const get = async (path: string) => (await fetch(gateway.url + path)).text()
  assert.deepEqual(await Promise.all([get('/pip/x'), get('/pip/stage/x'), get('/pip/stagex')]), [
    'short',
    'long',
    'short',
  ])
  assert.equal((await fetch(`${gateway.url}/pipx`)).status, 404)
  assert.equal((await fetch(`${gateway.url}/`)).status, 404)
  unmount()
  unmount()
  assert.equal(await get('/pip/stage/x'), 'short')
})

test('a mount is a path, and there is one of each', () => {
  const gateway = createGateway({ port: 0 })
  const handler = () => Promise.resolve()
  for (const prefix of ['', '/', 'pip', '/pip/', '/a b', '/a%2f', '//a'])
    assert.throws(() => gateway.mount(prefix, handler), RangeError)
  gateway.mount('/pip', handler)
  assert.throws(() => gateway.mount('/pip', handler), RangeError)
  gateway.proxy(handler)
  assert.throws(() => gateway.proxy(handler), RangeError)
})

for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
  test(`${method} is refused`, async (t) => {
    const gateway = await listening(t)
    gateway.mount('/pip', () => assert.fail('it was answered'))
    assert.match(await raw(gateway, line(method, '/pip/x')), /^HTTP\/1\.1 405 .*\r\nallow: GET, HEAD\r\n/)
  })
}

test('CONNECT is refused', async (t) => {
  const gateway = await listening(t)
  gateway.proxy(() => assert.fail('it was answered'))
  assert.match(await raw(gateway, line('CONNECT', 'files.example:443')), /^HTTP\/1\.1 405 /)
})

for (const host of [
  'files.example',
  'localhost.files.example',
  '127.0.0.1.files.example',
  '10.0.0.1',
  '[::2]',
  'localhost:x',
  '',
]) {
  test(`the host ${JSON.stringify(host)} is refused`, async (t) => {
    const gateway = await listening(t)
    gateway.mount('/pip', () => assert.fail('it was answered'))
    assert.match(await raw(gateway, line('GET', '/pip/x', host)), /^HTTP\/1\.1 403 /)
  })
}

for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:8082', '127.0.0.2', '[::1]:8082'])
  test(`the host ${host} is this machine`, async (t) => {
    const gateway = await listening(t)
    gateway.mount('/pip', async (_, res) => void res.end('here'))
    assert.match(await raw(gateway, line('GET', '/pip/x', host)), /^HTTP\/1\.1 200 /)
  })

test('a whole URL reaches the proxy handler only, with whatever host', async (t) => {
  const gateway = await listening(t)
  gateway.mount('/pip', () => assert.fail('it was answered'))
  const target = 'http://archive.example/pip/dists/x'
  assert.match(await raw(gateway, line('GET', target, 'archive.example')), /^HTTP\/1\.1 404 /)
  const unmount = gateway.proxy(async (_, res, path) => void res.end(`[${path}]`))
  assert.ok((await raw(gateway, line('GET', target, 'archive.example'))).includes(`[${target}]`))
  assert.match(await raw(gateway, line('GET', '/pip', 'archive.example')), /^HTTP\/1\.1 403 /)
  unmount()
  assert.match(await raw(gateway, line('GET', target, 'archive.example')), /^HTTP\/1\.1 404 /)
})

test('a problem is told in words that uv and apt print', async (t) => {
  const gateway = await listening(t)
  gateway.mount('/pip', () => {
    throw new AirlockError('upstream-status', { host: 'a.example', status: 500, what: '/x “y”\r\n' })
  })
  const answer = await fetch(`${gateway.url}/pip/x`)
  assert.equal(answer.status, 502)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  assert.equal(answer.statusText, 'Upstream a.example answered 500 for /x y .')
  const problem = (await answer.json()) as Record<string, unknown>
  assert.deepEqual([problem.status, problem.code], [502, 'upstream-status'])
  assert.match(String(problem.title), /answered 500/)
  assert.match(String(problem.detail), /Retry later/)
})

test('an error that nobody meant tells nothing, but is not lost', async (t) => {
  const errors: unknown[] = []
  const gateway = await listening(t, errors)
  const error = new Error('hunter2')
  gateway.mount('/pip', () => Promise.reject(error))
  const answer = await fetch(`${gateway.url}/pip/x`)
  assert.equal(answer.status, 500)
  assert.doesNotMatch(await answer.text(), /hunter2/)
  assert.deepEqual(errors, [error])
})

test('an answer that breaks off is not taken for a whole one', async (t) => {
  const gateway = await listening(t)
  gateway.mount('/pip', async (_, res) => {
    res.write('half')
    throw new AirlockError('upstream-unreachable', { host: 'a.example', reason: 'x' })
  })
  await assert.rejects(async () => (await fetch(`${gateway.url}/pip/x`)).text())
})

test('a handler learns that whoever asked has gone', async (t) => {
  const errors: unknown[] = []
  const gateway = await listening(t, errors)
  const asked = Promise.withResolvers<AbortSignal>()
  gateway.mount('/pip', async (_, res) => {
    const signal = untilGone(res)
    asked.resolve(signal)
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  })
  const req = request(`${gateway.url}/pip/x`)
  req.on('error', () => {})
  req.end()
  const signal = await asked.promise
  req.destroy()
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
  assert.deepEqual(errors, [])
})

test('an answer that was complete is not gone', async (t) => {
  const gateway = await listening(t)
  const signals: AbortSignal[] = []
  gateway.mount('/pip', async (_, res) => {
    signals.push(untilGone(res))
    res.end('x')
  })
  await (await fetch(`${gateway.url}/pip/x`, { headers: { connection: 'close' } })).text()
  assert.equal(signals[0]?.aborted, false)
})

test('HEAD has no body', async (t) => {
  const gateway = await listening(t)
  assert.match(await raw(gateway, line('HEAD', '/x')), /\r\n\r\n$/)
})

test('a port that is taken is named', async (t) => {
  const gateway = await listening(t)
  const other = createGateway({ port: Number(new URL(gateway.url).port) })
  assert.equal(await codeOf(other.listen()), 'address-unusable')
})

test('there is no address before it listens', () => assert.throws(() => createGateway({ port: 0 }).url))

test('closing ends what is under way', async () => {
  const gateway = createGateway({ port: 0 })
  await gateway.listen()
  const asked = Promise.withResolvers<void>()
  gateway.mount('/pip', async () => asked.resolve())
  const answer = assert.rejects(fetch(`${gateway.url}/pip/x`))
  await asked.promise
  await gateway.close()
  await answer
})
