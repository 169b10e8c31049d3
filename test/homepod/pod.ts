/**
 * A pod that is a folder, to be set up: `const pod = await makePod(t, { 'etc/pip.conf': '…' })`, then
 * `await pod.setUp(tree)`. Nothing of this machine's own settings is read or written: AIRLOCK_SETUP_ROOT stands for `/`,
 * and HOME lies in it.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { homepodFiles } from '../../server/homepod.ts'
import type { Target } from '../../server/ecosystem.ts'
import { makeArchiveKey } from '../support/archive.ts'
import { hostPython, uv } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'

export const homepodFolder = fileURLToPath(new URL('../../client/homepod', import.meta.url))

export type Said = { readonly status: number; readonly stdout: string; readonly stderr: string }

/** `pip default simple`, `apt trixie`: an ecosystem, a target, its index. */
export type TreeOptions = { readonly targets?: readonly string[]; readonly consoleUrl?: string | null }

const usual = ['pip default simple', 'apt default default']
let key: Promise<string> | null = null

/** The tree of an Airlock that nothing was asked of: its folder, absolute. */
export async function makeTree(
  t: TestContext,
  { targets = usual, consoleUrl = 'http://airlock.example:8081' }: TreeOptions = {},
): Promise<string> {
  const tree = join(await temporaryFolder(t), 'airlock')
  const ecosystems = (['pip', 'apt'] as const).map((name) => ({
    name,
    targets: new Map(
      targets
        .map((line) => line.split(' '))
        .filter(([ecosystem]) => ecosystem === name)
        .map(([, target, index]) => [target!, describe(name, target!, index!)]),
    ),
  }))
  key ??= makeArchiveKey().then((made) => made.toPublic().armor())
  const steps = homepodFiles({ folder: homepodFolder, ecosystems, consoleUrl, key: await key })
  for (const file of steps.flat()) {
    if (!('bytes' in file)) throw new Error(`${file.path} is not ours`)
    await mkdir(dirname(join(tree, file.path)), { recursive: true })
    await writeFile(join(tree, file.path), file.bytes)
  }
  // a pod's own users must be able to enter it
  await chmod(dirname(tree), 0o755)
  return tree
}

function describe(ecosystem: string, name: string, index: string): Target {
  return { name, lane: `${ecosystem}/${index}`, summary: `a kind of ${ecosystem}`, source: 'a test', facts: {} }
}

export type Run = {
  readonly env?: Readonly<Record<string, string>>
  readonly shell?: readonly string[]
  readonly cwd?: string
}

export type Pod = Awaited<ReturnType<typeof makePod>>

/** `files`: path below the pod's root → content; a path that ends in a slash is a folder. */
export async function makePod(t: TestContext, files: Readonly<Record<string, string>> = {}) {
  const root = join(await temporaryFolder(t), 'pod')
  const home = join(root, 'root')
  for (const folder of ['root', 'etc/apt/sources.list.d', 'etc/apt/apt.conf.d', 'var/lib'])
    await mkdir(join(root, folder), { recursive: true })
  for (const [path, content] of Object.entries(files)) {
    await mkdir(path.endsWith('/') ? join(root, path) : dirname(join(root, path)), { recursive: true })
    if (!path.endsWith('/')) await writeFile(join(root, path), content)
  }
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: home,
    LC_ALL: 'C.UTF-8',
    AIRLOCK_SETUP_ROOT: root,
    PYENV_ROOT: '/nonexistent',
  }

  function run(script: string, args: readonly string[], { env: more = {}, shell = ['dash'], cwd }: Run = {}) {
    const [command, ...before] = shell as [string, ...string[]]
    return new Promise<Said>((resolve, reject) => {
      const options = { env: { ...env, ...more }, cwd: cwd ?? home, timeout: 120_000, maxBuffer: 1 << 26 }
      const child = execFile(command, [...before, script, ...args], options, (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') reject(new Error(`${error.message}\n${stderr}`, { cause: error }))
        else resolve({ status: child.exitCode ?? 1, stdout, stderr })
      })
    })
  }

  const pod = {
    root,
    home,
    run,
    /** The tree's own script, with these arguments. */
    setup: (tree: string, args: readonly string[] = [], how: Run = {}) =>
      run(join(tree, 'homepod/setup.sh'), args, how),
    /** The same; throws unless it ends well. */
    async setUp(tree: string, args: readonly string[] = [], how: Run = {}): Promise<Said> {
      const said = await pod.setup(tree, args, how)
      if (said.status !== 0) throw new Error(`setup.sh ended with ${said.status}:\n${said.stdout}${said.stderr}`)
      return said
    },
    read: (path: string) => readFile(join(root, path), 'utf8'),
    write: (path: string, content: string) => writeFile(join(root, path), content),
    exists: (path: string) =>
      lstat(join(root, path)).then(
        () => true,
        () => false,
      ),
    /** Everything below the root: mode, time and content of files, target of links, mode of folders. */
    photograph: () => photograph(root),
  }
  return pod
}

/** What a user's shell has: the clients on PATH, proxies that refuse everything but loopback, no other root. */
export function clientsOnly(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const bins = [dirname(hostPython().path), dirname(uv), '/usr/sbin:/usr/bin:/sbin:/bin']
  const proxies = Object.entries(process.env).filter(([name]) => /^(?:https?|all|no)_proxy$/i.test(name))
  const all = Object.fromEntries(proxies) as Record<string, string>
  return { ...all, PATH: bins.join(':'), AIRLOCK_SETUP_ROOT: '', ...more }
}

export async function photograph(folder: string): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode, mtimeMs, uid, gid } = await lstat(path)
    const rights = `${(mode & 0o7777).toString(8)} ${uid}:${gid}`
    const name = path.slice(folder.length + 1)
    if (entry.isSymbolicLink()) all[name] = `link ${await readlink(path)}`
    else if (entry.isDirectory()) all[name] = `folder ${rights}`
    else
      all[name] = `file ${rights} ${mtimeMs} ${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
        .slice(0, 16)}`
  }
  return all
}
