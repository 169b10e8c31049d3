/** `airlock doctor` as a process, beside an upstream, a server or nothing at all. */
import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { examine as look } from '../../server/doctor/main.ts'
import { startChild, type StartChild } from '../../server/child.ts'
import type { Config } from '../../server/config.ts'
import { readConfigFile } from '../../server/config-file.ts'
import { checkSettings } from '../../server/doctor/machine.ts'
import { checkClock } from '../../server/doctor/reach.ts'
import { toTable } from '../../server/doctor/report.ts'
import { checkSandbox } from '../../server/doctor/sandbox.ts'
import { sourceWords } from '../../server/source-words.ts'
import { freePorts, offline, startAirlock } from '../support/airlock.ts'
import { hostPython, run } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'
import { file as answerFile, page, startUpstream, status, type Answer } from '../support/upstream.ts'

const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

type Found = { name: string; grade: string; found: string; todo: string | null }
type Given = {
  readonly config?: object
  readonly env?: Readonly<Record<string, string>>
  readonly upstream?: Answer
  readonly archive?: Answer
  readonly login?: string
}

const release = answerFile('-----BEGIN PGP SIGNED MESSAGE-----')
const honest = page('<!DOCTYPE html><a href="pip-1.tar.gz">pip-1.tar.gz</a>')

/** Answers as an interpreter does, without the second that importing pip takes. */
async function quickPython(t: TestContext): Promise<string> {
  const index = { url: null, source: 'no pip', files: null, extra: [], cert: null, proxy: null }
  const answer = {
    executable: '/python',
    version: '3.11.7',
    implementation: 'cpython',
    machine: 'x86_64',
    libc: ['glibc', '2.36'],
    tags: null,
    base: { executable: '/python', prefix: '/usr' },
    index,
  }
  const file = join(await temporaryFolder(t), 'python3')
  await writeFile(file, `#!/bin/sh\ncat <<'END'\n${JSON.stringify(answer)}\nEND\n`, { mode: 0o755 })
  return file
}

/** A target of its own: this machine's archives are nobody's to ask in a test. */
const aptFrom = (url: string) => ({
  default: {
    apt: { sources: `deb [trusted=yes] ${url}/debian stable main`, architectures: ['amd64'], status: 'none' },
  },
})

/** A machine that is in order but for what a test says. */
async function machine(
  t: TestContext,
  { config = {}, env = {}, upstream: answer = honest, archive = release, login = '' }: Given = {},
) {
  const folder = await temporaryFolder(t)
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  upstream.on('/simple/pip/', answer)
  upstream.on('/debian/dists/stable/InRelease', archive)
  const [mirror, console, gateway] = await freePorts(3)
  const url = `${upstream.url.replace('//', `//${login}`)}/simple`
  const file = join(folder, 'airlock.yaml')
  await writeFile(
    file,
    JSON.stringify({
      upstreams: { pip: { default: { url } } },
      targets: aptFrom(upstream.url),
      gateway: { port: gateway },
      ...config,
    }),
  )
  const settings: Record<string, string> = {
    ...offline(folder),
    AIRLOCK_ROOT: join(folder, 'root'),
    AIRLOCK_STATE: join(folder, 'state'),
    AIRLOCK_CONFIG: file,
    AIRLOCK_MIRROR_LISTEN: `127.0.0.1:${mirror}`,
    AIRLOCK_CONSOLE_LISTEN: `127.0.0.1:${console}`,
    AIRLOCK_PYTHON: await quickPython(t),
    ...env,
  }
  return { folder, upstream, file, settings, console }
}

/** The checks in this process; {@link command} is the command itself. */
async function examine(env: Readonly<Record<string, string>>) {
  const checks = await look(env, env['HOME']!)
  const found = checks.map(({ name, grade, found: text, todo }) => ({
    name,
    grade,
    found: text.en,
    todo: todo?.en ?? null,
  }))
  const of = (name: string) => found.find((check) => check.name === name)
  return { checks: found, of, output: JSON.stringify(checks) }
}

