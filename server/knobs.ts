/** airlock.yaml's knobs: each with its check, its default and why that is the default. */
import { z } from 'zod'
import { segmentPattern } from '../storage/layout.ts'

/** What a check of ours says is wrong, or would be right; zod has words of its own for the rest. */
export const checksInChinese: Readonly<Record<string, string>> = {
  'not a size': '不是大小',
  'a size like 8GiB or 500MB': '大小，例如 8GiB 或 500MB',
  'lower-case letters, digits and hyphens, at most 32, not `pool` or `requests`':
    '应为小写字母、数字与连字符，最多 32 个，且不是 `pool` 或 `requests`',
  'an http or https URL': '应为 http 或 https 地址',
  'the address of the index, like https://wheels.example/simple/': '索引的地址，例如 https://wheels.example/simple/',
  'an http, https or file URL': '应为 http、https 或 file 地址',
  'the full version of the pod’s Python, like 3.11.7': '应为 HomePod 的 Python 完整版本，例如 3.11.7',
  'uv’s name of a platform, like x86_64-manylinux_2_31': '应为 uv 的平台名称，例如 x86_64-manylinux_2_31',
  'python-abi-platform': '应为 python-abi-platform 形式',
  'Debian’s name of an architecture, like amd64': '应为 Debian 的架构名称，例如 amd64',
  'not an address of this kind': '不是此类通知的地址',
  'an https URL': 'https 地址',
  missing: '缺少',
  'a long random secret that the receiver has too': '接收方也持有的足够长的随机串',
  'not an address': '不是地址',
  'not addresses': '不是地址',
  'a list like [team@mail.example]': '列表，例如 [team@mail.example]',
}

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
export const httpUrl = z
  .string()
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'an http or https URL')

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

/** What an index without an address is trusted with would be asked of the default one, where anybody may offer it. */
function wantUrls(upstreams: Readonly<Record<string, PipUpstreamConfig>>, ctx: z.core.$RefinementCtx): void {
  for (const [name, { url }] of Object.entries(upstreams))
    if (name !== 'default' && url === undefined)
      ctx.addIssue({
        code: 'custom',
        path: [name, 'url'],
        message: 'missing',
        params: { expected: 'the address of the index, like https://wheels.example/simple/' },
      })
}

