/** setup.sh by every shell, in clean bookworm and trixie, and before every pip: what `test/homepod` shows of one of each. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { killAt } from '../homepod/killing.ts'
import { clientsOnly, makePod, photograph } from '../homepod/pod.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive, type Archive } from '../support/archive.ts'
import { findPython, releasesIn, run } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { openRoot } from '../support/pod.ts'
import { makeWheel } from '../support/wheels.ts'

const minutes = 60_000
let index: TestIndex
let archive: Archive
let airlock: Airlock

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'any-app', version: '1.0', requires: ['any-lib>=1'] }))
  index.add(makeWheel({ name: 'any-lib', version: '1.0' }))
  archive = await startArchive()
  await archive.add({ name: 'any-tool', depends: 'libany1' }, { name: 'libany1' })
  const apt = { sources: archive.sources, architectures: ['amd64'], status: 'none' }
  airlock = await startAirlock({
    index: index.url,
    config: { targets: { default: { apt, pip: { python: '3.11.2', platform: 'x86_64-manylinux_2_36' } } } },
    env: { AIRLOCK_CONSOLE_URL: 'http://airlock.example:8081' },
  })
  // apt's own user reads the tree too
  await chmod(airlock.folder, 0o755)
  const [tool] = await airlock.askFor({ ecosystem: 'apt', requirements: ['any-tool'] })
  await airlock.ready(tool!.id)
  await airlock.ready((await airlock.ask('any-app')).id)
})

after(async () => {
  await airlock?.close()
  await archive?.close()
  await index?.close()
})

const script = '/opt/public/airlock/homepod/setup.sh'
/** What apt and dpkg change themselves is not set-up's. */
const theirs = /^(?:apt|dpkg)(?:\/|$)/

for (const suite of ['bookworm', 'trixie'])
  for (const shell of ['dash', 'bash', 'busybox sh'])
    for (const how of ['from the folder', 'over HTTP'] as const)
      test(
        `${suite}, ${shell}, ${how}: set up, installed, told what is missing, undone`,
        { timeout: 3 * minutes },
        async (t) => {
          const { root, run: inside } = await openRoot(t, suite, airlock.root, 'opt/public/airlock')
          if (shell.startsWith('busybox')) {
            // all of its commands before Debian's own
            await mkdir(join(root, 'busybox'))
            await copyFile('/usr/bin/busybox', join(root, 'busybox/busybox'))
            await inside('/busybox/busybox --install -s /busybox')
          }
          const begin = shell.startsWith('busybox') ? 'PATH=/busybox:$PATH; ' : ''
          const setup = (args: string) => inside(`${begin}${shell} ${script} ${args}`)
          const look = async () => [
            await photograph(join(root, 'etc')),
            await photograph(join(root, 'root')),
            await photograph(join(root, 'usr/local')),
            Object.fromEntries(
              Object.entries(await photograph(join(root, 'var/lib'))).filter(([path]) => !theirs.test(path)),
            ),
          ]
          const before = await look()

          const said = await setup(how === 'over HTTP' ? airlock.mirrorUrl : '')
          assert.match(said, /aside +\/etc\/apt\/sources\.list/)
          assert.doesNotMatch(said, /^[WE]: /m)
          assert.match(await setup('--check'), /apt reads [^]*Everything works/)
          const missing = await inside('apt-get install -y no-such-tool || true')
          assert.match(missing, /Not in this Airlock[^\n]*: no-such-tool\n.*http:\/\/airlock\.example:8081/)
          assert.match(missing, /E: Unable to locate package no-such-tool/)
          assert.match(await inside('apt-get install -y -o Dpkg::Use-Pty=0 any-tool'), /Setting up any-tool/)
          assert.match(await setup('--describe'), /^airlock-pod 1\n[^]*\n Package: any-tool\n[^]*\n== end\n$/)
          await setup('--undo')
          await inside('dpkg --purge any-tool libany1')
          const again = await look()
          // dpkg renames its own files in between
          assert.deepEqual(again.slice(0, 3), before.slice(0, 3))
          assert.deepEqual(again[3], before[3])
        },
      )

