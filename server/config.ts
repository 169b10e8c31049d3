/**
 * What Airlock was told: the environment and `airlock.yaml`, checked, with every default and its reason, as one frozen
 * value. Nothing else reads `process.env` or the file. A wrong or unknown knob stops the start with file and line.
 */
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { isMap, LineCounter, parseDocument, type Document } from 'yaml'
import { z } from 'zod'
import { segmentPattern, statePaths } from '../storage/layout.ts'
import { AirlockError } from './errors.ts'

const units = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const

/** `8GiB`, `500 MB` or a plain number of bytes. */
const size = z.union([z.number(), z.string()]).transform((value, ctx) => {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]i?B|B|)$/.exec(String(value))
  if (match) return Math.round(Number(match[1]) * units[match[2] as keyof typeof units])
  ctx.addIssue({ code: 'custom', message: 'not a size', params: { expected: 'a size like 8GiB or 500MB' } })
  return z.NEVER
})

const segment = z
  .string()
  .regex(segmentPattern, 'lower-case letters, digits and hyphens, at most 32, not `pool` or `requests`')
const httpUrl = z.string().refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'an http or https URL')

/** A knob: its check, its default and why that is the default. */
function knob<T extends z.ZodType>(schema: T, reason: string): T {
  return schema.meta({ reason })
}

const pipUpstream = z.strictObject({
  url: knob(httpUrl.optional(), 'absent on `default`: what this machine’s own pip uses'),
  projects: knob(
    z.array(z.string().min(1)).default([]),
    'an index gives only what it is trusted with; `default` gives everything no other names',
  ),
  files: knob(
    z.array(httpUrl).default([]),
    'where else the index keeps its files: its links may only name public hosts beside its own',
  ),
})

const pipTarget = z.strictObject({
  python: knob(
    z.string().regex(/^3\.\d+\.\d+$/, 'the full version of the pod’s Python, like 3.11.7'),
    'requires-python is judged by the patch version too',
  ),
  platform: knob(
    z.string().regex(/^[a-z0-9_-]+$/, 'uv’s name of a platform, like x86_64-manylinux_2_31'),
    'what the pod’s C library and processor can load',
  ),
  implementation: knob(z.enum(['cpython']).default('cpython'), 'what images ship'),
  tags: knob(
    z.array(z.string().regex(/^[\w.]+-[\w.]+-[\w.]+$/, 'python-abi-platform')).optional(),
    'the pod’s own pip knows best; else computed from python and platform',
  ),
  index: knob(segment.default('simple'), 'one index serves every target whose wheels do not contradict'),
  installed: knob(z.string().optional(), 'a pip freeze of the pod, as soft preferences'),
})

const aptTarget = z.strictObject({
  architectures: knob(
    z
      .array(z.string().regex(/^[a-z0-9][a-z0-9-]{1,31}$/, 'Debian’s name of an architecture, like amd64'))
      .min(1)
      .optional(),
    'this machine’s; the first is the pod’s own',
  ),
  sources: knob(
    z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
    'this machine’s; each a path, or the text itself in either of apt’s forms',
  ),
  keyrings: knob(
    z.array(z.string().min(1)).optional(),
    'this machine’s trusted ones; a path or an armored key, since a pod’s keys need not be here',
  ),
  preferences: knob(
    z.array(z.string()).optional(),
    'this machine’s, or none where sources are given; each a path or the text itself',
  ),
  status: knob(
    z.string().min(1).optional(),
    'what the image has installed: a path, the text of dpkg’s status, or none; this machine’s, or none where sources are given',
  ),
  recommends: knob(z.boolean().optional(), 'as this machine’s apt is set; apt’s own default is true'),
  complete: knob(z.boolean().default(true), 'bare pods and those that differ a little install too, for more disk'),
  updateAfter: knob(
    z.int().min(0).default(3600),
    'seconds that a snapshot of the archives is used; archives change a few times a day',
  ),
})

