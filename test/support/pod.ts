/**
 * A clean Debian as a pod has it, to install into: `const pod = await startPod(t, { suite: 'trixie', airlock })`, then
 * `await pod.run('apt-get update')`. Made once a suite by debootstrap below `.tools/`; each test gets a copy that goes
 * with it. Needs root, for chroot and mounts.
 */
import { execFile } from 'node:child_process'
import { copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from './folders.ts'

const execute = promisify(execFile)
const roots = fileURLToPath(new URL('../../.tools/roots/', import.meta.url))
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' }

/** Where this machine's own apt fetches from: the main archive first. */
export async function ownArchives(): Promise<string[]> {
  const { stdout } = await execute('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {
    env,
  })
  return [...new Set(stdout.trim().split('\n'))]
}

/** The folder of a suite's clean root. */
export async function cleanRoot(suite: string): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error('clean roots need root: run the live tests as root')
  const folder = join(roots, suite)
  if (await stat(folder).catch(() => null)) return folder
  const [archive] = await ownArchives()
  const next = `${folder}.next`
  await rm(next, { recursive: true, force: true })
  await mkdir(roots, { recursive: true })
  const line = ['--variant=minbase', '--include=ca-certificates', suite, next, archive!]
  await execute('debootstrap', line, { env, maxBuffer: 1 << 26 })
  await rename(next, folder)
  return folder
}

export type PodOptions = {
  readonly suite: string
  /** AIRLOCK_ROOT, which the pod has at /srv/airlock. */
  readonly tree: string
  /** The only source: a URI and a target's name. */
  readonly uri: string
  readonly target: string
}

/** A copy of a suite's clean root, with the tree at a place of it, read-only. */
export async function openRoot(t: TestContext, suite: string, tree: string, at: string) {
  const clean = await cleanRoot(suite)
  const mounted: string[] = []
  // before the folder goes: hooks run in the order of their registration
  t.after(async () => {
    for (const place of mounted) await unmount(place)
  })
  const folder = await temporaryFolder(t)
  const root = join(folder, 'root')
  for (const name of ['root', 'upper', 'work']) await mkdir(join(folder, name))
  const layers = `lowerdir=${clean},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`
  const mount = async (place: string, ...args: readonly string[]) => {
    await execute('mount', [...args, place], { env })
    mounted.unshift(place)
  }
  await mount(root, '-t', 'overlay', 'overlay', '-o', layers)
  await mkdir(join(root, at), { recursive: true })
  await mount(join(root, at), '--bind', '-o', 'ro', tree)

  return {
    root,
    /** By the pod's shell; throws with everything that was said. */
    async run(command: string): Promise<string> {
      const said = await execute('chroot', [root, 'sh', '-ec', `exec 2>&1; ${command}`], {
        env,
        maxBuffer: 1 << 26,
      }).catch((error: Error & { stdout?: string }) => {
        throw new Error(`${command}\n${error.stdout ?? error.message}`, { cause: error })
      })
      return said.stdout
    },
  }
}

/** What ran in it may need a moment to end: busybox's `timeout` looks once a second whether its command is gone. */
async function unmount(place: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const failed = await execute('umount', [place], { env }).then(
      () => null,
      (error: Error) => error,
    )
    if (failed === null) return
    if (tries === 20) throw failed
    await sleep(250)
  }
}

export async function startPod(t: TestContext, { suite, tree, uri, target }: PodOptions) {
  const pod = await openRoot(t, suite, tree, 'srv/airlock')
  const { root } = pod
  await rm(join(root, 'etc/apt/sources.list'), { force: true })
  await mkdir(join(root, 'etc/apt/keyrings'), { recursive: true })
  await copyFile(join(tree, 'homepod/airlock.asc'), join(root, 'etc/apt/keyrings/airlock.asc'))
  const source = `Types: deb\nURIs: ${uri}\nSuites: ${target}/\nSigned-By: /etc/apt/keyrings/airlock.asc\n`
  await writeFile(join(root, 'etc/apt/sources.list.d/airlock.sources'), source)
  const settings = {
    'Acquire::Check-Valid-Until': 'true',
    'Acquire::Check-Date': 'true',
    'Acquire::http::AllowRedirect': 'false',
    'Acquire::Retries': '0',
    // no pseudo-terminal in a chroot without /dev/pts
    'Dpkg::Use-Pty': '0',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`)
  await writeFile(join(root, 'etc/apt/apt.conf.d/90airlock'), lines.join(''))
  return pod
}
