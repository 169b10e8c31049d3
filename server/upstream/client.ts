/**
 * The only code that opens a connection to the outside.
 * Invariant: a request goes to a judged host with a constant User-Agent and without cookies, Referer or anything that a
 * client sent; a redirect is judged like the request itself; credentials go to their own scheme, host and port only.
 */
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { AirlockError } from '../errors.ts'
import type { Resolve } from './addresses.ts'
import { createAgents } from './agents.ts'
import { watched } from './body.ts'
import { createCredentials, withoutCredentials } from './credentials.ts'
import { defaultTimeouts, exchange, type Head, type Timeouts } from './exchange.ts'
import { UpstreamFault, invalidAnswer, statusError } from './faults.ts'
import { createJudge, type Trust, type Verdict } from './hosts.ts'
import { createNearest, type UpstreamOrigin } from './origins.ts'
import { readOwnProxy, readProxyEnv, type ProxyEnv, type ProxyRule } from './proxy.ts'
import { badGzip, largerThan, oddEncoding, tooManyHops } from './reasons.ts'
import { createTries, defaultPatience, retryAfter, wait as defaultWait, type Patience, type Wait } from './retry.ts'
import { createTurns } from './turns.ts'

export type { UpstreamOrigin } from './origins.ts'

export type Ask = {
  readonly url: string
  readonly method?: 'GET' | 'HEAD'
  readonly accept?: string
  readonly ifNoneMatch?: string
  readonly ifModifiedSince?: string
  readonly range?: string
  readonly ifRange?: string
  /** The body as it is sent, whatever encoding it is said to have: what is compressed by its own name. */
  readonly verbatim?: boolean
  /** Of the body, as sent and as inflated. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly trust: Trust
}

export type Answer<Body> = {
  readonly status: number
  /** The final one, without credentials. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

/** Read once, to its end; else it must be destroyed. */
export type Body = AsyncIterable<Buffer> & { destroy(): void }

export type UpstreamClient = {
  /**
   * Resolves with the head; the body is as sent (never inflated) and must be read to its end or destroyed. It is empty
   * for a status of 400 and more. Body errors are UpstreamFault or `upstream-answer-invalid` (too large).
   */
  open(ask: Ask): Promise<Answer<Body>>
  /** The whole body, gzip inflated, unless it is asked for verbatim. */
  fetch(ask: Ask): Promise<Answer<Buffer>>
  /** Does what the first request would wait for, without a connection. */
  prepare(): void
  /** Ends every kept socket. */
  close(): void
}

export type UpstreamClientDeps = {
  readonly origins: readonly UpstreamOrigin[]
  readonly proxyEnv?: ProxyEnv
  /** The content of ~/.netrc. */
  readonly netrc?: string | null
  /** PEM certificates to trust beside Node's and the system's. */
  readonly extraCa?: readonly string[]
  readonly timeouts?: Partial<Timeouts>
  readonly patience?: Partial<Patience>
  readonly wait?: Wait
  readonly now?: () => number
  readonly resolve?: Resolve
}

const maxHops = 3
const pagesPerHost = 32
const redirects = new Set([301, 302, 303, 307, 308])
const passing = new Set([429, 502, 503, 504])
const inflate = promisify(gunzip)

/**
 * Both calls throw `upstream-host-refused`, `upstream-unreachable`, `upstream-answer-invalid`, `upstream-status` (a
 * passing status that did not pass) or the signal's reason. Any other status is returned as it is.
 */
export function createUpstreamClient(deps: UpstreamClientDeps): UpstreamClient {
  const { wait = defaultWait, now = Date.now } = deps
  const timeouts = { ...defaultTimeouts, ...deps.timeouts }
  const patience = { ...defaultPatience, ...deps.patience }
  const judge = createJudge(deps.origins)
  const authorize = createCredentials(deps.origins, deps.netrc ?? null)
  const proxyOf = createProxies(deps.origins, deps.proxyEnv ?? {})
  const agents = createAgents({
    extraCa: deps.extraCa ?? [],
    connectTimeout: timeouts.lookup + timeouts.connect,
    resolve: deps.resolve,
  })
  const pages = createTurns(pagesPerHost)

  /** One try: the request and its redirects, up to a head that is none. */
  async function follow(ask: Ask, encoding: string): Promise<Head & { readonly url: URL }> {
    let verdict = judge(ask.url, ask.trust)
    // what an upstream sends elsewhere is fetched by the same way
    const proxy = proxyOf(verdict.url)
    for (let hop = 0; ; hop++) {
      const head = await exchange({ ...request(ask, verdict, encoding), agents: agents.for(verdict, proxy), timeouts })
      const { url } = verdict
      const location = head.headers['location']
      if (!redirects.has(head.status) || location === undefined) return { ...head, url }
      await discard(head, url, ask.signal)
      if (hop === maxHops) throw invalidAnswer(url, tooManyHops(maxHops))
      // headers arrive as bytes; the URLs in them are UTF-8
      verdict = judge(Buffer.from(location, 'latin1').toString(), ask.trust, url)
    }
  }

  function request(ask: Ask, { url }: Verdict, encoding: string) {
    const authorization = authorize(url)
    const headers = {
      'accept-encoding': encoding,
      ...(ask.accept !== undefined && { accept: ask.accept }),
      ...(ask.ifNoneMatch !== undefined && { 'if-none-match': ask.ifNoneMatch }),
      ...(ask.ifModifiedSince !== undefined && { 'if-modified-since': ask.ifModifiedSince }),
      ...(ask.range !== undefined && { range: ask.range }),
      ...(ask.ifRange !== undefined && { 'if-range': ask.ifRange }),
      ...(authorization !== null && { authorization }),
    }
    return { url, method: ask.method ?? 'GET', headers, signal: ask.signal } as const
  }

  function bodyOf(head: Head & { readonly url: URL }, ask: Ask) {
    const { maxBytes, signal } = ask
    return watched(head.stream, { url: head.url, length: head.length, maxBytes, pace: timeouts, signal })
  }

  /** Reads a small body that nobody wants, so that its socket can be used again; ends the socket of a large one. */
  async function discard(head: Head, url: URL, signal: AbortSignal): Promise<void> {
    if (head.length === null || head.length > 65_536) head.stream.destroy()
    else await drain(bodyOf({ ...head, url }, { url: url.href, maxBytes: 65_536, signal, trust: 'configured' }))
  }

  /** Tries until it succeeds, fails for good or patience is at its end. */
  async function persist<T extends { status: number; headers: Head['headers']; url: URL }>(
    ask: Ask,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const tries = createTries(patience)
    for (;;) {
      let failure: AirlockError
      let atLeast = 0
      try {
        const answer = await attempt()
        if (!passing.has(answer.status)) return answer
        failure = statusError(answer.url, answer.status)
        atLeast = retryAfter(answer.headers['retry-after'], now())
      } catch (error) {
        if (!(error instanceof UpstreamFault && error.passing)) throw error
        failure = error
      }
      const ms = tries.next(atLeast)
      if (ms === null) throw failure
      await wait(ms, ask.signal)
    }
  }

  return {
    async open(ask) {
      const head = await persist(ask, async () => {
        const found = await follow(ask, 'identity')
        if (found.status >= 400) await discard(found, found.url, ask.signal)
        return found
      })
      const { status, headers, url } = head
      if (status >= 400) return { status, headers, url: withoutCredentials(url), body: Readable.from([]) }
      // a generator that waits for upstream cannot be ended from outside, the stream it waits for can
      const body = Object.assign(bodyOf(head, ask), { destroy: () => void head.stream.destroy() })
      return { status, headers, url: withoutCredentials(url), body }
    },
    async fetch(ask) {
      const release = await pages.turn(judge(ask.url, ask.trust).url.host, ask.signal)
      try {
        const { status, headers, url, body } = await persist(ask, async () => {
          if (ask.verbatim === true) {
            const head = await follow(ask, 'identity')
            return { ...head, body: await collect(bodyOf(head, ask)) }
          }
          const head = await follow(ask, 'gzip')
          return {
            ...head,
            body: await inflated(await collect(bodyOf(head, { ...ask, maxBytes: zipped(ask.maxBytes) })), head, ask),
          }
        })
        return { status, headers, url: withoutCredentials(url), body }
      } finally {
        release()
      }
    },
    prepare() {
      if (deps.origins.some(({ url }) => url.startsWith('https:'))) agents.prepare()
    },
    close: () => agents.close(),
  }
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

async function drain(chunks: AsyncIterable<Buffer>): Promise<void> {
  try {
    for await (const _ of chunks);
  } catch {
    // nobody wants this body, and its socket is gone
  }
}

async function inflated(body: Buffer, head: Head & { readonly url: URL }, { maxBytes }: Ask): Promise<Buffer> {
  const encoding = (head.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || body.length === 0) {
    if (body.length > maxBytes) throw invalidAnswer(head.url, largerThan(maxBytes))
    return body
  }
  if (encoding !== 'gzip' && encoding !== 'x-gzip') throw invalidAnswer(head.url, oddEncoding(encoding))
  try {
    return await inflate(body, { maxOutputLength: maxBytes, chunkSize: chunkFor(body) })
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE')
      throw invalidAnswer(head.url, largerThan(maxBytes))
    throw new UpstreamFault(head.url.host, badGzip)
  }
}

/**
 * The size that the page says it will have (RFC 1952 2.3.1, ISIZE), so that it is inflated in one trip to the thread pool
 * and into no more memory than it needs. Only a guess, and bounded: it may be a lie.
 */
function chunkFor(body: Buffer): number {
  const stated = body.length < 18 ? 0 : body.readUInt32LE(body.length - 4)
  return Math.min(Math.max(stated + 1, 1 << 12), 1 << 20)
}

/** The most that gzip makes of so many bytes, when it finds nothing to save. */
function zipped(bytes: number): number {
  return bytes + Math.ceil(bytes / 1000) + 64
}

/** Of an origin its own proxy, of everything else the environment's. */
function createProxies(origins: readonly UpstreamOrigin[], env: ProxyEnv): (url: URL) => ProxyRule {
  const common = readProxyEnv(env)
  const nearest = createNearest(
    origins.map(({ url, proxy }) => [new URL(url), proxy === undefined ? common : readOwnProxy(proxy, env)]),
  )
  return (url) => nearest(url) ?? common
}
