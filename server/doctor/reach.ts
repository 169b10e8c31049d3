/** The checks that ask somebody: the upstreams, by their own client, and the server's two listeners. */
import { AirlockError, explain } from '../errors.ts'
import type { Address, Config } from '../config.ts'
import type { PipUpstream } from '../pip/upstreams.ts'
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
  const from = `${url} (${source})`
  const page = `${url}${[...projects][0] ?? 'pip'}/`
  try {
    const { status, headers, body } = await client.open({ url: page, accept, maxBytes, signal, trust: 'configured' })
    body.destroy()
    const date = Date.parse(headers['date'] ?? '')
    const ahead = Number.isNaN(date) ? null : Date.now() - date
    if (status === 200 || status === 404) return { check: ok(title, same(from)), ahead }
    const refused = status === 401 || status === 403
    const todo = refused
      ? {
          en: 'Give it credentials: in its URL, pip’s configuration or ~/.netrc.',
          zh: '请提供凭据：写在其 URL、pip 配置或 ~/.netrc 中。',
        }
      : { en: 'See whether the URL is that of a simple index.', zh: '请确认该 URL 是 simple 索引的地址。' }
    return { check: failure(title, { en: `${from} answers ${status}`, zh: `${from} 返回 ${status}` }, todo), ahead }
  } catch (error) {
    if (signal.aborted) {
      const found = { en: `${from} does not answer in time`, zh: `${from} 未及时应答` }
      return {
        check: failure(title, found, {
          en: 'See to the network, and to HTTPS_PROXY where one is needed.',
          zh: '请检查网络；如需代理，请设置 HTTPS_PROXY。',
        }),
        ahead: null,
      }
    }
    return { check: failed(title, error), ahead: null }
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

/** Console and mirror, where a server runs on this state; else that nothing sits at their addresses. */
export async function checkListeners(
  { consoleListen, mirrorListen, mirrorUrl }: Config,
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
  ])

  async function listener(name: string, url: string | null, expected: boolean, setting: string): Promise<Check> {
    if (url === null) return ok(name, { en: 'listens on any free port', zh: '监听任意空闲端口' })
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
      if (!expected) return ok(name, { en: 'not running', zh: '未运行' })
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

/** Null: any free port, which only the server knows. */
function localUrl({ host, port }: Address): string | null {
  if (port === 0) return null
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//')
}