const fileSchema = z.strictObject({
  upstreams: knob(
    z.strictObject({ pip: z.record(segment, pipUpstream).default({}) }).prefault({}),
    'what this machine’s own clients use',
  ),
  targets: knob(
    z.record(segment, z.strictObject({ pip: pipTarget.optional(), apt: aptTarget.optional() })).default({}),
    'this machine itself, since Airlock shares the pods’ image',
  ),
  download: knob(
    z
      .strictObject({
        parallel: knob(z.int().min(1).max(64).default(8), '4, 8 and 16 at once measured the same'),
        perHost: knob(z.int().min(1).max(64).default(6), 'what a browser allows itself; mirrors throttle more'),
        maxFile: knob(size.default(8 * units.GiB), 'the largest CUDA wheels have 3 GB'),
        confirmAbove: knob(
          size.default(20 * units.GB),
          'what a request may fetch unconfirmed: more than any CUDA stack, less than a surprise',
        ),
        overlap: knob(
          size.default(20 * units.MB),
          'a wheel up to this size is fetched while the solver still looks at it; larger ones are too dear to be wrong about',
        ),
        keepFree: knob(size.default(1 * units.GiB), 'the low-water mark at which fetching stops; serving never does'),
      })
      .prefault({}),
    'fast on a near upstream, polite to a far one',
  ),
  gateway: knob(
    z
      .strictObject({
        port: knob(z.int().min(0).max(65535).default(8082), 'the solver’s cache is keyed by URL, so it stays the same'),
      })
      .prefault({}),
    'loopback only',
  ),
  reuse: knob(
    z.number().min(0).max(8760).default(24),
    'hours for which an answer is given again without asking upstream; exact pins always are',
  ),
  queue: knob(
    z
      .strictObject({
        solves: knob(z.int().min(1).max(32).default(2), 'a solve waits for upstream more than it computes'),
        unfinished: knob(
          z.int().min(1).max(100_000).default(10_000),
          'a bounded queue: a flood ends in a clear refusal',
        ),
      })
      .prefault({}),
    'bounded work',
  ),
})

export type FileConfig = z.infer<typeof fileSchema>
export type PipTargetConfig = z.infer<typeof pipTarget>
export type AptTargetConfig = z.infer<typeof aptTarget>
export type PipUpstreamConfig = z.infer<typeof pipUpstream>

export type Address = { readonly host: string; readonly port: number }

export type Config = FileConfig & {
  /** Absolute. */
  readonly root: string
  /** Absolute. */
  readonly state: string
  /** Null: the mirror runs apart. */
  readonly mirrorListen: Address | null
  readonly consoleListen: Address
  /** What pods call the mirror and people the console, without a trailing slash; null: as it listens. */
  readonly mirrorUrl: string | null
  readonly consoleUrl: string | null
  /** The interpreter that the default target is read from; null: the first python3 on PATH. */
  readonly python: string | null
  /** The configuration file that was read, and the folder that its relative paths start from. */
  readonly file: string | null
  /** Why a folder is not the usual one, for the first lines of the start. */
  readonly remarks: readonly string[]
}

/** Everything Airlock reads of its environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the settings. `cwd` is where `./var` and a local `airlock.yaml` are looked for.
 * Throws `config-invalid` or `setting-invalid` with the place and what would be right.
 */
export function readConfig(env: Environment, cwd: string): Config {
  const remarks: string[] = []
  const root = folder(env, 'AIRLOCK_ROOT', '/opt/public/airlock', join(cwd, 'var/airlock'), 0o755, remarks)
  const state = folder(env, 'AIRLOCK_STATE', '/var/lib/airlock', join(cwd, 'var/state'), 0o700, remarks)
  const file = configFile(env, state, cwd)
  const mirrorListen =
    setting(env, 'AIRLOCK_MIRROR_LISTEN') === 'off' ? null : address(env, 'AIRLOCK_MIRROR_LISTEN', '127.0.0.1:8080')
  return Object.freeze({
    ...readConfigFile(file),
    root,
    state,
    mirrorListen,
    consoleListen: address(env, 'AIRLOCK_CONSOLE_LISTEN', '127.0.0.1:8081'),
    mirrorUrl: url(env, 'AIRLOCK_MIRROR_URL'),
    consoleUrl: url(env, 'AIRLOCK_CONSOLE_URL'),
    python: setting(env, 'AIRLOCK_PYTHON') ?? null,
    file,
    remarks,
  })
}

/** What the mirror needs, and nothing that a pod could learn more from: it opens neither the state nor the file. */
export type MirrorConfig = Pick<Config, 'root' | 'mirrorUrl' | 'consoleUrl' | 'remarks'> & {
  readonly mirrorListen: Address
}

