/** One request and the head of its answer, over got with everything off that it does on its own. */
import got, { type Response } from 'got'
import type { Readable } from 'node:stream'
import type { AgentPair } from './agents.ts'
import type { Pace } from './body.ts'
import { UpstreamFault, faultOf, invalidAnswer } from './faults.ts'
import { byPhase, endNotMarked } from './reasons.ts'

/** Milliseconds for each phase of a request; the pace of its body. */
export type Timeouts = Pace & {
  readonly lookup: number
  readonly connect: number
  readonly secureConnect: number
  readonly response: number
}

export const defaultTimeouts: Timeouts = {
  lookup: 10_000,
  connect: 10_000,
  secureConnect: 10_000,
  response: 60_000,
  idle: 30_000,
  window: 60_000,
  minRate: 1024,
}

export type Head = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly stream: Readable
  /** What Content-Length states; null for a chunked body; 0 where there can be none. */
  readonly length: number | null
}

/**
 * Sends one request and waits for the answer's head. Headers are exactly the given ones beside Host and the constant
 * User-Agent. Throws UpstreamFault, `upstream-host-refused` (an address), or the signal's reason.
 * A body whose end nothing marks (neither length nor chunks) is refused: cut short, it would look whole.
 */
export async function exchange(request: {
  readonly url: URL
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Of a POST, whose answer's end need not be marked: its status is what counts. */
  readonly body?: Buffer
  readonly headers: Readonly<Record<string, string>>
  readonly agents: AgentPair
  readonly timeouts: Timeouts
  readonly signal: AbortSignal
}): Promise<Head> {
  const { url, method, timeouts, signal } = request
  signal.throwIfAborted()
  const { lookup, connect, secureConnect, response } = timeouts
  const stream = got.stream(url, {
    method,
    headers: { 'user-agent': 'airlock', ...request.headers },
    ...(request.body && { body: request.body }),
    agent: request.agents,
    timeout: { lookup, connect, secureConnect, response },
    http2: false,
    decompress: false,
    followRedirect: false,
    throwHttpErrors: false,
    retry: { limit: 0 },
    cache: false,
  })
  const answer = await head(stream, url.host, lookup + connect + secureConnect + response, signal)
  const headers = plainHeaders(answer.headers)
  const bodiless = method === 'HEAD' || answer.statusCode === 204 || answer.statusCode === 304
  const stated = headers['content-length']
  const chunked = /(?:^|,)\s*chunked\s*$/i.test(headers['transfer-encoding'] ?? '')
  if (!bodiless && !chunked && !request.body && !/^\d{1,15}$/.test(stated ?? '')) {
    stream.destroy()
    throw invalidAnswer(url, endNotMarked)
  }
  return {
    status: answer.statusCode,
    headers,
    stream: stream as unknown as Readable,
    length: bodiless ? 0 : chunked || stated === undefined ? null : Number(stated),
  }
}

/** `limit` bounds all phases together: a proxy that never opens its tunnel is in none of them. */
function head(stream: ReturnType<typeof got.stream>, host: string, limit: number, signal: AbortSignal) {
  return new Promise<Response>((resolve, reject) => {
    const late = setTimeout(() => fail(new UpstreamFault(host, byPhase['response']!)), limit)
    const settle = () => {
      clearTimeout(late)
      signal.removeEventListener('abort', aborted)
      stream.off('response', answered)
    }
    const fail = (error: unknown) => {
      settle()
      stream.destroy()
      reject(error instanceof Error ? error : new Error(String(error)))
    }
    const aborted = () => fail(signal.reason)
    const answered = (response: Response) => {
      settle()
      resolve(response)
    }
    // stays: without a listener a late error would end the process
    stream.on('error', (error) => fail(faultOf(error, host)))
    stream.on('response', answered)
    signal.addEventListener('abort', aborted, { once: true })
  })
}

function plainHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && name !== 'set-cookie') plain[name] = Array.isArray(value) ? value.join(', ') : value
  return plain
}
