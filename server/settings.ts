/** `airlock config explain`: every setting with its value, where that came from and why it is so. */
import { z } from 'zod'
import { readConfig, type Environment } from './config.ts'
import { linesOfConfig } from './config-file.ts'
import { languageOf, type Language, type Phrase } from './errors.ts'
import { fileSchema } from './knobs.ts'
import { environment, knobsInChinese, proxy } from './settings-words.ts'

export type Setting = {
  readonly name: string
  /** Null: not set. Credentials are hidden. */
  readonly value: unknown
  readonly source:
    | { readonly kind: 'default' }
    | { readonly kind: 'environment'; readonly variable: string }
    | { readonly kind: 'file'; readonly file: string; readonly line: number }
  readonly reason: Phrase
}

const byDefault = { kind: 'default' } as const

/** Makes no folder. Throws `config-invalid` and `setting-invalid` as the server would. */
export function settingsOf(env: Environment, cwd: string): readonly Setting[] {
  const config = readConfig(env, cwd, 'look')
  const address = (given: { host: string; port: number } | null) =>
    given ? `${given.host.includes(':') ? `[${given.host}]` : given.host}:${given.port}` : 'off'
  const values: Readonly<Record<keyof typeof environment, unknown>> = {
    AIRLOCK_ROOT: config.root,
    AIRLOCK_STATE: config.state,
    AIRLOCK_MIRROR_LISTEN: address(config.mirrorListen),
    AIRLOCK_CONSOLE_LISTEN: address(config.consoleListen),
    AIRLOCK_METRICS_LISTEN: address(config.metricsListen),
    AIRLOCK_MIRROR_URL: config.mirrorUrl,
    AIRLOCK_CONSOLE_URL: config.consoleUrl,
    AIRLOCK_PYTHON: config.python,
    AIRLOCK_CONFIG: config.file,
    AIRLOCK_LOG: config.logLevel,
  }
  const own = Object.entries(environment).map(([name, reason]): Setting => {
    const source = env[name]?.trim() ? ({ kind: 'environment', variable: name } as const) : byDefault
    return { name, value: hide(values[name as keyof typeof environment]), source, reason }
  })
  const proxies = Object.entries(env)
    .filter(([name, value]) => /^(?:https?|all|no)_proxy$/i.test(name) && value)
    .map(([name, value]): Setting => {
      return { name, value: hideProxy(value!), source: { kind: 'environment', variable: name }, reason: proxy }
    })
  const line = linesOfConfig(config.file)
  const knobs = leaves(fileSchema, config, [], '').map(({ path, value, reason }): Setting => {
    const at = line(path)
    const source = at === null ? byDefault : ({ kind: 'file', file: config.file!, line: at } as const)
    return { name: path.join('.'), value: hideHook(path, value ?? null), source, reason }
  })
  return [...own, ...proxies, ...knobs]
}

type Leaf = { readonly path: readonly string[]; readonly value: unknown; readonly reason: Phrase }

/** Each knob of the schema, those of a record once a name that it has. */
function leaves(schema: z.core.$ZodType, value: unknown, path: readonly string[], place: string): Leaf[] {
  const inner = unwrap(schema)
  const below = (name: string, child: z.core.$ZodType, key: string) =>
    leaves(child, (value as Record<string, unknown>)[name], [...path, name], place === '' ? key : `${place}.${key}`)
  const isSection = inner instanceof z.ZodObject || inner instanceof z.ZodRecord
  if (isSection && value === undefined) return []
  if (inner instanceof z.ZodObject)
    return Object.entries(inner.shape).flatMap(([name, child]) => below(name, child as z.core.$ZodType, name))
  if (inner instanceof z.ZodRecord && Object.keys(value as object).length > 0)
    return Object.keys(value as object).flatMap((name) => below(name, inner.valueType, '*'))
  return [{ path, value, reason: reasonOf(place) }]
}

/** What `knobs.ts` says beside a knob, or beside the section that it belongs to. */
function reasonOf(place: string): Phrase {
  const known = reasons()
  const keys = place.split('.')
  while (keys.length > 1 && !known.has(keys.join('.'))) keys.pop()
  const key = keys.join('.')
  const en = known.get(key) ?? ''
  return { en, zh: knobsInChinese[key] ?? en }
}

/** Every reason, by the knob's place: `targets.*.pip.python`. */
export function reasons(schema: z.core.$ZodType = fileSchema, place = ''): Map<string, string> {
  const inner = unwrap(schema)
  const meta = z.globalRegistry.get(schema) as { reason?: string } | undefined
  const own: [string, string][] = place !== '' && meta?.reason !== undefined ? [[place, meta.reason]] : []
  const key = (name: string) => (place === '' ? name : `${place}.${name}`)
  const children: [string, z.core.$ZodType][] =
    inner instanceof z.ZodObject
      ? Object.entries(inner.shape).map(([name, child]) => [key(name), child as z.core.$ZodType])
      : inner instanceof z.ZodRecord
        ? [[key('*'), inner.valueType]]
        : []
  return new Map([...own, ...children.flatMap(([at, child]) => [...reasons(child, at)])])
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  while (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    schema = schema.unwrap()
  return schema
}

const sources: Readonly<Record<'default' | 'environment', Phrase>> = {
  default: { en: 'default', zh: '默认值' },
  environment: { en: 'environment', zh: '环境变量' },
}

export function printSettings(env: Environment, cwd: string, json: boolean): void {
  const language = languageOf(env)
  const settings = settingsOf(env, cwd)
  if (json) {
    const shown = settings.map((setting) => ({ ...setting, reason: setting.reason[language] }))
    process.stdout.write(`${JSON.stringify({ settings: shown }, null, 2)}\n`)
    return
  }
  process.stdout.write(settings.map((setting) => `${lineOf(setting, language)}\n`).join(''))
}

function lineOf({ name, value, source, reason }: Setting, language: Language): string {
  const shown =
    value === null ? '-' : typeof value === 'string' && !/\p{Control}/u.test(value) ? value : JSON.stringify(value)
  const from = source.kind === 'file' ? `${source.file}:${source.line}` : sources[source.kind][language]
  return `${name} = ${shown}  (${from})\n    ${reason[language]}`
}

/** A hook's address and secret are not shown, but for the host. */
function hideHook(path: readonly string[], value: unknown): unknown {
  const [section, , knob] = path
  if (section !== 'notify' || value === null) return hide(value)
  return knob === 'secret' ? '***' : knob === 'url' ? hostOnly(value) : value
}

function hostOnly(value: unknown): string {
  const url = URL.parse(String(value))
  return url ? `${url.protocol}//${url.host}/***` : '***'
}

/** The hooks as they may be shown. */
export function hideHooks<H extends { readonly url: string; readonly secret?: string | undefined }>(
  hooks: Readonly<Record<string, H>>,
): Readonly<Record<string, H>> {
  return Object.fromEntries(
    Object.entries(hooks).map(([name, hook]) => [
      name,
      { ...hook, url: hostOnly(hook.url), ...(hook.secret !== undefined && { secret: '***' }) },
    ]),
  )
}

/** A value without what may be a credential in a URL, at any depth. */
export function hide(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/\b(https?:\/\/)[^/\s]*@/gi, '$1***@')
  if (Array.isArray(value)) return value.map(hide)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hide(inner)]))
}

/** A proxy may come without a scheme. */
function hideProxy(value: string): string {
  return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/\s]*@/i, '$1***@')
}