const command = (env: Readonly<Record<string, string>>, ...args: string[]) =>
  run(process.execPath, [main, 'doctor', ...args], env)

test('a machine in order is so found, without a server, and nothing is made or left', async (t) => {
  const { folder, upstream, settings, file } = await machine(t, { env: { AIRLOCK_PYTHON: hostPython().path } })
  const ended = await command(settings, '--json')
  assert.equal(ended.status, 0)
  const { ok, checks } = JSON.parse(ended.output) as { ok: boolean; checks: Found[] }
  const of = (name: string) => checks.find((check) => check.name === name)
  assert.equal(ok, true)
  const names =
    'settings state tree lock disk uv sandbox python,upstream default,clock apt,archives default,console mirror gateway'
  assert.deepEqual(
    checks.map(({ name }) => name),
    names.split(',').flatMap((part) => (/^(?:upstream|archives) /.test(part) ? [part] : part.split(' '))),
  )
  for (const { name, grade, todo } of checks) assert.deepEqual([name, grade, todo], [name, 'ok', null])
  assert.equal(of('settings')?.found, file)
  assert.match(of('lock')!.found, /free/)
  assert.match(of('python')!.found, new RegExp(hostPython().version))
  assert.match(of('upstream default')!.found, /127\.0\.0\.1:\d+\/simple\/ \(airlock\.yaml\)/)
  assert.deepEqual(await readdir(folder), ['airlock.yaml'])
  assert.deepEqual(upstream.requests.map(({ method, path }) => `${method} ${path}`).toSorted(), [
    'GET /debian/dists/stable/InRelease',
    'GET /simple/pip/',
  ])
})

test('beside a running server the lock is held, and console, mirror and gateway answer', async (t) => {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const [gateway] = await freePorts(1)
  const airlock = await startAirlock({ index: `${upstream.url}/simple/`, config: { gateway: { port: gateway } } })
  t.after(() => airlock.close())
  const file = join(airlock.folder, 'doctor.yaml')
  const upstreams = { pip: { default: { url: `${upstream.url}/simple/` } } }
  const write = (port: number) =>
    writeFile(file, JSON.stringify({ upstreams, targets: aptFrom(upstream.url), gateway: { port } }))
  await write(gateway!)
  const settings = {
    ...offline(airlock.folder),
    AIRLOCK_CONFIG: file,
    AIRLOCK_ROOT: airlock.root,
    AIRLOCK_STATE: airlock.state,
    AIRLOCK_CONSOLE_LISTEN: new URL(airlock.consoleUrl).host,
    AIRLOCK_MIRROR_LISTEN: new URL(airlock.mirrorUrl).host,
    AIRLOCK_PYTHON: hostPython().path,
  }
  const running = await examine(settings)
  assert.match(running.of('lock')!.found, /held by a running Airlock/)
  assert.deepEqual([running.of('console')?.grade, running.of('mirror')?.grade], ['ok', 'ok'], running.output)
  assert.equal(running.of('console')?.found, airlock.consoleUrl)
  assert.deepEqual([running.of('gateway')?.grade, running.of('gateway')?.found], ['ok', `127.0.0.1:${gateway}`])
  const [elsewhere] = await freePorts(1)
  const silent = await examine({ ...settings, AIRLOCK_CONSOLE_LISTEN: `127.0.0.1:${elsewhere}` })
  assert.equal(silent.of('console')?.grade, 'failure')
  assert.match(silent.of('console')!.todo!, /AIRLOCK_CONSOLE_LISTEN/)
  await write(elsewhere!)
  const deaf = await examine(settings)
  assert.equal(deaf.of('gateway')?.grade, 'failure')
  assert.match(deaf.of('gateway')!.todo!, /gateway\.port/)
  await write(0)
  assert.match((await examine(settings)).of('gateway')!.found, /any free port/)
  assert.equal((await airlock.call<{ status: string }>('/readyz')).status, 'ready', 'the server was not disturbed')
})

