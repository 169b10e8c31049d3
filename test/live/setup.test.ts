import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../support/airlock.ts'
import { temporaryFolder } from '../support/folders.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const made = new Set(['.git', '.tools', 'node_modules', 'var', 'dist'])

test(
  'a fresh clone starts with one command, answers, and stops with everything it started',
  { timeout: 240_000 },
  async (t) => {
    const folder = await temporaryFolder(t)
    const [here, home] = [join(folder, 'airlock'), join(folder, 'home')]
    await cp(project, here, { recursive: true, filter: (path) => path === project || !made.has(basename(path)) })
    await mkdir(home)
    const [consolePort, mirrorPort, gatewayPort] = await freePorts(3)
    const config = join(folder, 'airlock.yaml')
    await writeFile(config, `gateway:\n  port: ${gatewayPort}\n`)
    const env = {
      ...process.env,
      HOME: home,
      // A new home, but the way to the registries and npm's cache are the machine's.
      npm_config_userconfig: join(homedir(), '.npmrc'),
      npm_config_cache: join(homedir(), '.npm'),
      XDG_CONFIG_HOME: join(homedir(), '.config'),
      LANG: 'C.UTF-8',
      AIRLOCK_CONFIG: config,
      AIRLOCK_ROOT: './tree',
      AIRLOCK_STATE: './state',
      AIRLOCK_CONSOLE_LISTEN: `127.0.0.1:${consolePort}`,
      AIRLOCK_MIRROR_LISTEN: `127.0.0.1:${mirrorPort}`,
      AIRLOCK_CONSOLE_URL: `http://127.0.0.1:${consolePort}`,
    }
    const server = spawn('npm', ['start'], { cwd: here, env, detached: true })
    t.after(() => server.exitCode === null && server.signalCode === null && process.kill(-server.pid!, 'SIGKILL'))
    const said = textOf(server.stderr)
    void textOf(server.stdout)
    const ended = once(server, 'close')

    const airlock = async (...args: readonly string[]) => {
      const child = spawn(join(here, 'scripts/airlock'), args, { cwd: home, env })
      const [out, err, [status]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')])
      return { status: status as number, out, err }
    }
    while (!(await answers(consolePort!))) {
      if (server.exitCode !== null) assert.fail(`the server ended:\n${await said}`)
      await sleep(250)
    }

    const begun = performance.now()
    assert.deepEqual(await airlock('status'), { status: 0, out: 'There are no requests.\n', err: '' })
    assert.ok(performance.now() - begun < 5000, 'a command on a project that is set up starts at once')
    assert.match((await airlock('targets')).out, /default +pip +Python 3\./)
    assert.match(await readFile(join(here, 'node_modules/.package-lock.json'), 'utf8'), /better-sqlite3/)
    const uv = spawn(join(here, '.tools/uv/bin/uv'), ['--version'])
    assert.match(await textOf(uv.stdout), /^uv 0\.13\.8 /)

    server.kill('SIGTERM')
    await ended
    const deadline = Date.now() + 15_000
    while ((await answers(consolePort!)) || (await answers(mirrorPort!))) {
      assert.ok(Date.now() < deadline, 'something still listens')
      await sleep(100)
    }
  },
)

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/healthz`).then(
    () => true,
    () => false,
  )
}
