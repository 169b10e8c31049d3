/**
 * Hostile code in a sandbox:
 *
 *   const { log } = await attack(t, 'os.mkdir("/usr/x"); escaped("a folder in /usr")')
 *   await attack(t, code, { opened: openings.network })     the same with a hole, as a control
 *
 * Code is Python; what it is refused it says by name (`refused PermissionError EPERM`), what it achieves by `escaped(…)`.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { startChild, type StartChild } from '../../server/child.ts'
import type { SandboxEnd, SandboxLimits, SandboxRun } from '../../server/sandbox/run.ts'
import { createSandbox } from '../../server/sandbox/sandbox.ts'
import { hostPython, uv } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'

export const limits: SandboxLimits = {
  cpuSeconds: 20,
  wallSeconds: 30,
  memoryBytes: 512 << 20,
  processes: 48,
  diskBytes: 32 << 20,
  files: 2000,
  logBytes: 1 << 20,
  outputBytes: 4 << 20,
}

const never = new AbortController().signal
const work = await mkdtemp(join(tmpdir(), 'airlock-sandbox-'))
after(() => rm(work, { recursive: true, force: true }))

/** The interpreter where it lies; outside of /usr it is an input like any other. */
const python = execFileSync(hostPython().path, ['-c', 'import sys; print(sys.base_prefix); print(sys.executable)'], {
  encoding: 'utf8',
}).split('\n')
const [prefix = '', executable = ''] = python
export const interpreter = {
  path: executable,
  inputs: prefix === '/usr' || prefix.startsWith('/usr/') ? [] : [{ from: prefix, to: prefix }],
}

/** What all code begins with. */
const prelude = `
import ctypes, errno, os, signal, socket, struct, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
arm = os.uname().machine == 'aarch64'
def call(x64, arm64, *args):
    number = arm64 if arm else x64
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def escaped(what): print('ESCAPED', what, flush=True)
def attempt(what, act):
    try: act()
    except Exception as error:
        name = errno.errorcode.get(getattr(error, 'errno', None), '')
        print('refused', what, type(error).__name__, name, flush=True)
    else: escaped(what)
`

export type Opening = (args: readonly string[]) => readonly string[]

const without = (args: readonly string[], option: string, values: number) => {
  const at = args.indexOf(option)
  return at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 1 + values)]
}

/** Holes, one each. They are for attacks that harm nobody. */
export const openings = {
  network: (args: readonly string[]) => args.toSpliced(args.indexOf('--unshare-all') + 1, 0, '--share-net'),
  filter: (args: readonly string[]) => without(args, '--seccomp', 1),
  processes: (args: readonly string[]) =>
    args.flatMap((arg) => (arg === '--unshare-all' ? ['--unshare-net', '--unshare-ipc', '--unshare-uts'] : [arg])),
  /** A folder of this machine, as it is. */
  folder: (folder: string) => (args: readonly string[]) =>
    args.toSpliced(args.indexOf('--chdir'), 0, '--bind', folder, folder),
  /** bwrap's own root and /dev can be written. */
  root: (args: readonly string[]) =>
    args.filter((arg, at) => arg !== '--remount-ro' && args[at - 1] !== '--remount-ro'),
} satisfies Record<string, Opening | ((folder: string) => Opening)>

export type Attack = Partial<Omit<SandboxRun, 'limits'>> & {
  readonly limits?: Partial<SandboxLimits>
  readonly opened?: Opening
  readonly start?: StartChild
  /** Without the tests' interpreter. */
  readonly alone?: boolean
}

/** Runs Python code, or a command where one is given. */
export async function attack(
  t: TestContext,
  code: string,
  { limits: own, opened, start, alone = false, ...run }: Attack = {},
) {
  const into = await temporaryFolder(t)
  const sandbox = await sandboxWith(opened, start)
  const end: SandboxEnd = await sandbox.run(
    {
      command: [interpreter.path, '-I', '-c', prelude + code],
      outputFolder: '/build/out',
      env: { PATH: '/usr/bin:/bin', HOME: '/build' },
      cwd: '/build',
      signal: never,
      ...run,
      inputs: [...(alone ? [] : interpreter.inputs), ...(run.inputs ?? [])],
      limits: { ...limits, ...own },
    },
    into,
  )
  return { ...end, into }
}

const made = new Map<Opening | undefined, ReturnType<typeof createSandbox>>()

/** Throws where this machine has no sandbox: these tests want one (`scripts/setup-test`). */
async function sandboxWith(opened?: Opening, start: StartChild = startChild) {
  const starting: StartChild =
    opened === undefined ? start : (command, args, options) => start(command, opened(args), options)
  const making =
    start === startChild
      ? (made.get(opened) ?? createSandbox({ startChild: starting, hidden: [], work, signal: never }))
      : createSandbox({ startChild: starting, hidden: [], work, signal: never })
  if (start === startChild) made.set(opened, making)
  const sandbox = await making
  if (opened === undefined && !sandbox.available.ok) throw new Error(sandbox.available.reason)
  return sandbox
}

/** How somebody builds a wheel from a source distribution, as an input and a command. */
export function building(sdist: string, name: string): Pick<SandboxRun, 'command' | 'inputs'> {
  const options = [
    '--wheel',
    '--offline',
    '--no-index',
    '--no-config',
    '--no-python-downloads',
    '--no-cache',
    '--no-progress',
  ]
  return {
    command: [
      '/tools/uv',
      'build',
      ...options,
      '--python',
      interpreter.path,
      '--out-dir',
      '/build/out',
      `/build/src/${name}`,
    ],
    inputs: [
      { from: sdist, to: `/build/src/${name}` },
      { from: uv, to: '/tools/uv' },
    ],
  }
}
