import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readlink } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { poolUrl, startMirror, type Running } from './fixture.ts'

const large = Buffer.alloc(24 * 2 ** 20, 'abcdefgh')
const path = poolUrl('pip', large, 'large-1.0-py3-none-any.whl')

/** How many descriptors of this process are files of a tree. */
async function openFiles(root: string): Promise<number> {
  const descriptors = await readdir('/proc/self/fd')
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return links.filter((link) => link.startsWith(root)).length
}

/** Waits, a turn at a time, until no file of the tree is open. */
async function untilClosed(root: string): Promise<void> {
  const until = Date.now() + 60_000
  while ((await openFiles(root)) > 0) {
    assert.ok(Date.now() < until, 'a file of the tree stays open')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function start(mirror: Running, request: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(mirror.port, '127.0.0.1', () => {
      socket.write(request)
      resolve(socket)
    })
    socket.on('error', () => {})
  })
}

const get = `GET /${path} HTTP/1.1\r\nHost: m\r\n\r\n`

test(
  '40 downloads that are broken off at any moment leave no file open and no server down',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await startMirror(t)
    await mirror.put(path, large)
    for (let round = 0; round < 40; round++) {
      const socket = await start(mirror, get)
      if (round % 4 > 0)
        await new Promise<void>((resolve) => {
          let wanted = [0, 1, 400_000, 5_000_000][round % 4]!
          socket.on('data', (chunk) => {
            wanted -= chunk.length
            if (wanted <= 0) resolve()
          })
        })
      if (round % 2) socket.destroy()
      else socket.resetAndDestroy()
    }
    await untilClosed(mirror.root)
    assert.deepEqual(mirror.errors, [])
    assert.ok((await mirror.get(`/${path}`)).body.equals(large))
  },
)

test(
  'a client that asks and never reads holds two buffers, and its file is closed when it goes',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await startMirror(t)
    await mirror.put(path, large)
    const sockets = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = await start(mirror, get)
        socket.pause()
        return socket
      }),
    )
    const until = Date.now() + 60_000
    while ((await openFiles(mirror.root)) < 20) assert.ok(Date.now() < until)
    assert.equal((await mirror.get('/healthz')).status, 200)
    for (const socket of sockets) socket.destroy()
    await untilClosed(mirror.root)
    assert.deepEqual(mirror.errors, [])
  },
)

test(
  'downloads asked for in one go open one file at a time, and none when the client goes',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await startMirror(t)
    await mirror.put(path, large)
    const socket = await start(mirror, get.repeat(50))
    socket.pause()
    const until = Date.now() + 60_000
    while ((await openFiles(mirror.root)) === 0) assert.ok(Date.now() < until)
    for (let look = 0; look < 50; look++) assert.ok((await openFiles(mirror.root)) <= 1)
    socket.destroy()
    await untilClosed(mirror.root)
    assert.deepEqual(mirror.errors, [])
  },
)

test(
  'a reader that stalls is dropped and its file closed; one that is slow gets its file',
  { timeout: 120_000 },
  async (t) => {
    const idleMs = 2000
    const mirror = await startMirror(t, { idleMs })
    await mirror.put(path, large)
    const stalled = await start(mirror, get)
    stalled.pause()
    const idle = await start(mirror, 'GET /healthz HTTP/1.1\r\nHost: m\r\n\r\n')
    const silent = await start(mirror, '')
    const slow = await start(mirror, get)
    const from = Date.now()
    let bytes = 0
    slow.on('data', (chunk) => {
      bytes += chunk.length
      slow.pause()
      // at this pace the whole takes several times as long as nothing may move
      setTimeout(() => slow.resume(), (4 * idleMs * chunk.length) / large.length)
    })
    await Promise.all([idle, silent].map((socket) => once(socket.resume(), 'close')))
    assert.ok(Date.now() - from < 4 * idleMs)
    while (bytes < large.length) await once(slow, 'data')
    assert.ok(Date.now() - from > 2 * idleMs)
    slow.destroy()
    await untilClosed(mirror.root)
    assert.deepEqual(mirror.errors, [])
  },
)

test('nothing warns of listeners that pile up', { timeout: 120_000 }, async (t) => {
  const warnings: string[] = []
  const note = (warning: Error): void => void warnings.push(warning.name)
  process.on('warning', note)
  t.after(() => process.removeListener('warning', note))
  const mirror = await startMirror(t)
  await mirror.put(path, large)
  const small = poolUrl('pip', 'small', 'small-1.0-py3-none-any.whl')
  await mirror.put(small, 'small')
  const socket = await start(mirror, `GET /${small} HTTP/1.1\r\nHost: m\r\n\r\n`.repeat(100) + get)
  let bytes = 0
  socket.on('data', (chunk) => (bytes += chunk.length))
  await new Promise<void>((resolve) => {
    socket.on('data', () => bytes > large.length && resolve())
  })
  socket.destroy()
  await untilClosed(mirror.root)
  assert.deepEqual(warnings, [])
})

test('the buffer of a download that is broken off serves the next one', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  await mirror.put(path, large)
  const made = t.mock.method(Buffer, 'allocUnsafeSlow')
  for (let round = 0; round < 20; round++) {
    const socket = await start(mirror, get)
    await once(socket, 'data')
    socket.destroy()
    await untilClosed(mirror.root)
  }
  assert.ok(made.mock.callCount() <= 2, `${made.mock.callCount()} buffers for one download at a time`)
})