export function readMirrorConfig(env: Environment, cwd: string): MirrorConfig {
  const remarks: string[] = []
  return Object.freeze({
    root: folder(env, 'AIRLOCK_ROOT', '/opt/public/airlock', join(cwd, 'var/airlock'), null, remarks),
    mirrorListen: address(env, 'AIRLOCK_MIRROR_LISTEN', '127.0.0.1:8080'),
    mirrorUrl: url(env, 'AIRLOCK_MIRROR_URL'),
    consoleUrl: url(env, 'AIRLOCK_CONSOLE_URL'),
    remarks,
  })
}

/** Parses and checks a configuration file; null gives the defaults. */
export function readConfigFile(file: string | null): FileConfig {
  if (file === null) return fileSchema.parse({})
  const lines = new LineCounter()
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines, prettyErrors: false })
  const broken = document.errors[0]
  if (broken) {
    throw new AirlockError('config-invalid', {
      file,
      line: lines.linePos(broken.pos[0]).line,
      path: '(YAML)',
      reason: broken.message,
      expected: 'Write it as YAML; see the example in the README.',
    })
  }
  const result = fileSchema.safeParse(document.toJS() ?? {})
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const path = unknown === undefined ? issue.path : [...issue.path, unknown]
  throw new AirlockError('config-invalid', {
    file,
    line: lines.linePos(offsetOf(document, path)).line,
    path: path.join('.'),
    reason: unknown === undefined ? issue.message : 'there is no such knob',
    expected: unknown === undefined ? expectation(issue) : `Known here: ${knownKeys(issue.path).join(', ')}.`,
  })
}

function expectation(issue: z.core.$ZodIssue): string {
  const params = 'params' in issue ? (issue.params as { expected?: string } | undefined) : undefined
  return params?.expected ? `Write ${params.expected}.` : 'See the example in the README.'
}

/** The keys that the schema knows at a path, for the message about one it does not. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = fileSchema
  for (const key of path) {
    const inner = unwrap(schema)
    schema =
      inner instanceof z.ZodObject
        ? inner.shape[key as string]
        : inner instanceof z.ZodRecord
          ? inner.valueType
          : undefined
  }
  const inner = unwrap(schema)
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : []
}

function unwrap(schema: unknown): unknown {
  while (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    schema = schema.unwrap()
  return schema
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => String(key) === String(path.at(-1)))
    const key = pair?.key as { range?: [number, number, number] } | undefined
    if (key?.range) return key.range[0]
  }
  const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined
  return node?.range?.[0] ?? 0
}

function setting(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined
}

/** The folder given, else the usual one where it exists and is writable or can be made, else the one here. `mode` null: read only. */
function folder(
  env: Environment,
  name: string,
  usual: string,
  here: string,
  mode: number | null,
  remarks: string[],
): string {
  const given = setting(env, name)
  const wanted = given === undefined ? usual : resolve(given)
  if (mode === null) return given === undefined && !existsSync(usual) ? here : wanted
  try {
    mkdirSync(wanted, { recursive: true, mode })
    accessSync(wanted, constants.W_OK | constants.X_OK)
    return wanted
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    if (given !== undefined) {
      throw new AirlockError(
        'setting-invalid',
        { name, value: given, reason, expected: 'Give a folder that Airlock may write.' },
        { cause },
      )
    }
    mkdirSync(here, { recursive: true, mode })
    remarks.push(`${usual} is not writable (${reason}), so ${name} is ${here}`)
    return here
  }
}

function configFile(env: Environment, state: string, cwd: string): string | null {
  const given = setting(env, 'AIRLOCK_CONFIG')
  if (given === undefined)
    return [statePaths(state).config, join(cwd, 'airlock.yaml')].find((path) => existsSync(path)) ?? null
  if (existsSync(given)) return resolve(given)
  throw new AirlockError('setting-invalid', {
    name: 'AIRLOCK_CONFIG',
    value: given,
    reason: 'there is no such file',
    expected: 'Give the path of an airlock.yaml.',
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
    reason: 'not an address',
    expected: 'Write host:port, like 127.0.0.1:8080 or [::1]:8080.',
  })
}

function url(env: Environment, name: string): string | null {
  const text = setting(env, name)
  if (text === undefined) return null
  if (httpUrl.safeParse(text).success) return text.replace(/\/+$/, '')
  throw new AirlockError('setting-invalid', {
    name,
    value: text,
    reason: 'not a URL',
    expected: 'Write it like http://airlock.example:8080.',
  })
}