test('a mirror that runs apart and does not answer here is worth a warning, not a failure: only pods may reach it', async (t) => {
  const [nobody] = await freePorts(1)
  const apart = { AIRLOCK_MIRROR_LISTEN: 'off', AIRLOCK_MIRROR_URL: `http://127.0.0.1:${nobody}` }
  const { settings } = await machine(t, { env: apart })
  const { of, output } = await examine(settings)
  assert.equal(of('mirror')?.grade, 'warning', output)
  assert.match(of('mirror')!.found, new RegExp(`runs apart, and http://127\\.0\\.0\\.1:${nobody} does not answer here`))
  assert.match(of('mirror')!.todo!, /AIRLOCK_MIRROR_URL/)
  assert.equal((await command(settings)).status, 0)
  // what answers there and is no mirror is a failure all the same
  const other = await startUpstream()
  t.after(() => other.close())
  const wrong = await examine({ ...settings, AIRLOCK_MIRROR_URL: other.url.replace(/\/$/, '') })
  assert.equal(wrong.of('mirror')?.grade, 'failure', wrong.output)
})

test('an upstream that refuses its credentials fails, and the credentials are nowhere', async (t) => {
  const given = { login: 'lin:hunter2@', upstream: status(401) }
  const { settings, upstream } = await machine(t, given)
  const { of, output } = await examine(settings)
  assert.match(upstream.requests[0]!.headers.authorization ?? '', /^Basic /)
  assert.equal(of('upstream default')?.grade, 'failure')
  assert.match(of('upstream default')!.found, /answers 401/)
  const table = await command(settings)
  assert.equal(table.status, 1)
  for (const text of [output, table.output]) assert.doesNotMatch(text, /hunter2|lin:/)
})

test('an upstream without that project is reachable all the same, one that is broken is not', async (t) => {
  const there = await machine(t, { upstream: status(404) })
  assert.equal((await examine(there.settings)).of('upstream default')?.grade, 'ok')
  const broken = await machine(t, { upstream: status(500) })
  assert.match((await examine(broken.settings)).of('upstream default')!.found, /500/)
  const gone = await machine(t)
  await gone.upstream.close()
  const { of } = await examine(gone.settings)
  assert.equal(of('upstream default')?.grade, 'failure')
  assert.equal(of('clock')?.grade, 'warning', 'nobody said what time it is')
})

test('an index with projects of its own is asked for one of them', async (t) => {
  const { settings, upstream, file } = await machine(t)
  const house = { url: `${upstream.url}/house/`, projects: ['our-models'] }
  const upstreams = { pip: { default: { url: `${upstream.url}/simple/` }, house } }
  await writeFile(file, JSON.stringify({ upstreams, targets: aptFrom(upstream.url) }))
  const { of } = await examine(settings)
  assert.equal(of('upstream house')?.grade, 'ok')
  assert.equal(upstream.asked('/house/our-models/').length, 1)
})

test('archives are asked as apt-get update would ask, by apt’s own way, and those that fail are told with what to do', async (t) => {
  const there = await machine(t)
  const { url } = there.upstream
  const sources = `deb [trusted=yes] ${url}/debian stable main
deb [trusted=yes] ${url}/debian stable-updates main
deb [trusted=yes] ${url}/flat/ ./
deb [trusted=yes] ${url}/closed/ new main
deb [trusted=yes] http://127.0.0.1:1/gone stable main
deb [trusted=yes] file:/nowhere/ ./`
  there.upstream.on('/flat/./InRelease', status(404))
  there.upstream.on('/closed/dists/new/InRelease', status(401))
  const apt = { sources, architectures: ['amd64'], status: 'none' }
  const upstreams = { pip: { default: { url: `${url}/simple/` } } }
  await writeFile(there.file, JSON.stringify({ upstreams, targets: { pods: { apt }, old: aptFrom(url).default } }))
  const { of, output } = await examine(there.settings)
  assert.deepEqual([of('archives old')?.grade, of('archives old')?.found], ['ok', `${url}/debian`], output)
  assert.equal(of('archives pods')?.grade, 'failure')
  assert.match(
    of('archives pods')!.found,
    /^\S+\/closed\/ answers 401; .*127\.0\.0\.1:1 could not be reached: [^;]+[^.;]$/,
  )
  assert.match(of('archives pods')!.todo!, /auth\.conf/)
})

