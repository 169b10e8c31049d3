import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/folders.ts'
import { fakeConsole, request } from './console.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))

/** The command itself, as a process. `AIRLOCK_*` of this process stay out of it. */
function start(command: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = project) {
  const { PATH, TMPDIR } = process.env
  const child = spawn(command[0]!, command.slice(1), { cwd, env: { PATH, TMPDIR, LANG: 'C.UTF-8', ...env } })
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  return { child, ended, out: textOf(child.stdout), err: textOf(child.stderr) }
}

const main = [process.execPath, join(project, 'client/cli/main.ts')]

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 6],
] as const) {
  test(`${signal} while waiting ends the process with ${code}`, async (t) => {
    const { url } = await fakeConsole(t, { 'GET /api/requests/7': { body: request({ state: 'solving' }) } })
    const { child, ended, err } = start([...main, 'status', '7', '--wait'], { AIRLOCK_CONSOLE_URL: url })
    child.stderr.once('data', () => child.kill(signal))
    assert.equal((await ended)[0], code)
    assert.match(await err, /request 7 \(default\): solving\nairlock: No longer waiting/)
  })
}

test('the process ends by itself after an answer, with the exit code of the state', async (t) => {
  const { url } = await fakeConsole(t, { 'GET /api/requests/7': { body: request({ state: 'rejected' }) } })
  const { ended } = start([...main, 'status', '7', '--wait'], { AIRLOCK_CONSOLE_URL: url })
  assert.deepEqual(await ended, [3, null])
})

test('a reader that stops early is no failure', async (t) => {
  const requests = Array.from({ length: 200 }, (_, id) => request({ id: id + 1, requirements: ['x'.repeat(900)] }))
  const { url } = await fakeConsole(t, { 'GET /api/requests?limit=20': { body: { requests, next: null } } })
  const { ended, out, err } = start(['sh', '-c', '"$0" "$@" | head -1', ...main, 'status'], {
    AIRLOCK_CONSOLE_URL: url,
  })
  assert.deepEqual(await ended, [0, null])
  assert.match(await out, /^ID {3}STATE[^\n]*\n$/)
  assert.equal(await err, '')
})

/** Where nothing answers and no state can be: what becomes of `rebuild` shows which program ran. */
async function nowhere(t: TestContext) {
  const { url, stop } = await fakeConsole(t, {})
  await stop()
  return { AIRLOCK_CONSOLE_URL: url, AIRLOCK_CONFIG: join(await temporaryFolder(t), 'absent.yaml') }
}

test('without a server, rebuild becomes the server’s own command, exit code and all', async (t) => {
  const env = await nowhere(t)
  const { ended, err } = start([...main, 'rebuild'], env)
  assert.deepEqual(await ended, [2, null])
  assert.match(await err, /No server answers at .*\nairlock: AIRLOCK_CONFIG=.*absent\.yaml is not right/)
})

test('scripts/airlock finds its project through a link and keeps the caller’s folder', async (t) => {
  const folder = await mkdtemp(join(await temporaryFolder(t), 'elsewhere-'))
  await symlink(join(project, 'scripts/airlock'), join(folder, 'airlock'))
  const version = start(['./airlock', '--version'], {}, folder)
  assert.deepEqual(await version.ended, [0, null])
  assert.match(await version.out, /^\d+\.\d+\.\d+\n$/)
  const env = { AIRLOCK_ROOT: 'my/root', AIRLOCK_STATE: './my/state' }
  const config = start(['./airlock', 'config'], env, folder)
  const settings = JSON.parse(await config.out) as { root: string; state: string }
  assert.deepEqual([settings.root, settings.state], [join(folder, 'my/root'), join(folder, 'my/state')])
})

test('the server’s own commands say in the reader’s language what is wrong with a setting', async (t) => {
  const env = { ...(await nowhere(t)), LANG: 'zh_CN.UTF-8' }
  for (const command of ['serve', 'config']) {
    const { ended, err } = start(['scripts/airlock', command], env)
    assert.deepEqual(await ended, [2, null])
    assert.match(await err, /^airlock: AIRLOCK_CONFIG=.* 不正确：/)
  }
})

