/** The checks that stay on this machine: folders, lock, disk, uv, Python, apt. Invariant: they write nothing. */
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { networkFilesystemOf } from '../../storage/database.ts'
import { statePaths } from '../../storage/layout.ts'
import { isHeld } from '../../storage/lock.ts'
import type { AptHost } from '../apt/host.ts'
import { aptTargets, type AptTarget } from '../apt/target.ts'
import type { RunChild } from '../child.ts'
import { besideConfig, nearestFolder as nearest, type Config } from '../config.ts'
import { readableSize, type Language } from '../errors.ts'
import type { Interpreter } from '../pip/interpreter.ts'
import { sourceWords } from '../source-words.ts'
import { failed, failure, ok, same, warning, type Check } from './check.ts'

export function checkSettings({ file, remarks }: Config): Check {
  const found =
    file === null ? { en: 'no airlock.yaml, defaults are in force', zh: '没有 airlock.yaml，使用默认值' } : same(file)
  if (remarks.length === 0) return ok('settings', found)
  const folders = (language: Language) => remarks.map((remark) => remark[language]).join('; ')
  return warning(
    'settings',
    { en: `${found.en}; ${folders('en')}`, zh: `${found.zh}；${folders('zh')}` },
    {
      en: 'Make the usual folders writable, or set AIRLOCK_ROOT and AIRLOCK_STATE.',
      zh: '请使默认目录可写，或设置 AIRLOCK_ROOT 与 AIRLOCK_STATE。',
    },
  )
}

export function checkState({ state }: Config): Check {
  const writable = checkFolder('state', 'AIRLOCK_STATE', state)
  if (writable.grade !== 'ok') return writable
  const network = networkFilesystemOf(nearest(state))
  if (network !== null)
    return failure(
      'state',
      {
        en: `${state} lies on ${network}, where locks and fsync cannot be trusted`,
        zh: `${state} 位于 ${network} 上，锁与 fsync 均不可靠`,
      },
      { en: 'Set AIRLOCK_STATE to a folder on a local disk.', zh: '请把 AIRLOCK_STATE 设为本地磁盘上的目录。' },
    )
  if (existsSync(state) && (statSync(state).mode & 0o077) !== 0)
    return warning(
      'state',
      {
        en: `${state} can be entered by other users, and keys and credentials may lie in it`,
        zh: `其他用户可以进入 ${state}，其中可能有密钥与凭据`,
      },
      { en: `chmod 700 ${state}`, zh: `chmod 700 ${state}` },
    )
  return writable
}

export function checkTree({ root }: Config): Check {
  return checkFolder('tree', 'AIRLOCK_ROOT', root)
}

function checkFolder(name: string, setting: string, folder: string): Check {
  try {
    const there = nearest(folder)
    accessSync(there, constants.W_OK | constants.X_OK)
    if (statSync(there).isDirectory())
      return ok(name, there === folder ? same(folder) : { en: `${folder}, to be made`, zh: `${folder}，将会创建` })
  } catch (error) {
    if (!isSystemError(error)) throw error
  }
  return failure(
    name,
    { en: `${folder} cannot be written`, zh: `${folder} 不可写` },
    { en: `Let Airlock’s user write it, or set ${setting}.`, zh: `请让运行 Airlock 的用户可写，或设置 ${setting}。` },
  )
}

/** `held`: a server runs on this state. */
export function checkLock({ state }: Config): { readonly check: Check; readonly held: boolean } {
  try {
    const held = isHeld(statePaths(state).lock)
    const found = held
      ? { en: 'held by a running Airlock', zh: '由运行中的 Airlock 持有' }
      : { en: 'free, no server runs', zh: '空闲，没有服务器在运行' }
    return { check: ok('lock', found), held }
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : null
    if (reason === null) throw error
    const file = statePaths(state).lock
    return {
      check: failure(
        'lock',
        { en: `${file} cannot be read (${reason})`, zh: `无法读取 ${file}（${reason}）` },
        { en: 'Run this as the user that Airlock runs as.', zh: '请以运行 Airlock 的用户执行。' },
      ),
      held: false,
    }
  }
}

/** Of the tree's disk and the state's: fetching stops at `keepFree`. */
export function checkDisk({ root, state, download: { keepFree } }: Config): Check {
  const free = Math.min(...[root, state].map((folder) => freeBytes(nearest(folder))))
  const [left, kept] = [readableSize(free), readableSize(keepFree)]
  const found = { en: `${left} free, of which ${kept} are kept free`, zh: `剩余 ${left}，其中 ${kept} 须保留` }
  const todo = { en: 'Make room on the disk of the tree and the state.', zh: '请为目录树与状态所在磁盘腾出空间。' }
  if (free < keepFree) return failure('disk', found, todo)
  return free < 2 * keepFree + 1e9 ? warning('disk', found, todo) : ok('disk', found)
}

export async function checkUv(project: string, run: RunChild, signal: AbortSignal): Promise<Check> {
  const binary = join(project, '.tools/uv/bin/uv')
  const todo = {
    en: 'Run `npm start` once with access to the package index, which installs it.',
    zh: '请在可访问软件包索引时运行一次 `npm start` 以完成安装。',
  }
  if (!existsSync(binary)) return failure('uv', { en: `${binary} is missing`, zh: `缺少 ${binary}` }, todo)
  const { status, stdout } = await run(binary, ['--version'], { env: { PATH: '/usr/bin:/bin' }, signal })
  const version = /^uv (\S+)/.exec(stdout)?.[1]
  if (status !== 0 || version === undefined)
    return failure('uv', { en: `${binary} does not start`, zh: `${binary} 无法启动` }, todo)
  const pinned = /^uv==(\S+)/m.exec(readFileSync(join(project, 'scripts/uv.txt'), 'utf8'))?.[1]
  return version === pinned
    ? ok('uv', same(`${version}, ${binary}`))
    : warning('uv', { en: `${version}, where ${pinned} is meant`, zh: `${version}，应为 ${pinned}` }, todo)
}

export function checkPython({ found, source, version }: Interpreter): Check {
  const from = sourceWords(source)
  return ok('python', { en: `${version}, ${found} (${from.en})`, zh: `${version}, ${found}（${from.zh}）` })
}

/** The machine's own; the configured targets speak for themselves where the machine has none. */
export function checkApt(
  config: Config,
  host: AptHost | null,
): { readonly check: Check; readonly targets: readonly AptTarget[] } {
  const knobs = Object.entries(config.targets).flatMap(([name, { apt }]) => (apt ? [[name, apt] as const] : []))
  try {
    const targets = [...aptTargets(new Map(knobs), host, (path) => besideConfig(config, path)).values()]
    if (targets.length > 0) {
      const said = (language: Language) =>
        targets.map(({ name, summary, source }) => `${name}: ${summary} (${sourceWords(source)[language]})`).join('; ')
      return { check: ok('apt', { en: said('en'), zh: said('zh') }), targets }
    }
    const check = warning(
      'apt',
      { en: 'no apt sources on this machine and no target of its own', zh: '本机没有 apt 源，也未配置 apt 目标环境' },
      {
        en: 'Configure targets.NAME.apt.sources for apt requests; pip needs none.',
        zh: '如需申请 apt 软件包，请配置 targets.NAME.apt.sources；pip 不受影响。',
      },
    )
    return { check, targets }
  } catch (error) {
    return { check: failed('apt', error), targets: [] }
  }
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error
}
