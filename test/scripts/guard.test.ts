import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const guard = fileURLToPath(new URL('../support/guard.ts', import.meta.url))

type Ended = { readonly status: number; readonly output: string }

function run(code: string): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>()
  const child = execFile(
    process.execPath,
    ['--import', guard, '--input-type=module', '--eval', code],
    { timeout: 10_000 },
    (_, stdout, stderr) => resolve({ status: child.exitCode ?? -1, output: stdout + stderr }),
  )
  return promise
}

/** 192.0.2.1 is nobody's address, and a name under `.example` nobody's name. */
const outside: Readonly<Record<string, string>> = {
  'a socket by address': `import net from 'node:net'; net.connect(443, '192.0.2.1')`,
  'a socket by options': `import net from 'node:net'; net.connect({ host: '192.0.2.1', port: 443 })`,
  'a socket by name': `import net from 'node:net'; net.connect(443, 'outside.example')`,
  'a socket of one’s own': `import { Socket } from 'node:net'; new Socket().connect(443, '192.0.2.1')`,
  'an IPv6 address': `import net from 'node:net'; net.connect(443, '2001:db8::1')`,
  'a mapped address': `import net from 'node:net'; net.connect(443, '::ffff:192.0.2.1')`,
  TLS: `import tls from 'node:tls'; tls.connect({ host: '192.0.2.1', port: 443 })`,
  http: `import http from 'node:http'; http.get('http://192.0.2.1/')`,
  https: `import https from 'node:https'; https.get('https://outside.example/')`,
  'the built-in fetch': `await fetch('http://192.0.2.1/')`,
  'a lookup of one’s own': `import net from 'node:net'
    net.connect({ host: 'inside.example', port: 443, lookup: (_, o, done) => done(null, [{ address: '192.0.2.1', family: 4 }]) })`,
  'a look-up': `import { lookup } from 'node:dns'; lookup('outside.example', () => {})`,
  'a promised look-up': `import { lookup } from 'node:dns/promises'; await lookup('outside.example')`,
  'a question to a name server': `import dns from 'node:dns'; dns.resolve4('localhost', () => {})`,
  'a resolver of one’s own': `import { Resolver } from 'node:dns/promises'; await new Resolver().resolveTxt('outside.example')`,
  'a datagram': `import { createSocket } from 'node:dgram'; createSocket('udp4').send('x', 53, '192.0.2.1')`,
}

for (const [what, code] of Object.entries(outside)) {
  test(`${what} cannot reach the outside`, async () => {
    const { status, output } = await run(code)
    assert.match(output, /a test may not reach .*: only loopback is allowed/)
    assert.notEqual(status, 0)
  })
}

test('a refusal that is caught still fails the file', async () => {
  const { status, output } = await run(`await fetch('http://192.0.2.1/').catch(() => {}); console.log('went on')`)
  assert.match(output, /went on[^]*a test may not reach 192\.0\.2\.1/)
  assert.equal(status, 1)
})

test('loopback is reached by address, by name and by a lookup of one’s own', async (t) => {
  const server = createServer((_, res) => res.end('here'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const { status, output } = await run(`
    import http from 'node:http'
    const lookup = (_, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4))
    const get = (url, options = {}) => new Promise((resolve, reject) =>
      http.get(url, options, (res) => res.on('data', (chunk) => resolve(String(chunk)))).on('error', reject))
    console.log(await get('http://127.0.0.1:${port}/'), await get('http://inside.example:${port}/', { lookup }))
    console.log(await (await fetch('http://localhost:${port}/')).text())`)
  assert.equal(output, 'here here\nhere\n')
  assert.equal(status, 0)
})

test('a unix socket is not the outside', async () => {
  const { output } = await run(`import net from 'node:net'
    net.connect('/nonexistent/socket').on('error', (error) => console.log(error.code))`)
  assert.equal(output, 'ENOENT\n')
})

test('children inherit a proxy that refuses', async () => {
  const { output } = await run(`import { execFileSync } from 'node:child_process'
    try { execFileSync('curl', ['-sS', '--max-time', '5', 'http://outside.example/'], { stdio: 'pipe' }) }
    catch (error) { console.log(String(error.stderr)) }`)
  assert.match(output, /Failed to connect to 127\.0\.0\.1 port 9/)
})
