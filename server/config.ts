/**
 * What Airlock was told: the environment and `airlock.yaml` (`config-file.ts`, `knobs.ts`), checked, as one frozen value.
 * Nothing else reads `process.env` or the file.
 */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { statePaths } from '../storage/layout.ts'
import { readConfigFile } from './config-file.ts'
import { AirlockError, type Phrase } from './errors.ts'
import { httpUrl, type FileConfig } from './knobs.ts'

export type {
  AptArchiveConfig,
  AptTargetConfig,
  FileConfig,
  HookConfig,
  PipTargetConfig,
  PipUpstreamConfig,
} from './knobs.ts'

export type Address = { readonly host: string; readonly port: number }

export type Config = FileConfig & {
  /** Absolute. */
  readonly root: string
  /** Absolute. */
  readonly state: string
  /** Null: the mirror runs apart. */
  readonly mirrorListen: Address | null
  readonly consoleListen: Address
  /** Where Prometheus asks, apart from the console and the mirror; never where pods are; null: nowhere. */
  readonly metricsListen: Address | null
  /** What pods call the mirror and people the console, without a trailing slash; null: as it listens. */
  readonly mirrorUrl: string | null
  readonly consoleUrl: string | null
  /** The interpreter that the default target is read from; null: the first python3 on PATH. */
  readonly python: string | null
  /** The configuration file that was read, and the folder that its relative paths start from. */
  readonly file: string | null
  readonly logLevel: LogLevel
  /** Why a folder is not the usual one, for the first lines of the start. */
  readonly remarks: readonly Phrase[]
}

/** The least that is written, in pino's words. */
const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Everything Airlock reads of its environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the settings. `cwd` is where `./var` and a local `airlock.yaml` are looked for.
 * `look`: no folder is made, and one that cannot be written is named all the same.
 * Throws `config-invalid` or `setting-invalid` with the place and what would be right.
 */
export function readConfig(env: Environment, cwd: string, how: 'make' | 'look' = 'make'): Config {
  const remarks: Phrase[] = []
  const root = folder(
    env,
    'AIRLOCK_ROOT',
    '/opt/public/airlock',
    join(cwd, 'var/airlock'),
    how === 'make' ? 0o755 : how,
    remarks,
  )
  const state = folder(
    env,
    'AIRLOCK_STATE',
    '/var/lib/airlock',
    join(cwd, 'var/state'),
    how === 'make' ? 0o700 : how,
    remarks,
  )
  const file = configFile(env, state, cwd)
  const mirrorListen =
    setting(env, 'AIRLOCK_MIRROR_LISTEN') === 'off' ? null : address(env, 'AIRLOCK_MIRROR_LISTEN', '127.0.0.1:8080')
  return Object.freeze({
    ...readConfigFile(file),
    root,
    state,
    mirrorListen,
    consoleListen: address(env, 'AIRLOCK_CONSOLE_LISTEN', '127.0.0.1:8081'),
    metricsListen: readMetricsListen(env),
    mirrorUrl: url(env, 'AIRLOCK_MIRROR_URL'),
    consoleUrl: url(env, 'AIRLOCK_CONSOLE_URL'),
    python: setting(env, 'AIRLOCK_PYTHON') ?? null,
    file,
    logLevel: readLogLevel(env),
    remarks,
  })
}

/** AIRLOCK_STATE alone, for what must not depend on the configuration in it. */
export function readStateFolder(env: Environment, cwd: string): string {
  return folder(env, 'AIRLOCK_STATE', '/var/lib/airlock', join(cwd, 'var/state'), 0o700, [])
}

/** What the mirror needs, and nothing that a pod could learn more from: it opens neither the state nor the file. */
export type MirrorConfig = Pick<Config, 'root' | 'metricsListen' | 'mirrorUrl' | 'consoleUrl' | 'remarks'> & {
  readonly mirrorListen: Address
}

export function readMirrorConfig(env: Environment, cwd: string): MirrorConfig {
  const remarks: Phrase[] = []
  return Object.freeze({
    root: folder(env, 'AIRLOCK_ROOT', '/opt/public/airlock', join(cwd, 'var/airlock'), null, remarks),
    mirrorListen: address(env, 'AIRLOCK_MIRROR_LISTEN', '127.0.0.1:8080'),
    metricsListen: readMetricsListen(env),
    mirrorUrl: url(env, 'AIRLOCK_MIRROR_URL'),
    consoleUrl: url(env, 'AIRLOCK_CONSOLE_URL'),
    remarks,
  })
}

