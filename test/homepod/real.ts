/** Real pods beside a real Airlock: clean Debians that are set up, installed into and undone, and pips old and new. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive } from '../support/archive.ts'
import { findPython, releasesIn, run } from '../support/clients.ts'
import { startIndex } from '../support/index.ts'
import { openRoot } from '../support/pod.ts'
import { makeWheel } from '../support/wheels.ts'
import { clientsOnly, makePod, photograph } from './pod.ts'

const minute = 60_000

/** An Airlock with `any-app` for pip and `any-tool` for apt, of upstreams that the test made. */
export async function startFilled() {
  const index = await startIndex()
  index.add(makeWheel({ name: 'any-app', version: '1.0', requires: ['any-lib>=1'] }))
  index.add(makeWheel({ name: 'any-lib', version: '1.0' }))
  const archive = await startArchive()
  await archive.add({ name: 'any-tool', depends: 'libany1' }, { name: 'libany1' })
  const apt = { sources: archive.sources, architectures: ['amd64'], status: 'none' }
  const airlock = await startAirlock({
    index: index.url,
    config: { targets: { default: { apt, pip: { python: '3.11.2', platform: 'x86_64-manylinux_2_36' } } } },
    env: { AIRLOCK_CONSOLE_URL: 'http://airlock.example:8081' },
  })
  // apt's own user reads the tree too
  await chmod(airlock.folder, 0o755)
  const [tool] = await airlock.askFor({ ecosystem: 'apt', requirements: ['any-tool'] })
  await airlock.ready(tool!.id)
  await airlock.ready((await airlock.ask('any-app')).id)
  return {
    airlock,
    async close(): Promise<void> {
      await airlock.close()
      await archive.close()
      await index.close()
    },
  }
}

const script = '/opt/public/airlock/homepod/setup.sh'
/** What apt and dpkg change themselves is not set-up's. */
const theirs = /^(?:apt|dpkg)(?:\/|$)/

export type Round = {
  readonly suite: string
  readonly shell: string
  readonly how: 'from the folder' | 'over HTTP'
}

/** A clean root: set up, checked, installed into, told what is missing, described, and undone byte for byte. Needs root. */
export async function wholeRound(t: TestContext, airlock: Airlock, { suite, shell, how }: Round): Promise<void> {
  const { root, run: inside } = await openRoot(t, suite, airlock.root, 'opt/public/airlock')
  const busybox = shell.startsWith('busybox')
  if (busybox) {
    // all of its commands before Debian's own
    await mkdir(join(root, 'busybox'))
    await copyFile('/usr/bin/busybox', join(root, 'busybox/busybox'))
    await inside('/busybox/busybox --install -s /busybox')
  }
  const setup = (args: string) => inside(`${busybox ? 'PATH=/busybox:$PATH; ' : ''}${shell} ${script} ${args}`)
  const look = async () => {
    const state = Object.entries(await photograph(join(root, 'var/lib')))
    return [
      ...(await Promise.all(['etc', 'root', 'usr/local'].map((folder) => photograph(join(root, folder))))),
      Object.fromEntries(state.filter(([path]) => !theirs.test(path))),
    ]
  }
  const before = await look()

  const said = await setup(how === 'over HTTP' ? airlock.mirrorUrl : '')
  assert.match(said, /aside +\/etc\/apt\/sources\.list/)
  assert.doesNotMatch(said, /^[WE]: /m)
  assert.match(await setup('--check'), /no pip and no uv here yet[^]*apt reads [^]*Everything works/)
  const missing = await inside('apt-get install -y no-such-tool || true')
  assert.match(missing, /Not in this Airlock[^\n]*: no-such-tool\n.*http:\/\/airlock\.example:8081/)
  assert.match(missing, /E: Unable to locate package no-such-tool/)
  assert.match(await inside('apt-get install -y -o Dpkg::Use-Pty=0 any-tool'), /Setting up any-tool/)
  assert.match(await setup('--describe'), /^airlock-pod 1\n[^]*\n Package: any-tool\n[^]*\n== end\n$/)
  await setup('--undo')
  await inside('dpkg --purge any-tool libany1')
  assert.deepEqual(await look(), before)
}

/** Set up for one user, by URL and by folder. `pip`: its version; null: the newest that this Python takes. False: no such Python here. */
export async function withPip(t: TestContext, airlock: Airlock, minor: string, pip: string | null): Promise<boolean> {
  const python = findPython(minor)
  if (python === null) return false
  const pod = await makePod(t)
  const venv = join(pod.home, 'venv')
  const bin = join(venv, 'bin')
  const wanted = pip === null ? ['--upgrade', 'pip'] : [`pip==${pip}`]
  execFileSync(python.path, ['-m', 'venv', venv], { timeout: minute })
  execFileSync(join(bin, 'python'), ['-m', 'pip', 'install', '-q', ...wanted], { timeout: minute, stdio: 'pipe' })
  // an old pip fails on a file: address where no_proxy is set
  const direct = { no_proxy: '', NO_PROXY: '', http_proxy: '', HTTP_PROXY: '' }
  const usual = clientsOnly({ VIRTUAL_ENV: venv, ...direct })
  const env = { ...usual, PATH: `${bin}:${usual['PATH']}` }
  const version = pip?.replaceAll('.', String.raw`\.`) ?? String.raw`\d\S*`
  for (const where of [airlock.mirrorUrl, airlock.root]) {
    await pod.setUp(airlock.root, ['--user', where], { env })
    const { stderr } = await pod.setup(airlock.root, ['--user', '--check'], { env })
    assert.match(stderr, new RegExp(`^ {2}ok {6}pip ${version} \\(${bin}/`, 'm'), stderr)
    const target = join(pod.root, where === airlock.root ? 'by-file' : 'by-url')
    const install = ['-m', 'pip', 'install', '--no-cache-dir', '--target', target, 'any-app']
    const ran = await run(join(bin, 'python'), install, { HOME: pod.home, PIP_CONFIG_FILE: '', ...direct })
    assert.equal(ran.status, 0, ran.output)
    assert.deepEqual(await releasesIn(target), { 'any-app': '1.0', 'any-lib': '1.0' })
  }
  return true
}
