import assert from 'node:assert/strict'
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/folders.ts'
import { ask, poolUrl, putFile } from './fixture.ts'

const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

type Started = { readonly child: ChildProcess; readonly root: string; readonly exited: Promise<number | string> }

/** `airlock mirror` as `airlock serve` starts it, with a channel. */
async function forkMirror(t: TestContext, port = 0, execArgv: readonly string[] = []): Promise<Started> {
  const root = join(await temporaryFolder(t), 'tree')
  const env = { PATH: process.env['PATH'], AIRLOCK_ROOT: root, AIRLOCK_MIRROR_LISTEN: `127.0.0.1:${port}` }
  const child = fork(main, ['mirror'], { env, execArgv: [...execArgv], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  t.after(() => child.kill('SIGKILL'))
  return { child, root, exited: once(child, 'exit').then(([code, signal]) => code ?? signal) }
}

async function listening({ child }: Started): Promise<number> {
  const [message] = (await once(child, 'message')) as [{ listening: number }]
  return message.listening
}

/** `airlock mirror` by itself. `metrics`: AIRLOCK_METRICS_LISTEN. */
async function startApart(t: TestContext, root: string, metrics: string) {
  const env = {
    PATH: process.env['PATH'],
    AIRLOCK_ROOT: root,
    AIRLOCK_MIRROR_LISTEN: '127.0.0.1:0',
    AIRLOCK_METRICS_LISTEN: metrics,
  }
  const child = spawn(process.execPath, [main, 'mirror'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const [said, complained] = [output(child.stdout), output(child.stderr)]
  return {
    child,
    said,
    complained,
    exited: once(child, 'close').then(([code]) => code as number),
    /** Where it says that it listens. */
    async port(what: 'mirror' | 'metrics'): Promise<number> {
      for (;;) {
        const port = new RegExp(`^Airlock ${what}: http://127\\.0\\.0\\.1:(\\d+)/`, 'm').exec(said())?.[1]
        if (port !== undefined) return Number(port)
        await once(child.stdout, 'data')
      }
    },
  }
}

function output(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.on('data', (chunk) => (text += chunk))
  return () => text
}

suite('the mirror as a process', { concurrency: true }, () => {
  test('a mirror tells its parent where it listens, serves, and goes when the channel closes', async (t) => {
    const started = await forkMirror(t)
    const port = await listening(started)
    await putFile(started.root, 'pip/simple/numpy/index.html', 'numpy')
    assert.equal((await ask(port, '/pip/simple/numpy/')).body.toString(), 'numpy')
    started.child.disconnect()
    assert.equal(await started.exited, 0)
    await assert.rejects(ask(port, '/healthz'), { code: 'ECONNREFUSED' })
  })

  test('a mirror whose parent is killed is gone at once, downloads or not', async (t) => {
    const started = await forkMirror(t)
    const port = await listening(started)
    const large = Buffer.alloc(32 * 2 ** 20)
    const path = poolUrl('apt', large, 'x_1_all.deb')
    await putFile(started.root, path, large)
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET /${path} HTTP/1.1\r\nHost: m\r\n\r\n`))
    socket.on('error', () => {})
    await once(socket, 'data')
    socket.pause()
    const from = Date.now()
    started.child.disconnect()
    assert.equal(await started.exited, 0)
    assert.ok(Date.now() - from < 3000)
  })

  test('SIGTERM takes no more connections, ends what is under way and lets idle ones go', async (t) => {
    const started = await forkMirror(t)
    const port = await listening(started)
    const large = Buffer.alloc(32 * 2 ** 20, 'a')
    const path = poolUrl('apt', large, 'x_1_all.deb')
    await putFile(started.root, path, large)
    const idle = connect(port, '127.0.0.1')
    await once(idle, 'connect')
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET /${path} HTTP/1.1\r\nHost: m\r\n\r\n`))
    let bytes = 0
    socket.on('data', (chunk) => (bytes += chunk.length))
    await once(socket, 'data')
    socket.pause()
    started.child.kill('SIGTERM')
    await once(idle, 'close')
    await assert.rejects(ask(port, '/healthz'), /ECONNREFUSED|ECONNRESET/)
    socket.resume()
    await once(socket, 'close')
    assert.ok(bytes > large.length, `${bytes} of ${large.length}`)
    assert.equal(await started.exited, 0)
  })

  test('SIGTERM is obeyed within five seconds even by a client that never reads', { timeout: 120_000 }, async (t) => {
    const started = await forkMirror(t)
    const port = await listening(started)
    const large = Buffer.alloc(32 * 2 ** 20)
    const path = poolUrl('apt', large, 'x_1_all.deb')
    await putFile(started.root, path, large)
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET /${path} HTTP/1.1\r\nHost: m\r\n\r\n`))
    socket.on('error', () => {})
    await once(socket, 'data')
    socket.pause()
    const from = Date.now()
    started.child.kill('SIGTERM')
    assert.equal(await started.exited, 0)
    assert.ok(Date.now() - from < 5000)
  })

  test('an address in use ends the start with what to do about it', async (t) => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    t.after(() => holder.close())
    const { port } = holder.address() as AddressInfo
    const root = await temporaryFolder(t)
    for (const [LANG, expected] of [
      ['C.UTF-8', `Airlock cannot listen on 127.0.0.1:${port}: EADDRINUSE`],
      ['zh_CN.UTF-8', `Airlock 无法监听 127.0.0.1:${port}：EADDRINUSE`],
    ] as const) {
      const env = { PATH: process.env['PATH'], LANG, AIRLOCK_ROOT: root, AIRLOCK_MIRROR_LISTEN: `127.0.0.1:${port}` }
      const child = spawn(process.execPath, [main, 'mirror'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
      const said = output(child.stderr)
      const [code] = await once(child, 'close')
      assert.notEqual(code, 0)
      assert.ok(said().includes(expected), said())
      assert.ok(said().includes('AIRLOCK_MIRROR_LISTEN'))
      assert.doesNotMatch(said(), /\n\s+at /, 'no stack')
    }
  })

  test('as a child it waits a moment for an address that the one before is leaving', async (t) => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    const started = await forkMirror(t, port)
    // the child has tried at least once when it has loaded; the holder then goes
    setTimeout(() => holder.close(), 600)
    assert.equal(await listening(started), port)
  })

  test('as a child it gives up on an address that stays in use, and leaves no process behind', async (t) => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    t.after(() => holder.close())
    const started = await forkMirror(t, (holder.address() as AddressInfo).port)
    const said = output(started.child.stderr!)
    assert.notEqual(await started.exited, 0)
    assert.match(said(), /cannot listen/)
  })

  test('alone it says where it listens and what it serves', async (t) => {
    const root = await temporaryFolder(t)
    const env = { PATH: process.env['PATH'], AIRLOCK_ROOT: root, AIRLOCK_MIRROR_LISTEN: '127.0.0.1:0' }
    const child = spawn(process.execPath, [main, 'mirror'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    t.after(() => child.kill('SIGKILL'))
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const match = /^Airlock mirror: http:\/\/127\.0\.0\.1:(\d+)\/ serves (.+)\n$/.exec(line.toString())
    assert.ok(match, line.toString())
    assert.equal(match[2], root)
    assert.equal((await ask(Number(match[1]), '/healthz')).body.toString(), 'ok\n')
    child.kill('SIGINT')
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
  })

  test('a mirror that runs apart is asked for its counts where it is told to listen, and nowhere else', async (t) => {
    const root = join(await temporaryFolder(t), 'tree')
    await putFile(root, 'pip/simple/numpy/index.html', 'numpy')
    const apart = await startApart(t, root, '127.0.0.1:0')
    const [port, metrics] = [await apart.port('mirror'), await apart.port('metrics')]
    assert.notEqual(port, metrics)
    const before = await ask(metrics, '/metrics')
    assert.match(before.headers['content-type']!, /^text\/plain; version=0\.0\.4/)
    assert.match(before.body.toString(), /^airlock_mirror_sent_bytes_total 0$/m)
    await ask(port, '/pip/simple/numpy/')
    await ask(port, '/pip/simple/numpy/')
    assert.equal((await ask(port, '/metrics')).status, 404, 'pods are told nothing')
    const after = (await ask(metrics, '/metrics')).body.toString()
    assert.match(after, /^airlock_mirror_requests_total\{status="200"\} 2$/m)
    assert.match(after, /^airlock_mirror_requests_total\{status="404"\} 1$/m)
    assert.ok(Number(/^airlock_mirror_sent_bytes_total (\d+)$/m.exec(after)?.[1]) > 10, after)
    assert.match(after, /^process_resident_memory_bytes \d+$/m)
    // and the tree is not read there
    for (const path of ['/', '/pip/simple/numpy/', '/healthz', '/metrics/'])
      assert.equal((await ask(metrics, path)).status, 404)
    const post = await fetch(`http://127.0.0.1:${metrics}/metrics`, { method: 'POST', body: 'x' })
    assert.equal(post.status, 405)
    apart.child.kill('SIGTERM')
    assert.equal(await apart.exited, 0)
    await assert.rejects(ask(metrics, '/metrics'), { code: 'ECONNREFUSED' })
  })

  test('counts are told nowhere unless somebody says where, and never where pods read', async (t) => {
    const root = await temporaryFolder(t)
    const silent = await startApart(t, root, '')
    const port = await silent.port('mirror')
    assert.equal((await ask(port, '/metrics')).status, 404)
    assert.doesNotMatch(silent.said(), /metrics/)
    const same = await startApart(t, root, `127.0.0.1:${port}`)
    assert.equal(await same.exited, 1)
    assert.match(same.complained(), /cannot listen on 127\.0\.0\.1:\d+: EADDRINUSE\.\n.*AIRLOCK_METRICS_LISTEN/)
    const wrong = await startApart(t, root, 'nine thousand')
    assert.equal(await wrong.exited, 2)
    assert.match(wrong.complained(), /AIRLOCK_METRICS_LISTEN/)
  })

  test('a serving mirror has loaded nothing that could speak outwards, and no database', async (t) => {
    const spy = `
    import { registerHooks } from 'node:module'
    const seen = []
    registerHooks({ load(url, context, next) { seen.push(url); return next(url, context) } })
    process.on('message', () => process.send({ seen, builtin: process.moduleLoadList }))`
    const started = await forkMirror(t, 0, ['--import', `data:text/javascript,${encodeURIComponent(spy)}`])
    const port = await listening(started)
    await putFile(started.root, 'pip/simple/numpy/index.html', 'numpy')
    for (const path of ['/pip/simple/numpy/', '/', '/pip/simple/none/', '/homepod/x'])
      await ask(port, path, { 'accept-encoding': 'gzip' })
    started.child.send('what have you loaded?')
    // its counts come by the same channel
    const { seen, builtin } = await new Promise<{ seen: string[]; builtin: string[] }>((resolve) =>
      started.child.on('message', (message: object) => 'seen' in message && resolve(message as never)),
    )
    const root = new URL('../../', import.meta.url).href
    const ours = seen
      .filter((url) => url.startsWith(root) && !url.includes('/node_modules/'))
      .map((url) => url.slice(root.length))
    const packages = new Set(seen.flatMap((url) => /\/node_modules\/([^/]+)\//.exec(url)?.[1] ?? []))
    assert.ok(ours.includes('server/mirror/mirror.ts'))
    for (const file of ours)
      assert.match(
        file,
        /^server\/(?:main|config|config-file|knobs|errors|error-texts|metrics-listener|mirror\/[a-z]+)\.ts$|^storage\/layout\.ts$/,
        file,
      )
    assert.deepEqual([...packages].toSorted(), ['yaml', 'zod'], 'what config.ts reads its file with')
    assert.ok(!seen.some((url) => url.endsWith('.node')))
    // node:http itself brings net, tls and http2 along; what it does not bring, nobody did
    assert.deepEqual(
      builtin.filter((name) => /^NativeModule (?:https|sqlite)$/.test(name)),
      [],
    )
  })
})