const pipTarget = z.strictObject({
  python: knob(
    z.string().regex(/^3\.\d{1,2}\.\d{1,3}$/, 'the full version of the pod’s Python, like 3.11.7'),
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

const hook = z
  .strictObject({
    kind: knob(
      z.enum(['json', 'feishu', 'dingtalk', 'wecom', 'slack', 'mail']),
      'whose form a message has; json is for programs, and signed',
    ),
    url: knob(
      z.string(),
      'where to: a webhook, or smtp:// and smtps:// of a mail server; a webhook’s address is a secret and shown nowhere',
    ),
    secret: knob(z.string().min(1).optional(), 'what json is signed with; DingTalk’s and Feishu’s own signing secret'),
    on: knob(
      z
        .array(z.enum(['ready', 'failed', 'held']))
        .min(1)
        .default(['ready', 'failed', 'held']),
      'all there is',
    ),
    language: knob(z.enum(['en', 'zh']).default('en'), 'of the message’s words'),
    from: knob(z.string().optional(), 'the sender of mail'),
    to: knob(z.array(z.string()).min(1).optional(), 'who gets the mail'),
  })
  .superRefine((given, ctx) => {
    const wrong = (path: keyof typeof given, message: string, expected: string) =>
      ctx.addIssue({ code: 'custom', path: [path], message, params: { expected } })
    const protocol = URL.parse(given.url)?.protocol ?? ''
    const isMail = given.kind === 'mail'
    // the address itself is not told: it is a secret
    if (isMail ? !/^smtps?:$/.test(protocol) : !/^https?:$/.test(protocol))
      wrong('url', 'not an address of this kind', isMail ? 'smtps://USER:PASSWORD@mail.example:465' : 'an https URL')
    if (given.kind === 'json' && given.secret === undefined)
      wrong('secret', 'missing', 'a long random secret that the receiver has too')
    if (isMail && !/^[^\s@<>]+@[^\s@<>]+$/.test(given.from ?? ''))
      wrong('from', 'not an address', 'airlock@mail.example')
    if (isMail && !given.to?.every((address) => /^[^\s@<>]+@[^\s@<>]+$/.test(address)))
      wrong('to', 'not addresses', 'a list like [team@mail.example]')
  })

const aptArchive = z.strictObject({
  url: knob(
    z
      .string()
      .refine((text) => /^(?:https?|file):$/.test(URL.parse(text)?.protocol ?? ''), 'an http, https or file URL'),
    'an archive that targets may read as pods describe themselves, beside those of the targets configured here',
  ),
  signedBy: knob(
    z.string().min(1).optional(),
    'the key that it is verified with, a path or armored; this machine’s trusted ones, since a description is not trusted with keys',
  ),
})

export const fileSchema = z.strictObject({
  upstreams: knob(
    z
      .strictObject({
        pip: z.record(segment, pipUpstream).superRefine(wantUrls).default({}),
        apt: knob(z.record(segment, aptArchive).default({}), 'none beside those that targets read'),
      })
      .prefault({}),
    'what this machine’s own clients use',
  ),
  targets: knob(
    z.record(segment, z.strictObject({ pip: pipTarget.optional(), apt: aptTarget.optional() })).default({}),
    'this machine itself, since Airlock shares the pods’ image',
  ),
  notify: knob(z.record(segment, hook).default({}), 'nobody is told but who looks'),
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
  names: knob(
    z
      .strictObject({
        pip: knob(
          z.enum(['off', 'daily']).default('off'),
          'what completion offers beside the names known here; a list of everything is asked for by nobody in particular',
        ),
      })
      .prefault({}),
    'nothing is asked of upstream because somebody typed',
  ),
  gateway: knob(
    z
      .strictObject({
        port: knob(z.int().min(0).max(65535).default(8082), 'the solver’s cache is keyed by URL, so it stays the same'),
      })
      .prefault({}),
    'loopback only',
  ),
  builds: knob(
    z
      .strictObject({
        pip: knob(
          z.enum(['on', 'off']).default('on'),
          'much exists only as source; what is built runs in a sandbox, and nothing is built without one',
        ),
        projects: knob(
          z.array(z.string().min(1)).default([]),
          'who may be built; none named: every project, since a sandbox trusts none',
        ),
        constraints: knob(
          z.array(z.string().min(1)).default([]),
          'what holds build requirements back, like setuptools<81, for sources that newer ones break',
        ),
        pythons: knob(
          z.array(z.string().min(1)).default([]),
          'interpreters that build for targets of other Pythons; this machine’s own builds for its kind, and pure packages for all',
        ),
        maxSource: knob(size.default(1 * units.GiB), 'twice the largest real ones'),
        seconds: knob(z.int().min(5).max(86_400).default(1800), 'large C++ sources take that long on few processors'),
        memory: knob(size.default(4 * units.GiB), 'what a compiler of large C++ sources takes'),
        disk: knob(size.default(4 * units.GiB), 'of sources, environment and result; it lies in memory'),
        parallel: knob(z.int().min(1).max(32).default(1), 'a compiler takes every processor by itself'),
      })
      .prefault({}),
    'everything that people ask for becomes installable',
  ),
  verify: knob(
    z
      .strictObject({
        rate: knob(
          size.default(20 * units.MB),
          'bytes a second that the background look at the pool reads: a few days for a terabyte, and pods notice nothing; 0 turns it off',
        ),
        every: knob(z.int().min(1).max(365).default(7), 'days between two looks: disks rot slowly'),
      })
      .prefault({}),
    'damage is found before a pod finds it',
  ),
  keep: knob(
    z.int().min(7).max(3650).default(365),
    'days of history: what changed when, and attempts that newer ones have replaced; requests themselves stay',
  ),
  imports: knob(
    size.default(200 * units.MB),
    'closures up to this size are installed into a sandbox once they are ready, and what was asked for is imported; larger ones take minutes and gigabytes of memory; 0 tries none',
  ),
  reuse: knob(
    z.number().min(0).max(8760).default(24),
    'hours for which an answer is given again without asking upstream; 0: not at all; a lock’s always is, since it can be no other',
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
export type HookConfig = z.infer<typeof hook>
export type AptArchiveConfig = z.infer<typeof aptArchive>
export type PipUpstreamConfig = z.infer<typeof pipUpstream>
