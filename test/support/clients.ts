/** Real pip and real uv, as somebody in a pod starts them, with nothing of this machine's own configuration. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Ran = { readonly status: number; readonly output: string }

const project = fileURLToPath(new URL('../..', import.meta.url))
export const uv = join(project, '.tools/uv/bin/uv')

type Python = {
  /** Of the interpreter itself, behind any shim. */
  readonly path: string
  readonly version: string
  readonly pip: string
}

let found: Python | null = null

/** The first python3 on PATH. */
export function hostPython(): Python {
  return (found ??= describePython('python3'))
}

/** Throws when it does not start or has no pip. */
export function describePython(command: string): Python {
  const code =
    'import sys, platform, pip; print(sys.executable); print(platform.python_version()); print(pip.__version__)'
  const [path = '', version = '', pip = ''] = execFileSync(command, ['-c', code], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).split('\n')
  return { path, version, pip }
}

/** A Python of a minor version (`3.8`) that has pip: on PATH, or one that pyenv made; null: this machine has none. */
export function findPython(minor: string): Python | null {
  const versions = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions')
  const there = (existsSync(versions) ? readdirSync(versions) : []).filter((name) => name.startsWith(`${minor}.`))
  for (const command of [...there.map((name) => join(versions, name, 'bin/python3')), `python${minor}`]) {
    try {
      const python = describePython(command)
      if (python.version.startsWith(`${minor}.`)) return python
    } catch {
      // it is not there, does not start or has no pip
    }
  }
  return null
}

export type Client = {
  /** pip's interpreter; absent: the host's. */
  readonly python?: string
  /** Beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>
}

export type Installed = Ran & {
  /** Normalised name -> version, of what lies there now. */
  readonly releases: Readonly<Record<string, string>>
}

/** `pip install` with these arguments, into a folder that is then looked through and removed. */
export function pipInstall(args: readonly string[], { python = hostPython().path, env = {} }: Client = {}) {
  const pip = ['-m', 'pip', '--isolated', 'install', '--no-input', '--no-cache-dir', '--disable-pip-version-check']
  return intoFolder((folder) => run(python, [...pip, '--no-compile', '--target', folder, ...args], env))
}

/** `uv pip install`, the same way. */
export function uvInstall(args: readonly string[], { python = hostPython().path, env = {} }: Client = {}) {
  const line = ['pip', 'install', '--no-config', '--no-cache', '--python', python]
  return intoFolder((folder) => run(uv, [...line, '--target', folder, ...args], env))
}

async function intoFolder(install: (folder: string) => Promise<Ran>): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-pod-'))
  try {
    const ran = await install(folder)
    return { ...ran, releases: await releasesIn(folder) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What the .dist-info folders say. */
export async function releasesIn(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).flatMap((name) => /^(.+)-([^-]+)\.dist-info$/.exec(name)?.slice(1) ?? [])
  const pairs = Array.from({ length: names.length / 2 }, (_, at) => [names[at * 2]!, names[at * 2 + 1]!] as const)
  return Object.fromEntries(pairs.map(([name, version]) => [name.replaceAll(/[-_.]+/g, '-').toLowerCase(), version]))
}

/** Its whole environment is `env`, PATH, a language, and the proxies that the guard gave. */
export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const proxies = Object.entries(process.env).filter(([name]) => /^(?:https?|all|no)_proxy$/i.test(name))
  const whole = {
    ...Object.fromEntries(proxies),
    PATH: process.env['PATH'],
    HOME: tmpdir(),
    LANG: 'C.UTF-8',
    PIP_CONFIG_FILE: '/dev/null',
    ...env,
  }
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { env: whole, timeout: 300_000, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') reject(error)
        else resolve({ status: child.exitCode ?? 1, output: stdout + stderr })
      },
    )
  })
}
