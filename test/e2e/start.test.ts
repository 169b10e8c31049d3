/** What a start waits for: pods have their answers before the rest of the server is there, and none where it cannot be. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { hostPython } from '../support/clients.ts'
import { startIndex } from '../support/index.ts'
import { sabotageOf, type Cut } from '../support/sabotage.ts'

/** A server that has run before and whose start takes until `opened` lies there: its Python waits for that. */
async function slowServer(t: {
  after(work: () => Promise<void>): void
}): Promise<{ airlock: Airlock; opened: string }> {
  const index = await startIndex()
  const airlock = await startAirlock({ index: index.url })
  t.after(async () => {
    await airlock.close()
    await index.close()
  })
  await airlock.stop()
  const opened = join(airlock.folder, 'opened')
  const script = `#!/bin/sh\nuntil [ -e '${opened}' ]; do sleep 0.05; done\nexec '${hostPython().path}' "$@"\n`
  await writeFile(join(airlock.folder, 'python'), script)
  await chmod(join(airlock.folder, 'python'), 0o755)
  return { airlock, opened }
}

const slow = ({ folder }: Airlock) => ({ AIRLOCK_PYTHON: join(folder, 'python') })

async function isListening(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const heard = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return heard
}

async function until(what: () => Promise<boolean>, ms: number): Promise<boolean> {
  for (const late = Date.now() + ms; Date.now() < late; await sleep(50)) if (await what()) return true
  return false
}

test('pods are answered while the rest of the server still starts', async (t) => {
  const { airlock, opened } = await slowServer(t)
  const started = airlock.start({ env: slow(airlock) })
  assert.ok(await until(() => isListening(airlock.mirrorUrl), 120_000), 'the mirror did not listen')
  const page = await fetch(airlock.indexUrl)
  assert.equal(page.status, 200)
  assert.equal(await isListening(airlock.consoleUrl), false)
  await writeFile(opened, '')
  await started
  assert.equal(await isListening(airlock.consoleUrl), true)
  assert.equal((await fetch(airlock.indexUrl)).status, 200)
})

test('a server that cannot start leaves no mirror behind', async (t) => {
  const { airlock } = await slowServer(t)
  await writeFile(join(airlock.folder, 'python'), '#!/bin/sh\nsleep 1\nexit 1\n')
  await assert.rejects(airlock.start({ env: slow(airlock) }), /ended at its start/)
  await airlock.died()
  assert.equal(await isListening(airlock.mirrorUrl), false)
})

test('control: a mirror that starts after everything else answers nobody before', async (t) => {
  const { airlock, opened } = await slowServer(t)
  const file = 'server/airlock.ts'
  const cuts = [
    { file, from: '  onOwned(log)\n', to: '' },
    { file, from: '  return {\n    log,\n', to: '  onOwned(log)\n  return {\n    log,\n' },
  ]
  const started = airlock.start({ env: { ...slow(airlock), ...sabotageOf(cuts) }, preload: ['sabotage.ts'] })
  assert.equal(await until(() => isListening(airlock.mirrorUrl), 3000), false)
  await writeFile(opened, '')
  await started
  assert.equal(await isListening(airlock.mirrorUrl), true)
})

/** Whether the console listens while a start still sweeps what the last run left. */
async function listensWhileSweeping(t: TestContext, cuts: readonly Cut[] = []): Promise<boolean> {
  const airlock = await startAirlock()
  t.after(() => airlock.close())
  await airlock.kill()
  const partial = join(airlock.root, '.incoming', 'a'.repeat(64))
  const solve = join(airlock.state, 'work', 'solve-left')
  for (const folder of [partial, solve]) await mkdir(folder, { recursive: true })
  await writeFile(join(partial, '.part'), 'cut off')
  const env = sabotageOf(cuts)
  const started = airlock.start({ env, preload: ['sabotage.ts', 'held-sweep.ts'] })
  assert.ok(await until(async () => existsSync(join(airlock.state, 'sweeping')), 25_000), 'nothing was swept')
  assert.equal(existsSync(solve), false)
  const listens = await isListening(airlock.consoleUrl)
  await writeFile(join(airlock.state, 'go-on'), '')
  await started
  assert.equal(existsSync(partial), false)
  return listens
}

test('a start sweeps what the last run left before anybody can ask', async (t) => {
  assert.equal(await listensWhileSweeping(t), false)
})

test('control: a start that listens first can be asked while it sweeps', async (t) => {
  const [sweep, listen] = [
    '  await airlock.housekeeping.atStart()\n',
    '  const server = await listen(app, config.consoleListen)\n',
  ]
  const file = 'server/serve.ts'
  const cuts = [
    { file, from: sweep, to: '' },
    { file, from: listen, to: listen + sweep },
  ]
  assert.equal(await listensWhileSweeping(t, cuts), true)
})