/** Null: off, as it is unless set. */
function readMetricsListen(env: Environment): Address | null {
  const given = setting(env, 'AIRLOCK_METRICS_LISTEN') ?? 'off'
  return given === 'off' ? null : address(env, 'AIRLOCK_METRICS_LISTEN', given)
}

function readLogLevel(env: Environment): LogLevel {
  const given = setting(env, 'AIRLOCK_LOG') ?? 'info'
  const level = logLevels.find((one) => one === given)
  if (level !== undefined) return level
  throw new AirlockError('setting-invalid', {
    name: 'AIRLOCK_LOG',
    value: given,
    reason: { en: 'there is no such level', zh: '没有该级别' },
    expected: { en: `Write one of ${logLevels.join(', ')}.`, zh: `请写 ${logLevels.join('、')} 之一。` },
  })
}

function setting(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined
}

/** The folder given, else the usual one where it exists and is writable or can be made, else the one here. `mode` null: read only; `look`: nothing is made. */
function folder(
  env: Environment,
  name: string,
  usual: string,
  here: string,
  mode: number | 'look' | null,
  remarks: Phrase[],
): string {
  const given = setting(env, name)
  const wanted = given === undefined ? usual : resolve(given)
  if (mode === null) return given === undefined && !existsSync(usual) ? here : wanted
  try {
    if (mode === 'look' && given !== undefined) return wanted
    if (mode !== 'look') mkdirSync(wanted, { recursive: true, mode })
    accessSync(mode === 'look' ? nearestFolder(wanted) : wanted, constants.W_OK | constants.X_OK)
    return wanted
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    if (given !== undefined) {
      throw new AirlockError(
        'setting-invalid',
        {
          name,
          value: given,
          reason,
          expected: { en: 'Give a folder that Airlock may write.', zh: '请给出 Airlock 可写的目录。' },
        },
        { cause },
      )
    }
    if (mode !== 'look') mkdirSync(here, { recursive: true, mode })
    remarks.push({
      en: `${usual} is not writable (${reason}), so ${name} is ${here}`,
      zh: `${usual} 不可写（${reason}），因此 ${name} 为 ${here}`,
    })
    return here
  }
}

/** The folder itself, or the first one above it that exists. */
export function nearestFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestFolder(dirname(folder))
}

function configFile(env: Environment, state: string, cwd: string): string | null {
  const given = setting(env, 'AIRLOCK_CONFIG')
  if (given === undefined)
    return [statePaths(state).config, join(cwd, 'airlock.yaml')].find((path) => existsSync(path)) ?? null
  if (existsSync(given)) return resolve(given)
  throw new AirlockError('setting-invalid', {
    name: 'AIRLOCK_CONFIG',
    value: given,
    reason: { en: 'there is no such file', zh: '没有该文件' },
    expected: { en: 'Give the path of an airlock.yaml.', zh: '请给出 airlock.yaml 的路径。' },
  })
}

/** A path of the configuration file, which starts from the file's own folder. */
export function besideConfig(config: Pick<Config, 'file'>, path: string): string {
  return isAbsolute(path) || config.file === null ? resolve(path) : join(dirname(config.file), path)
}

function address(env: Environment, name: string, usual: string): Address {
  const text = setting(env, name) ?? usual
  const match = /^(?:\[([0-9a-f:]+)\]|([^:\s]+)):(\d{1,5})$/i.exec(text)
  const port = Number(match?.[3])
  if (match && port <= 65535) return { host: (match[1] ?? match[2])!, port }
  throw new AirlockError('setting-invalid', {
    name,
    value: text,
    reason: { en: 'not an address', zh: '不是地址' },
    expected: {
      en: 'Write host:port, like 127.0.0.1:8080 or [::1]:8080.',
      zh: '请写成 主机:端口，例如 127.0.0.1:8080 或 [::1]:8080。',
    },
  })
}

function url(env: Environment, name: string): string | null {
  const text = setting(env, name)
  if (text === undefined) return null
  if (httpUrl.safeParse(text).success) return text.replace(/\/+$/, '')
  throw new AirlockError('setting-invalid', {
    name,
    value: text,
    reason: { en: 'not a URL', zh: '不是 URL' },
    expected: { en: 'Write it like http://airlock.example:8080.', zh: '请写成 http://airlock.example:8080 这样。' },
  })
}