test('a clock far from upstream’s is a warning, and the upstream that agrees most is believed', async (t) => {
  const date = new Date(Date.now() + 9 * 60_000).toUTCString()
  const late: Answer = (_, res) => res.writeHead(200, { date }).end('x')
  const { settings } = await machine(t, { upstream: late, archive: late })
  const { of } = await examine(settings)
  assert.deepEqual([of('clock')?.grade, of('clock')?.found], ['warning', '9 min behind upstream'])
  assert.equal(checkClock([9 * 60_000, null]).found.en, '9 min ahead of upstream')
  assert.equal(checkClock([9 * 60_000, -1000]).grade, 'ok')
  assert.equal(checkClock([4 * 60_000]).grade, 'ok')
})

test('a wrong knob is told with its line, and is all that is told', async (t) => {
  const { settings, file } = await machine(t)
  await writeFile(file, 'reuse: 5\nqeue: 1\n')
  const { checks } = await examine(settings)
  assert.deepEqual(
    checks.map(({ name, grade }) => [name, grade]),
    [['settings', 'failure']],
  )
  assert.match(checks[0]!.found, /airlock\.yaml.*2/)
})

test('folders that can never be written fail by name', async (t) => {
  const { settings, file } = await machine(t)
  const { of } = await examine({ ...settings, AIRLOCK_STATE: join(file, 'state'), AIRLOCK_ROOT: join(file, 'root') })
  assert.deepEqual([of('state')?.grade, of('tree')?.grade], ['failure', 'failure'])
  assert.match(of('state')!.todo!, /AIRLOCK_STATE/)
  assert.match(of('tree')!.todo!, /AIRLOCK_ROOT/)
})

test('where Python, index and archives were found is said in the reader’s language', async (t) => {
  const { settings } = await machine(t)
  const { AIRLOCK_PYTHON: python, ...rest } = settings
  const checks = await look({ ...rest, PATH: `${dirname(python!)}:${settings['PATH']}` }, settings['HOME']!)
  const found = checks.find(({ name }) => name === 'python')!.found
  assert.equal(found.en, `3.11.7, ${python} (the first python3 on PATH)`)
  assert.equal(found.zh, `3.11.7, ${python}（PATH 上的第一个 python3）`)
  const said = Object.fromEntries(
    [
      'this machine’s apt: debian.sources',
      'a pod’s description, /usr/bin/python3',
      'airlock.yaml',
      'AIRLOCK_PYTHON, /x',
    ]
      .concat("pip's configuration", 'pip cannot be asked (no module named pip)')
      .map((source) => [source, sourceWords(source)]),
  )
  assert.deepEqual(
    Object.keys(said),
    Object.values(said).map(({ en }) => en),
  )
  assert.deepEqual(
    Object.values(said).map(({ zh }) => zh),
    [
      '本机的 apt：debian.sources',
      'HomePod 的描述，/usr/bin/python3',
      'airlock.yaml',
      'AIRLOCK_PYTHON, /x',
      'pip 的配置',
      '无法询问 pip (no module named pip)',
    ],
  )
})

test('a folder that is not the usual one is told of in Chinese too', () => {
  const remarks = [{ en: '/x is not writable', zh: '/x 不可写' }]
  const { found } = checkSettings({ file: null, remarks } as unknown as Config)
  assert.equal(found.zh, '没有 airlock.yaml，使用默认值；/x 不可写')
})

test('a state folder that others may enter is a warning', async (t) => {
  const { settings } = await machine(t)
  await mkdir(settings['AIRLOCK_STATE']!)
  await chmod(settings['AIRLOCK_STATE']!, 0o755)
  const { of } = await examine(settings)
  assert.equal(of('state')?.grade, 'warning')
  assert.match(of('state')!.todo!, /^chmod 700 /)
})

