/** One address with very many connections: it gets no more, and everybody else is answered. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { startMirror } from './fixture.ts'

/** A connection from one of loopback's addresses; null where it is closed before it is answered. */
async function visit(t: TestContext, port: number, localAddress: string): Promise<Socket | null> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.write('GET /healthz HTTP/1.1\r\nHost: m\r\n\r\n')
  const answered = await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)])
  return answered ? socket : null
}

test(
  'where connections are many, an address with a quarter of them gets no more, and others do',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await startMirror(t, { many: 16 })
    const come = (from: string) => visit(t, mirror.port, from)
    const first: Socket[] = []
    for (let at = 0; at < 16; at++) first.push((await come('127.0.0.2'))!)
    assert.ok(first.every(Boolean), 'while they are few, all may be of one')
    assert.equal(await come('127.0.0.2'), null)
    const others = [await come('127.0.0.3'), await come('127.0.0.3'), await come('127.0.0.3'), await come('127.0.0.3')]
    assert.ok(others.every(Boolean))
    assert.equal(await come('127.0.0.3'), null, 'a quarter is enough for anybody')
    assert.ok(await come('127.0.0.4'))
    const gone = first.splice(0, 13).map((socket) => once(socket.destroy(), 'close'))
    await Promise.all(gone)
    for (let tries = 0; (await come('127.0.0.2')) === null; tries++) assert.ok(tries < 50, 'who has left may come back')
  },
)

test('control: with more room all of them are answered', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  for (let at = 0; at < 20; at++) assert.ok(await visit(t, mirror.port, '127.0.0.2'))
})