/** A Python that still runs it, and pip's version; null: the newest that this Python takes. */
const pips = [
  ['3.6', '20.3'],
  ['3.8', '20.3.4'],
  ['3.9', '22.3'],
  ['3.11', '23.0'],
  ['3.12', '23.3'],
  ['3.13', null],
] as const

for (const [minor, version] of pips)
  test(`pip ${version ?? 'as new as can be'} on Python ${minor}`, { timeout: 3 * minutes }, async (t) => {
    const python = findPython(minor)
    if (python === null) return t.skip(`this machine has no Python ${minor} with pip`)
    const pod = await makePod(t)
    const venv = join(pod.home, 'venv')
    const outside = { stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'], timeout: minutes }
    execFileSync(python.path, ['-m', 'venv', venv], outside)
    const bin = join(venv, 'bin')
    execFileSync(
      join(bin, 'python'),
      ['-m', 'pip', 'install', '--upgrade', version === null ? 'pip' : `pip==${version}`],
      outside,
    )
    // an old pip fails on a file: address where no_proxy is set
    const env = clientsOnly({ VIRTUAL_ENV: venv, no_proxy: '', NO_PROXY: '', http_proxy: '', HTTP_PROXY: '' })
    env['PATH'] = `${bin}:${env['PATH']}`
    for (const where of [airlock.mirrorUrl, airlock.root]) {
      await pod.setUp(airlock.root, ['--user', where], { env })
      const { stderr } = await pod.setup(airlock.root, ['--user', '--check'], { env })
      assert.match(
        stderr,
        new RegExp(`^ {2}ok {6}pip ${version?.replaceAll('.', '\\.') ?? '\\d\\S*'} \\(${bin}/`, 'm'),
        stderr,
      )
      const target = join(pod.root, where === airlock.root ? 'by-file' : 'by-url')
      const own = { HOME: pod.home, PIP_CONFIG_FILE: '', no_proxy: '', NO_PROXY: '', http_proxy: '', HTTP_PROXY: '' }
      const install = ['-m', 'pip', 'install', '--no-cache-dir', '--target', target, 'any-app']
      const ran = await run(join(bin, 'python'), install, own)
      assert.equal(ran.status, 0, ran.output)
      assert.deepEqual(await releasesIn(target), { 'any-app': '1.0', 'any-lib': '1.0' })
    }
  })

test('pdm itself takes what set-up writes for it', { timeout: 5 * minutes }, async (t) => {
  const python = findPython('3.11') ?? findPython('3.12')
  if (python === null) return t.skip('this machine has no Python 3.11 or 3.12 with pip')
  const pod = await makePod(t)
  const venv = join(pod.root, 'venv')
  execFileSync(python.path, ['-m', 'venv', venv], { timeout: minutes })
  execFileSync(join(venv, 'bin/python'), ['-m', 'pip', 'install', '-q', 'pdm'], { timeout: 3 * minutes })
  const env = clientsOnly({ PATH: `${join(venv, 'bin')}:${dirname(python.path)}:/usr/bin:/bin` })
  await pod.setUp(airlock.root, ['--user', airlock.mirrorUrl], { env })
  const asked = await run(join(venv, 'bin/pdm'), ['config', 'pypi.url'], { HOME: pod.home, PDM_CHECK_UPDATE: 'false' })
  assert.match(asked.output, new RegExp(`${airlock.indexUrl}\n`))
  await pod.setUp(airlock.root, ['--user', '--undo'], { env })
  assert.equal(await pod.exists('root/.config'), false)
})

for (const first of [1, 2, 3])
  test(
    `killed at every third step from the ${first}. on, it is undone byte for byte`,
    { timeout: 5 * minutes },
    async (t) => {
      assert.ok((await killAt(t, first, 3)) >= 7)
    },
  )