test('a disk with less than what is kept free fails', async (t) => {
  const { settings } = await machine(t, { config: { download: { keepFree: '900000TB' } } })
  assert.equal((await examine(settings)).of('disk')?.grade, 'failure')
})

test('without a Python nothing can be solved, and the rest is looked at all the same', async (t) => {
  const { settings } = await machine(t, { env: { AIRLOCK_PYTHON: '/absent/python3' } })
  const { of } = await examine(settings)
  assert.equal(of('python')?.grade, 'failure')
  assert.match(of('python')!.todo!, /AIRLOCK_PYTHON/)
  assert.ok(of('apt') && of('uv') && of('console'))
})

test('something else at the console’s address is a warning where no server runs', async (t) => {
  const other = await startUpstream()
  t.after(() => other.close())
  const { settings } = await machine(t, { env: { AIRLOCK_CONSOLE_LISTEN: `127.0.0.1:${other.port}` } })
  const { of } = await examine(settings)
  assert.equal(of('console')?.grade, 'warning')
  assert.match(of('console')!.found, /something else answers at .* \(404\)/)
})

test('something else at the gateway’s port is a warning that names the setting, where no server runs', async (t) => {
  const other = await startUpstream()
  t.after(() => other.close())
  const { settings } = await machine(t, { config: { gateway: { port: other.port } } })
  const { of } = await examine(settings)
  assert.deepEqual(of('gateway'), {
    name: 'gateway',
    grade: 'warning',
    found: `something else listens at 127.0.0.1:${other.port}`,
    todo: 'End it, or set gateway.port in airlock.yaml.',
  })
})

test('the table says what was found and below it what to do, in Chinese where that is read', async (t) => {
  const { settings } = await machine(t, { upstream: status(403) })
  const { status: code, output } = await command({ ...settings, LANG: 'zh_CN.UTF-8' })
  assert.equal(code, 1)
  assert.match(output, /\n故障 {2}upstream default {2}.* 返回 403\n {24}请提供凭据/)
  const english = toTable(await look(settings, settings['HOME']!), 'en')
  assert.match(english, /^ok {7}settings {10}\S+airlock\.yaml\n/)
  assert.match(english, /\nFAILURE {2}upstream default {2}.* answers 403\n {27}Give it credentials/)
})

test('a machine without a sandbox is warned of, and asked for none where builds are off', async (t) => {
  const folder = await temporaryFolder(t)
  const [state, root] = [join(folder, 'state'), join(folder, 'root')]
  const { builds } = readConfigFile(null)
  const { signal } = new AbortController()
  const without: StartChild = (command, args, options) =>
    startChild(
      command,
      args.map((arg) => (arg === 'bwrap' ? '/nowhere/bwrap' : arg)),
      options,
    )
  const lacking = await checkSandbox({ builds, state, root }, signal, without)
  assert.equal(lacking.grade, 'warning')
  assert.match(lacking.found.en, /^bubblewrap is not installed/)
  assert.match(lacking.todo!.zh, /只有源码/)
  const off = await checkSandbox({ builds: { ...builds, pip: 'off' }, state, root }, signal, without)
  assert.deepEqual([off.grade, off.todo], ['ok', null])
})

test('where the system’s folder for passing things cannot be written, the sandbox is tried in the state’s, and nothing is left', async (t) => {
  const folder = await temporaryFolder(t)
  const [state, root] = [join(folder, 'state'), join(folder, 'root')]
  const { builds } = readConfigFile(null)
  const { signal } = new AbortController()
  const usual = process.env['TMPDIR']
  t.after(() => {
    if (usual === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = usual
  })
  process.env['TMPDIR'] = join(folder, 'absent')
  const nowhere = await checkSandbox({ builds, state, root }, signal)
  assert.deepEqual([nowhere.grade, nowhere.found.en], ['warning', 'not tried: there is no folder to try it in'])
  await mkdir(state)
  const tried = await checkSandbox({ builds, state, root }, signal)
  assert.doesNotMatch(tried.found.en, /not tried/)
  assert.deepEqual(await readdir(state), [])
})
