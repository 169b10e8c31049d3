/** The checks that ask somebody: the upstreams, by their own client, and the server's three listeners. */
import { connect } from 'node:net'
import type { AptTarget } from '../apt/target.ts'
import { AirlockError, explain, type Language, type Phrase } from '../errors.ts'
import type { Address, Config } from '../config.ts'
import type { PipUpstream } from '../pip/upstreams.ts'
import { sourceWords } from '../source-words.ts'
import type { UpstreamClient } from '../upstream/client.ts'
import { failed, failure, ok, same, warning, type Check } from './check.ts'

/** A client that judges, authorizes and trusts as the server's own. */
export type MakeClient = (origins: readonly { readonly name: string; readonly url: string }[]) => UpstreamClient

type Reached = { readonly check: Check; /** ms that this machine's clock is ahead. */ readonly ahead: number | null }

const accept = 'application/vnd.pypi.simple.v1+json, text/html;q=0.1'
/** Of a page that is never read to its end. */
const maxBytes = 1 << 30
/** Signatures and TLS begin to fail somewhere beyond. */
const maxAhead = 5 * 60_000

/** One page of one project: what an index that is reachable has, or says that it has not. */
export async function checkUpstream(
  { name, url, source, projects }: PipUpstream,
  client: UpstreamClient,
  signal: AbortSignal,
): Promise<Reached> {
  const title = `upstream ${name}`
  const where = sourceWords(source)
  const from = { en: `${url} (${where.en})`, zh: `${url}（${where.zh}）` }
  const page = { url: `${url}${[...projects][0] ?? 'pip'}/`, accept }
  const { fault, ahead } = await ask(page, from, client, signal, {
    credentials: {
      en: 'Give it credentials: in its URL, pip’s configuration or ~/.netrc.',
      zh: '请提供凭据：写在其 URL、pip 配置或 ~/.netrc 中。',
    },
    other: { en: 'See whether the URL is that of a simple index.', zh: '请确认该 URL 是 simple 索引的地址。' },
    proxy: 'HTTPS_PROXY',
  })
  return { check: fault === null ? ok(title, from) : failure(title, ...fault), ahead }
}

