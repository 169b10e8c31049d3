/** What the README promises, word for word: clone, start, ask, install; with every client, and without the server. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../support/airlock.ts'
import { hostPython } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'
import { checkTree } from '../support/tree.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))

test(
  'a clone, one command, one request: jupyterlab installs with every client and starts',
  { timeout: 540_000 },
  async (t) => {
    const folder = await temporaryFolder(t)
    const [here, home] = [join(folder, 'airlock'), join(folder, 'home')]
    await mkdir(home)
    const [consolePort, mirrorPort, gatewayPort] = await freePorts(3)
    const root = join(here, 'tree')
    const consoleUrl = `http://127.0.0.1:${consolePort}`
    const simple = `http://127.0.0.1:${mirrorPort}/pip/simple/`
    const env = {
      ...process.env,
      HOME: home,
      // a new home; the way to the registries and npm's cache are the machine's
      npm_config_userconfig: join(homedir(), '.npmrc'),
      npm_config_cache: join(homedir(), '.npm'),
      XDG_CONFIG_HOME: join(homedir(), '.config'),
      AIRLOCK_ROOT: root,
      AIRLOCK_STATE: join(here, 'state'),
      AIRLOCK_CONSOLE_LISTEN: `127.0.0.1:${consolePort}`,
      AIRLOCK_MIRROR_LISTEN: `127.0.0.1:${mirrorPort}`,
      AIRLOCK_CONSOLE_URL: consoleUrl,
      AIRLOCK_CONFIG: join(folder, 'airlock.yaml'),
    }

    /** Runs a command to its end; throws with what it said when it fails. */
    async function run(command: string, args: readonly string[], more: Readonly<Record<string, string>> = {}) {
      const child = spawn(command, args, { cwd: folder, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
      const [out, err, [status]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')])
      assert.equal(status, 0, `${command} ${args.join(' ')}\n${out}${err}`)
      return out
    }

    await run('sh', ['-c', `printf 'gateway: { port: %s }\\n' ${gatewayPort} > airlock.yaml`])
    await run('git', ['clone', '--quiet', `file://${project}`, here])

    // a test that is killed takes its server with it
    const start = ['--pdeathsig', 'TERM', '--', 'npm', 'start']
    const server = spawn('setpriv', start, { cwd: here, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    t.after(() => server.exitCode === null && server.signalCode === null && process.kill(-server.pid!, 'SIGKILL'))
    const said = Promise.all([textOf(server.stdout), textOf(server.stderr)])
    const ended = once(server, 'close')
    while (!(await answers(`${consoleUrl}/readyz`))) {
      if (server.exitCode !== null) assert.fail(`the server ended:\n${(await said).join('')}`)
      await sleep(250)
    }

    const begun = performance.now()
    const airlock = join(here, 'scripts/airlock')
    // pip itself comes along, so that the newest one is there to install with
    const asked = JSON.parse(await run(airlock, ['request', 'pip', 'jupyterlab', 'pip', '--wait', '--json'])) as unknown
    const id = idOf(asked)
    t.diagnostic(`jupyterlab was ready after ${((performance.now() - begun) / 1000).toFixed(1)} s`)
    assert.deepEqual((await checkTree(root)).faults, [])

    // what a pod would do: no other index, no cache, nothing that this machine's configuration adds
    const pod = { PIP_CONFIG_FILE: '/dev/null', PIP_INDEX_URL: '', PIP_EXTRA_INDEX_URL: '', PIP_FIND_LINKS: '' }
    async function environment(name: string, newest: boolean): Promise<string> {
      const venv = join(folder, name)
      await run(hostPython().path, ['-m', 'venv', venv])
      const upgrade = ['-m', 'pip', 'install', '--no-cache-dir', '--index-url', simple, '--upgrade', 'pip']
      if (newest) await run(join(venv, 'bin/python'), upgrade, pod)
      return venv
    }
    async function starts(venv: string): Promise<void> {
      assert.match(await run(join(venv, 'bin/jupyter'), ['lab', '--version']), /^\d+\.\d+\.\d+/)
      await run(join(venv, 'bin/python'), ['-m', 'pip', 'check'], pod)
    }
    const pip = (venv: string, ...args: readonly string[]) =>
      run(join(venv, 'bin/python'), ['-m', 'pip', 'install', '--no-cache-dir', '--no-input', ...args], pod)

    const requests = join(root, 'pip/requests', String(id))
    const ways: readonly (() => Promise<void>)[] = [
      async function bundledPip() {
        const venv = await environment('bundled', false)
        await pip(venv, '--index-url', simple, 'jupyterlab')
        await starts(venv)
      },
      async function newestPip() {
        const venv = await environment('newest', true)
        t.diagnostic((await run(join(venv, 'bin/python'), ['-m', 'pip', '--version'])).split(' from ')[0]!)
        await pip(venv, '--index-url', simple, 'jupyterlab')
        await starts(venv)
        // PEP 751, which only a newer pip reads
        const other = await environment('pylock', true)
        await pip(other, '-r', join(requests, 'pylock.toml'))
        await starts(other)
      },
      async function byUv() {
        const venv = await environment('uv', false)
        const line = ['pip', 'install', '--no-config', '--no-cache', '--python', join(venv, 'bin/python')]
        await run(join(here, '.tools/uv/bin/uv'), [...line, '--default-index', simple, 'jupyterlab'])
        await starts(venv)
      },
      async function hashedLock() {
        const venv = await environment('locked', false)
        const lock = ['--no-deps', '--require-hashes', '-r', join(requests, 'requirements.txt')]
        await pip(venv, '--index-url', simple, ...lock)
        await starts(venv)
      },
    ]
    await Promise.all(ways.map((way) => way()))

    process.kill(-server.pid!, 'SIGTERM')
    await ended
    assert.ok(!(await answers(`${consoleUrl}/healthz`)), 'the server has stopped')
    const offline = await environment('offline', false)
    await pip(offline, '--index-url', `file://${root}/pip/simple/`, 'jupyterlab')
    await starts(offline)
    assert.ok(existsSync(join(offline, 'bin/jupyter-lab')))
  },
)

/** The request's number, wherever in the answer it stands. */
function idOf(answer: unknown): number {
  const { requests = [answer] } = answer as { requests?: unknown[] }
  const { id } = requests[0] as { id: number }
  assert.ok(Number.isInteger(id), JSON.stringify(answer))
  return id
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}