test('`airlock config` hides credentials', async (t) => {
  const folder = await temporaryFolder(t)
  const env = {
    AIRLOCK_ROOT: join(folder, 'root'),
    AIRLOCK_STATE: join(folder, 'state'),
    AIRLOCK_CONSOLE_URL: 'http://alice:secret@airlock.example:8081',
  }
  const { out } = start(['scripts/airlock', 'config'], env)
  assert.doesNotMatch(await out, /secret/)
  assert.match(await out, /http:\/\/\*\*\*@airlock\.example:8081/)
})

const servers = ['serve', 'mirror', 'doctor', 'config', 'config explain', 'rebuild', 'verify', 'backup', 'restore']

test('every command of the server has help in both languages, and opens nothing for it', async (t) => {
  const folder = await temporaryFolder(t)
  const server = [process.execPath, join(project, 'server/main.ts')]
  const asked = servers.map(async (command, at) => {
    const args = [...command.split(' '), at % 2 === 0 ? '--help' : '-h']
    const english = start([...server, ...args], {}, folder)
    const chinese = start([...server, ...args], { LANG: 'zh_CN.UTF-8' }, folder)
    assert.deepEqual([await english.ended, await english.err], [[0, null], ''], command)
    assert.match(await english.out, new RegExp(`^Usage: airlock ${command}( [^\n]*)?\n\n[A-Z][^\n]*\\.\n$`))
    assert.deepEqual(await chinese.ended, [0, null])
    assert.match(
      await chinese.out,
      new RegExp(`^用法：airlock ${command}( [^\n]*)?\n\n\\p{Script=Han}[^\n]*。\n$`, 'u'),
    )
  })
  await Promise.all(asked)
  assert.deepEqual(await readdir(folder), [])
})

test('`airlock restore --help` is help, and a file that does not exist is said to be none', async (t) => {
  const folder = await temporaryFolder(t)
  const airlock = join(project, 'scripts/airlock')
  const help = start([airlock, 'restore', '--help'], {}, folder)
  assert.deepEqual(await help.ended, [0, null])
  assert.match(await help.out, /^Usage: airlock restore FILE \[--force\]\n/)
  const state = { AIRLOCK_STATE: join(folder, 'state') }
  const none = start([airlock, 'restore', 'none.tar'], state, folder)
  assert.deepEqual(await none.ended, [1, null])
  assert.equal(
    await none.err,
    `airlock: There is no file ${join(folder, 'none.tar')}.\n  Give the path of what \`airlock backup\` has written.\n`,
  )
  const chinese = start([airlock, 'restore', 'none.tar', '--force'], { ...state, LANG: 'zh_CN.UTF-8' }, folder)
  assert.match(await chinese.err, /^airlock: 没有文件 \S+none\.tar。\n/)
  assert.deepEqual(await readdir(folder), [])
})

test('a server command with arguments it does not know is wrong usage', async () => {
  for (const [line, en, zh] of [
    [
      'serve --fast',
      /^airlock: The command line is not understood: serve --fast\.\n {2}Usage: airlock serve\n$/,
      /无法理解/,
    ],
    [
      'restore --force',
      /\n {2}Usage: airlock restore FILE \[--force\]\n$/,
      /\n {2}用法：airlock restore FILE \[--force\]\n$/,
    ],
    [
      'config explian',
      /\n {2}Usage: airlock config explain \[--json\] \| config\n$/,
      /config explian。\n {2}用法：airlock config /,
    ],
  ] as const) {
    const english = start(['scripts/airlock', ...line.split(' ')])
    assert.deepEqual(await english.ended, [2, null])
    assert.match(await english.err, en)
    assert.match(await start(['scripts/airlock', ...line.split(' ')], { LANG: 'zh_CN.UTF-8' }).err, zh)
  }
})