/** What `apt-get update` asks first of each archive of a target. One on this machine's disk is not asked. */
export async function checkArchives(
  { name, sources }: Pick<AptTarget, 'name' | 'sources'>,
  client: UpstreamClient,
  signal: AbortSignal,
): Promise<Reached> {
  const title = `archives ${name}`
  const pages = new Map(
    sources.flatMap(({ uris, suites: [suite = '/'] }) =>
      uris.map((uri) => {
        const base = uri.replace(/\/*$/, '/')
        // sources.list(5): a suite that ends with a slash is a folder of its own
        return [uri, suite.endsWith('/') ? `${base}${suite}InRelease` : `${base}dists/${suite}/InRelease`] as const
      }),
    ),
  )
  const asked = [...pages].filter(([uri]) => !uri.startsWith('file:'))
  const told = await Promise.all(
    asked.map(([uri, url]) =>
      ask({ url }, same(uri), client, signal, {
        credentials: {
          en: 'Give it credentials: in its URI or apt’s auth.conf.',
          zh: '请提供凭据：写在其 URI 或 apt 的 auth.conf 中。',
        },
        other: { en: 'See whether apt-get update takes that source.', zh: '请确认 apt-get update 能使用该源。' },
        proxy: 'Acquire::http::Proxy',
      }),
    ),
  )
  const ahead = told.find((one) => one.ahead !== null)?.ahead ?? null
  const faults = told.flatMap(({ fault }) => (fault === null ? [] : [fault]))
  if (faults[0] === undefined) return { check: ok(title, same([...pages.keys()].join(', '))), ahead }
  const found = (language: Language) => faults.map(([text]) => text[language].replace(/[.。]$/, '')).join('; ')
  return { check: failure(title, { en: found('en'), zh: found('zh') }, faults[0][1]), ahead }
}

/** Asks for a page, of which it reads the head. `fault`: what is wrong and what to do, null where it answers as it should. */
async function ask(
  page: { readonly url: string; readonly accept?: string },
  from: Phrase,
  client: UpstreamClient,
  signal: AbortSignal,
  todo: { readonly credentials: Phrase; readonly other: Phrase; readonly proxy: string },
): Promise<{ readonly fault: readonly [found: Phrase, todo: Phrase] | null; readonly ahead: number | null }> {
  try {
    const { status, headers, body } = await client.open({ ...page, maxBytes, signal, trust: 'configured' })
    body.destroy()
    const date = Date.parse(headers['date'] ?? '')
    const ahead = Number.isNaN(date) ? null : Date.now() - date
    if (status === 200 || status === 404) return { fault: null, ahead }
    const found = { en: `${from.en} answers ${status}`, zh: `${from.zh} 返回 ${status}` }
    return { fault: [found, status === 401 || status === 403 ? todo.credentials : todo.other], ahead }
  } catch (error) {
    if (signal.aborted) {
      const found = { en: `${from.en} does not answer in time`, zh: `${from.zh} 未及时应答` }
      const network = {
        en: `See to the network, and to ${todo.proxy} where one is needed.`,
        zh: `请检查网络；如需代理，请设置 ${todo.proxy}。`,
      }
      return { fault: [found, network], ahead: null }
    }
    const { found, todo: hint } = failed('', error)
    return { fault: [found, hint!], ahead: null }
  }
}

/** Against the upstreams' own clocks. */
export function checkClock(all: readonly (number | null)[]): Check {
  const known = all.filter((ahead) => ahead !== null)
  if (known.length === 0)
    return warning(
      'clock',
      { en: 'no upstream said what time it is', zh: '没有上游源给出时间' },
      { en: 'Make an upstream reachable.', zh: '请使某个上游源可达。' },
    )
  // where clocks differ, the one that agrees most is believed
  const ahead = known.toSorted((a, b) => Math.abs(a) - Math.abs(b))[0]!
  const minutes = Math.round(Math.abs(ahead) / 60_000)
  if (Math.abs(ahead) <= maxAhead) return ok('clock', { en: 'agrees with upstream', zh: '与上游源一致' })
  const found =
    ahead > 0
      ? { en: `${minutes} min ahead of upstream`, zh: `比上游源快 ${minutes} 分钟` }
      : { en: `${minutes} min behind upstream`, zh: `比上游源慢 ${minutes} 分钟` }
  return warning('clock', found, {
    en: 'Set this machine’s clock: pods refuse an apt repository from the future.',
    zh: '请校准本机时钟：HomePod 会拒绝来自未来的 apt 仓库。',
  })
}

/** Console, mirror and gateway, where a server runs on this state; else that nothing sits at their addresses. */
export async function checkListeners(
  { consoleListen, mirrorListen, mirrorUrl, gateway }: Config,
  running: boolean,
  makeClient: MakeClient,
  signal: AbortSignal,
): Promise<Check[]> {
  const mirror = mirrorListen ? localUrl(mirrorListen) : mirrorUrl
  const apart = mirrorListen === null
  return Promise.all([
    listener('console', localUrl(consoleListen), running, 'AIRLOCK_CONSOLE_LISTEN'),
    mirror === null && apart
      ? ok('mirror', {
          en: 'runs apart, at an address that AIRLOCK_MIRROR_URL does not say',
          zh: '独立运行，AIRLOCK_MIRROR_URL 未给出其地址',
        })
      : listener('mirror', mirror, running || apart, apart ? 'AIRLOCK_MIRROR_URL' : 'AIRLOCK_MIRROR_LISTEN'),
    checkGateway(gateway.port, running, signal),
  ])

  async function listener(name: string, url: string | null, expected: boolean, setting: string): Promise<Check> {
    if (url === null) return ok(name, anyPort)
    const client = makeClient([{ name, url }])
    try {
      const shown = withoutCredentials(url)
      const { status, body } = await client.fetch({
        url: `${shown}/healthz`,
        maxBytes: 65_536,
        signal,
        trust: 'configured',
      })
      const lives = status === 200 && /ok/.test(body.toString())
      if (expected && lives) return ok(name, same(shown))
      const what = lives ? { en: 'another Airlock', zh: '另一个 Airlock' } : { en: 'something else', zh: '其他程序' }
      return (expected ? failure : warning)(
        name,
        { en: `${what.en} answers at ${shown} (${status})`, zh: `${shown} 上应答的是${what.zh}（${status}）` },
        { en: `End it, or set ${setting}.`, zh: `请将其停止，或修改 ${setting}。` },
      )
    } catch (error) {
      if (!(error instanceof AirlockError) && !signal.aborted) throw error
      if (!expected) return ok(name, notRunning)
      const reason = (language: 'en' | 'zh') =>
        error instanceof AirlockError ? explain(error.code, error.fields, language).message : ''
      if (setting === 'AIRLOCK_MIRROR_URL') {
        // a network may keep the console from the mirror, as deploy/k8s does: the pods' side of it is theirs to see
        return warning(
          name,
          {
            en: `runs apart, and ${withoutCredentials(url)} does not answer here. ${reason('en')}`.trim(),
            zh: `独立运行，${withoutCredentials(url)} 在此处没有应答。${reason('zh')}`,
          },
          {
            en: 'Where only pods may reach it, look from a pod: setup.sh --check. Else see its log, and AIRLOCK_MIRROR_URL.',
            zh: '若仅 HomePod 可访问它，请在 HomePod 中查看：setup.sh --check。否则请查看其日志与 AIRLOCK_MIRROR_URL。',
          },
        )
      }
      return failure(
        name,
        {
          en: `nothing answers at ${withoutCredentials(url)}. ${reason('en')}`.trim(),
          zh: `${withoutCredentials(url)} 没有应答。${reason('zh')}`,
        },
        { en: `See the server’s log, and ${setting}.`, zh: `请查看服务器日志与 ${setting}。` },
      )
    } finally {
      client.close()
    }
  }
}

/** It answers the solvers alone, so that it is only seen whether somebody takes connections there. */
async function checkGateway(port: number, running: boolean, signal: AbortSignal): Promise<Check> {
  if (port === 0) return ok('gateway', anyPort)
  const address = `127.0.0.1:${port}`
  const taken = await accepts(port, signal)
  if (running && taken) return ok('gateway', same(address))
  if (!taken && !running) return ok('gateway', notRunning)
  return running
    ? failure(
        'gateway',
        { en: `nothing answers at ${address}`, zh: `${address} 没有应答` },
        {
          en: 'See the server’s log, and gateway.port in airlock.yaml.',
          zh: '请查看服务器日志与 airlock.yaml 中的 gateway.port。',
        },
      )
    : warning(
        'gateway',
        { en: `something else listens at ${address}`, zh: `其他程序正在监听 ${address}` },
        {
          en: 'End it, or set gateway.port in airlock.yaml.',
          zh: '请将其停止，或修改 airlock.yaml 中的 gateway.port。',
        },
      )
}

function accepts(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, signal })
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}

const anyPort: Phrase = { en: 'listens on any free port', zh: '监听任意空闲端口' }
const notRunning: Phrase = { en: 'not running', zh: '未运行' }

/** Null: any free port, which only the server knows. */
function localUrl({ host, port }: Address): string | null {
  if (port === 0) return null
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//')
}
