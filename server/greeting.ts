/** The first lines of a start: where everything is, what was found and why, and the line that points a pod here. */
import type { Target } from './ecosystem.ts'
import type { Language, Phrase } from './errors.ts'
import { sourceWords } from './source-words.ts'

export type Greeting = {
  /** Why a folder is not the usual one, first of all. */
  readonly remarks: readonly Phrase[]
  readonly consoleUrl: string
  /** Null: it runs apart. */
  readonly mirrorUrl: string | null
  /** Null: nobody is told. */
  readonly metricsUrl: string | null
  readonly root: string
  readonly state: string
  readonly config: string | null
  readonly upstreams: readonly {
    readonly ecosystem: string
    readonly name: string
    readonly url: string
    readonly source: string
  }[]
  readonly targets: readonly { readonly ecosystem: string; readonly target: Target }[]
  /** Whether there is a sandbox to build in; null: nobody wants one. */
  readonly sandbox: { readonly ok: true } | { readonly ok: false; readonly words: Phrase } | null
  /** Found on this machine and left alone. */
  readonly unused: readonly string[]
  /** Jobs that an earlier run left. */
  readonly resumed: number
}

const words = {
  en: {
    console: 'console ',
    mirror: 'mirror  ',
    metrics: 'metrics ',
    apart: 'off here (AIRLOCK_MIRROR_LISTEN=off); it runs apart',
    tree: 'tree    ',
    state: 'state   ',
    config: 'config  ',
    none: 'none, defaults are in force',
    upstream: 'upstream',
    target: 'target  ',
    from: 'from',
    builds: 'builds  ',
    on: 'on, each in a sandbox without a network',
    off: 'off: ',
    unused: 'not used',
    extra: 'an extra index that pip has here; give it projects under upstreams.pip to use it',
    resumed: (count: number) => `goes on with ${count} unfinished ${count === 1 ? 'job' : 'jobs'}`,
    ask: 'ask here',
    pod: 'in a pod',
  },
  zh: {
    console: '控制台  ',
    mirror: '镜像    ',
    metrics: '指标    ',
    apart: '未在此启动（AIRLOCK_MIRROR_LISTEN=off），独立运行',
    tree: '目录树  ',
    state: '状态    ',
    config: '配置    ',
    none: '无，使用默认值',
    upstream: '上游源  ',
    target: '目标环境',
    from: '来自',
    builds: '构建    ',
    on: '已启用，均在无网络的沙箱中进行',
    off: '已关闭：',
    unused: '未使用  ',
    extra: '本机 pip 的额外索引；如需使用，请在 upstreams.pip 中为其指定 projects',
    resumed: (count: number) => `继续 ${count} 个未完成的任务`,
    ask: '申请    ',
    pod: 'HomePod ',
  },
} as const

export function greet(greeting: Greeting, language: Language): string {
  const w = words[language]
  const line = (label: string, text: string) => `  ${label}  ${text}`
  return [
    ...greeting.remarks.map((remark) => `airlock: ${remark[language]}`),
    'Airlock',
    line(w.console, greeting.consoleUrl),
    line(w.mirror, greeting.mirrorUrl ?? w.apart),
    ...(greeting.metricsUrl === null ? [] : [line(w.metrics, `${greeting.metricsUrl}/metrics`)]),
    line(w.tree, greeting.root),
    line(w.state, greeting.state),
    line(w.config, greeting.config ?? w.none),
    ...greeting.upstreams.map(({ ecosystem, name, url, source }) =>
      line(w.upstream, `${ecosystem} ${name}: ${url} (${w.from} ${sourceWords(source)[language]})`),
    ),
    ...greeting.unused.map((url) => line(w.unused, `${url}: ${w.extra}`)),
    ...greeting.targets.map(({ ecosystem, target }) =>
      line(
        w.target,
        `${ecosystem} ${target.name}: ${target.summary} (${w.from} ${sourceWords(target.source)[language]})`,
      ),
    ),
    ...(greeting.sandbox === null ? [] : [line(w.builds, buildsOf(greeting.sandbox, language))]),
    ...(greeting.resumed > 0 ? [line('        ', w.resumed(greeting.resumed))] : []),
    line(w.ask, './scripts/airlock request pip NAME --wait'),
    line(w.pod, `sh ${greeting.root}/homepod/setup.sh`),
    '',
  ].join('\n')
}

function buildsOf(sandbox: NonNullable<Greeting['sandbox']>, language: Language): string {
  const { on, off } = words[language]
  return sandbox.ok ? on : `${off}${sandbox.words[language]}`
}
