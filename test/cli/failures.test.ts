import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { exchange } from '../../client/cli/exchange.ts'
import { Unreachable } from '../../client/cli/failures.ts'
import { airlock, fakeConsole, problem, request, zh } from './console.ts'

const commands = [
  ['request', 'pip', 'six'],
  ['request', 'apt', 'jq', '--wait'],
  ['status'],
  ['status', '7'],
  ['status', '7', '--wait'],
  ['cancel', '7'],
  ['retry', '7'],
  ['targets'],
]

for (const args of commands) {
  test(`\`airlock ${args.join(' ')}\` says what to do when nothing answers`, async (t) => {
    const { url, stop } = await fakeConsole(t, {})
    await stop()
    const { code, out, err } = await airlock(url, args)
    assert.equal(
      err,
      `airlock: Nothing answers at ${url} (ECONNREFUSED).\n  Start Airlock there with \`airlock serve\`, or set AIRLOCK_CONSOLE_URL to where its console is.\n`,
    )
    assert.equal(out, '')
    assert.equal(code, 7)
  })

  test(`\`airlock ${args.join(' ')}\` passes the API’s problem on`, async (t) => {
    const refused = { status: 421, body: problem({ status: 421, detail: '不接受。', hint: '请更正。' }) }
    const { url } = await fakeConsole(t, {
      'POST /api/requests': refused,
      'GET /api/requests?limit=20': refused,
      'GET /api/requests/7': refused,
      'POST /api/requests/7/cancel': refused,
      'POST /api/requests/7/retry': refused,
      'GET /api/targets': refused,
    })
    const { code, err } = await airlock(url, args, { env: zh })
    assert.equal(err, 'airlock: 不接受。\n  请更正。\n')
    assert.equal(code, 5)
  })
}

test('nothing that answers is said in Chinese too, and not as JSON', async (t) => {
  const { url, stop } = await fakeConsole(t, {})
  await stop()
  const { out, err, code } = await airlock(url, ['status', '--json'], { env: zh })
  assert.match(err, /没有响应（ECONNREFUSED）。\n {2}请在该处用/)
  assert.deepEqual([out, code], ['', 7])
})

for (const [what, reply] of [
  ['a page', { type: 'text/html', body: '<h1>Welcome</h1>' }],
  ['JSON that is cut short', { body: '{"requests":[' }],
  ['JSON that is no object', { body: '[]' }],
  ['an error without a problem', { status: 404, type: 'application/json', body: '{"error":"no"}' }],
  ['a proxy’s error', { status: 504, type: 'text/html', body: 'Gateway timeout' }],
  ['a redirect', { status: 302, type: 'text/html', body: '' }],
] as const) {
  test(`${what} is not taken for Airlock’s console`, async (t) => {
    const { url } = await fakeConsole(t, { 'GET /api/targets': reply })
    const { code, out, err } = await airlock(url, ['targets'])
    assert.match(err, /^airlock: What answers at http:\/\/127\.0\.0\.1:\d+ is not Airlock’s console \(\d{3} /)
    assert.equal(out, '')
    assert.equal(code, 5)
  })
}

test('a connection that breaks after the request went out says that it may have been taken', async (t) => {
  const { url } = await fakeConsole(t, { 'POST /api/requests': 'drop' })
  const { code, err } = await airlock(url, ['request', 'pip', 'six'])
  assert.match(err, /broke before the answer came \(ECONNRESET\)\.\n {2}What was asked may have been done all the same/)
  assert.equal(code, 7)
})

test('an answer that is cut short is no answer', async (t) => {
  const { url } = await bare(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"targets":[]}'),
  )
  const { code, err } = await airlock(url, ['targets'])
  assert.match(err, /broke before the answer came/)
  assert.equal(code, 7)
})

test('a server that takes the connection and says nothing is given up', async (t) => {
  const { url } = await bare(t, () => {})
  const asking = exchange({ url: new URL(url), shown: url, method: 'get', headers: {}, idle: 50 })
  await assert.rejects(asking, (error) => error instanceof Unreachable && error.sent && error.reason === 'ETIMEDOUT')
})

test('a path and credentials in the console’s address are used, and the credentials not shown', async (t) => {
  const { url, asked, stop } = await fakeConsole(t, { 'GET /airlock/api/targets': { body: { targets: [] } } })
  const address = `${url.replace('//', '//alice:secret@')}/airlock/`
  assert.equal((await airlock(address, ['targets'])).code, 0)
  assert.equal(asked[0]!.line, 'GET /airlock/api/targets')
  await stop()
  const { err } = await airlock(address, ['targets'])
  assert.match(err, /Nothing answers at http:\/\/127\.0\.0\.1:\d+\/airlock \(/)
  assert.doesNotMatch(err, /secret/)
})

for (const value of ['airlock.example:8081', 'ftp://airlock.example', '::', 'http://']) {
  test(`AIRLOCK_CONSOLE_URL=${value} is wrong usage`, async () => {
    const { code, err } = await airlock(value, ['status'])
    assert.match(err, /^airlock: AIRLOCK_CONSOLE_URL=.* is not an http or https URL\.\n {2}Write it like http:/)
    assert.equal(code, 2)
    assert.match((await airlock(value, ['status'], { env: zh })).err, /不是 http 或 https 地址/)
  })
}

test('an empty AIRLOCK_CONSOLE_URL is the usual address', async () => {
  const { out } = await airlock('', ['--help'])
  assert.match(out, /now http:\/\/127\.0\.0\.1:8081/)
})

test('what the API adds later does not disturb', async (t) => {
  const { url } = await fakeConsole(t, { 'GET /api/requests/7': { body: { ...request(), later: [1] } } })
  assert.equal((await airlock(url, ['status', '7'])).code, 0)
})

async function bare(
  t: { after(done: () => void): void },
  connected: (socket: Socket) => void,
): Promise<{ url: string }> {
  const server = createServer((socket) => void socket.on('error', () => {}).once('data', () => connected(socket)))
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

test('all that one command asks has one id, which a refusal and a failed request name for the server’s log', async (t) => {
  const { url, reqIds } = await fakeConsole(t, {
    'GET /api/targets': { status: 500, body: problem(), named: true },
    'POST /api/requests': { status: 202, body: { requests: [request()] } },
    'GET /api/requests/7': { body: request({ state: 'failed', problem: problem(), reqId: 'the-one-that-asked' }) },
  })
  const refused = await airlock(url, ['targets'])
  assert.match(reqIds[0]!, /^[0-9a-f]{16}$/)
  const said = 'airlock: Something is wrong.\n  Do something about it.\n'
  assert.equal(refused.err, `${said}  In the server’s log: ${reqIds[0]}\n`)
  const failed = await airlock(url, ['request', 'pip', 'six', '--wait'], { env: zh })
  assert.match(failed.err, /\n {2}服务器日志中的编号：the-one-that-asked\n$/)
  assert.match((await airlock(url, ['status', '7'])).out, /\n {2}In the server’s log: the-one-that-asked\n$/)
  assert.equal(reqIds[1], reqIds[2])
  assert.equal(new Set(reqIds).size, 3, 'and each command another one')
})
