/** Offline means offline: what the server, its solver and the tests' clients connect to is loopback, by the kernel's own account. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startAirlock } from '../support/airlock.ts'
import { hostPython, run, uv } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startIndex } from '../support/index.ts'
import { makeSdist, makeWheel } from '../support/wheels.ts'

const calls = 'connect,sendto,sendmsg,sendmmsg'
const traced = (file: string) => ['strace', '-D', '-f', '-qq', '-s', '0', '-o', file, '-e', `trace=${calls}`]

/** Every internet address that a traced process connected or sent to. */
async function addressesIn(file: string): Promise<{ readonly all: string[]; readonly outside: string[] }> {
  const trace = await readFile(file, 'utf8')
  const all = [...trace.matchAll(/inet_(?:addr\(|pton\(AF_INET6, )"([^"]+)"/g)].map(([, address]) => address!)
  return { all, outside: all.filter((address) => !/^(?:127\.|::1$|::ffff:127\.)/.test(address)) }
}

async function upstream(t: TestContext) {
  const index = await startIndex()
  t.after(() => index.close())
  index.add(makeWheel({ name: 'inner', version: '1.0', requires: ['inner-lib'] }))
  index.add(makeWheel({ name: 'inner-lib', version: '1.0' }))
  index.add(makeSdist({ name: 'inner-source', version: '1.0' }), { project: 'inner-source' })
  return index
}

test('the server, its mirror and its solver reach nothing but loopback, whatever is asked', async (t) => {
  const index = await upstream(t)
  const file = join(await temporaryFolder(t), 'trace')
  const airlock = await startAirlock({ index: index.url, preload: ['impatient.ts'] })
  t.after(() => airlock.close())
  await airlock.stop()
  await airlock.start({ before: traced(file) })
  await airlock.ready((await airlock.ask('inner')).id)
  for (const name of ['inner-source', 'nobody-has-this', 'inner==9'])
    await airlock.problem((await airlock.ask(name)).id)
  for (const path of ['inner/', 'missing/', 'inner-lib/']) await fetch(airlock.indexUrl + path)
  await airlock.call('/api/maintenance/verify', {})
  await airlock.stop()
  const { all, outside } = await addressesIn(file)
  assert.deepEqual(outside, [])
  assert.ok(all.length >= 3, `${all.length} connections were seen`)
})

test('pip and uv, as the tests start them, reach nothing but loopback', async (t) => {
  const index = await upstream(t)
  const folder = await temporaryFolder(t)
  const airlock = await startAirlock({ index: index.url })
  t.after(() => airlock.close())
  await airlock.ready((await airlock.ask('inner')).id)
  const python = hostPython().path
  const from = ['--index-url', airlock.indexUrl, 'inner', '--target']
  for (const [name, command] of [
    ['pip', [python, '-m', 'pip', '--isolated', 'install', '--no-cache-dir', ...from, join(folder, 'by-pip')]],
    ['uv', [uv, 'pip', 'install', '--no-config', '--no-cache', '--python', python, ...from, join(folder, 'by-uv')]],
  ] as const) {
    const file = join(folder, name)
    const [strace, ...args] = traced(file)
    const { status, output } = await run(strace!, [...args, ...command])
    assert.equal(status, 0, output)
    const { all, outside } = await addressesIn(file)
    assert.deepEqual(outside, [], name)
    assert.ok(all.length > 0, `${name} connected to the mirror`)
  }
})

test('control: a connection and a question to a name server are seen', async (t) => {
  const folder = await temporaryFolder(t)
  const codes = {
    connection: `import socket; socket.socket().connect_ex(('192.0.2.1', 80))`,
    datagram: `import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: s.sendto(b'x', ('192.0.2.53', 53))
except OSError: pass`,
    six: `import socket; socket.socket(socket.AF_INET6).connect_ex(('2001:db8::1', 80))`,
  }
  for (const [what, code] of Object.entries(codes)) {
    const file = join(folder, what)
    // in a network of its own, which has no way out: nothing leaves this machine
    const { status, output } = await run('unshare', ['--net', ...traced(file), hostPython().path, '-c', code])
    assert.equal(status, 0, output)
    const { outside } = await addressesIn(file)
    assert.equal(outside.length, 1, what)
    assert.match(outside[0]!, /^192\.0\.2\.|^2001:db8::1$/)
  }
})

test('an upstream that is not on loopback is not reached: a proxy that refuses stands in the way', async (t) => {
  const file = join(await temporaryFolder(t), 'trace')
  const airlock = await startAirlock({ index: 'http://192.0.2.1/simple/', preload: ['impatient.ts'] })
  t.after(() => airlock.close())
  await airlock.stop()
  await airlock.start({ before: traced(file) })
  const { code } = await airlock.problem((await airlock.ask('anything')).id)
  assert.equal(code, 'upstream-unreachable')
  await airlock.stop()
  assert.deepEqual((await addressesIn(file)).outside, [])
})

test('control: a server that connects to the outside all the same does not start', async () => {
  await assert.rejects(startAirlock({ preload: ['escapes.ts'] }), /a test may not reach 192\.0\.2\.1/)
})
