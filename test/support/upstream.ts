/**
 * An upstream on loopback whose faults a test chooses, and which writes down what it was asked.
 *
 *   const upstream = await startUpstream()
 *   upstream.on('/simple/six/', page('<a href="…">', { etag: '"1"' }))         every request to that path
 *   upstream.on('/six.whl', cut(wheel, 1000), file(wheel, { etag: '"1"' }))    the first one, then all others
 *   const answer = await fetch(`${upstream.url}/six.whl`)
 *   upstream.requests                                                           [{ method, path, headers }, …]
 *   await upstream.close()
 *
 * An {@link Answer} is any function of request and response, so a test can add its own; a path without one is a 404.
 * Of the ready ones, `file` and `page` are honest (Range, If-Range, If-None-Match, HEAD); each other has one fault.
 * `{ tls: … }` speaks https with that key and certificate. Nothing listens outside loopback.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

export type Answer = (req: IncomingMessage, res: ServerResponse) => unknown
export type Asked = { readonly method: string; readonly path: string; readonly headers: IncomingHttpHeaders }

export type Upstream = {
  /** Without a trailing slash. */
  readonly url: string
  readonly port: number
  /** In the order of arrival. */
  readonly requests: readonly Asked[]
  /** Answers of one path (with its query): one a request, the last one from then on. */
  on(path: string, ...answers: readonly Answer[]): void
  /** What a path without answers gets; at first a 404. */
  otherwise(answer: Answer): void
  /** The requests of one path. */
  asked(path: string): readonly Asked[]
  /** Ends every connection. */
  close(): Promise<void>
}

export async function startUpstream(options: { readonly tls?: { key: string; cert: string } } = {}): Promise<Upstream> {
  const routes = new Map<string, Answer[]>()
  const requests: Asked[] = []
  let fallback: Answer = status(404)
  const respond = (req: IncomingMessage, res: ServerResponse) => {
    const path = req.url ?? ''
    requests.push({ method: req.method ?? '', path, headers: req.headers })
    const answers = routes.get(path)
    const answer = answers === undefined ? fallback : answers.length > 1 ? answers.shift()! : answers[0]!
    res.on('error', () => {})
    answer(req, res)
  }
  const server = options.tls ? createSecureServer(options.tls, respond) : createServer(respond)
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests,
    on: (path, ...answers) => void routes.set(path, [...answers]),
    otherwise: (answer) => (fallback = answer),
    asked: (path) => requests.filter((request) => request.path === path),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type FileOptions = {
  readonly etag?: string
  readonly lastModified?: string
  readonly type?: string
  /** Whether Range is honoured; true unless said otherwise. */
  readonly ranges?: boolean
  readonly chunked?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** An honest file. */
export function file(bytes: Uint8Array | string, options: FileOptions = {}): Answer {
  const body = Buffer.from(bytes)
  return (req, res) => {
    const { etag, lastModified, type = 'application/octet-stream', ranges = true } = options
    const headers: Record<string, string> = {
      'content-type': type,
      ...(etag && { etag }),
      ...(lastModified && { 'last-modified': lastModified }),
      ...options.headers,
    }
    if (etag !== undefined && req.headers['if-none-match'] === etag) return res.writeHead(304, headers).end()
    if (lastModified !== undefined && etag === undefined && req.headers['if-modified-since'] === lastModified)
      return res.writeHead(304, headers).end()
    const [, from, to] = (ranges && /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '')) || []
    const sameAsBefore = req.headers['if-range'] === undefined || req.headers['if-range'] === etag
    if (from !== undefined && sameAsBefore) {
      const start = Number(from)
      if (start >= body.length) return res.writeHead(416, { 'content-range': `bytes */${body.length}` }).end()
      const end = to ? Math.min(Number(to), body.length - 1) : body.length - 1
      headers['content-range'] = `bytes ${start}-${end}/${body.length}`
      return whole(req, res, 206, headers, body.subarray(start, end + 1), options.chunked)
    }
    return whole(req, res, 200, headers, body, options.chunked)
  }
}

/** An honest page: HTML unless its type says otherwise, gzip where that is accepted. */
export function page(text: string, options: FileOptions = {}): Answer {
  const plain = file(text, { type: 'text/html', ranges: false, ...options })
  const zipped = file(gzipSync(text), {
    type: 'text/html',
    ranges: false,
    ...options,
    headers: { 'content-encoding': 'gzip', ...options.headers },
  })
  return (req, res) => (/\bgzip\b/.test(req.headers['accept-encoding'] ?? '') ? zipped : plain)(req, res)
}

function whole(
  req: IncomingMessage,
  res: ServerResponse,
  code: number,
  headers: Record<string, string>,
  body: Buffer,
  chunked = false,
) {
  res.writeHead(code, { ...headers, ...(!chunked && { 'content-length': String(body.length) }) })
  return res.end(req.method === 'HEAD' ? undefined : body)
}

/** A status with a short body. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, res) => {
    // bytes, since a string would have the headers sent in its encoding
    const body = Buffer.from(`this is a ${code}`)
    return res.writeHead(code, { 'content-type': 'text/plain', 'content-length': body.length, ...headers }).end(body)
  }
}

export function redirect(location: string, code = 302): Answer {
  return status(code, { location })
}

/**
 * States the whole length (of the rest, when asked for a range), sends so many bytes, ends the connection. How many of
 * them arrive is then a matter of chance: where that counts, let the reader give up a {@link stall}.
 */
export function cut(bytes: Uint8Array | string, after: number, options: FileOptions = {}): Answer {
  return partly(bytes, after, options, (_, res) => res.destroy())
}

/** As {@link cut}, but the connection stays open and silent. */
export function stall(bytes: Uint8Array | string, after: number, options: FileOptions = {}): Answer {
  return partly(bytes, after, options, () => {})
}

/** A few bytes every few milliseconds, to the end. */
export function trickle(bytes: Uint8Array | string, chunk: number, everyMs: number, options: FileOptions = {}): Answer {
  const body = Buffer.from(bytes)
  return partly(body, 0, options, (start, res) => {
    let at = start
    const timer = setInterval(() => {
      res.write(body.subarray(at, (at += chunk)))
      if (at < body.length) return
      clearInterval(timer)
      res.end()
    }, everyMs)
    res.on('close', () => clearInterval(timer))
  })
}

function partly(
  bytes: Uint8Array | string,
  after: number,
  options: FileOptions,
  then: (from: number, res: ServerResponse) => void,
): Answer {
  const body = Buffer.from(bytes)
  return (req, res) => {
    const [, from] = (options.etag !== undefined && /^bytes=(\d+)-$/.exec(req.headers.range ?? '')) || []
    const start = Number(from ?? 0)
    res.writeHead(from === undefined ? 200 : 206, {
      'content-type': options.type ?? 'application/octet-stream',
      ...(options.etag && { etag: options.etag }),
      ...(from !== undefined && { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` }),
      ...(!options.chunked && { 'content-length': String(body.length - start) }),
      ...options.headers,
    })
    res.flushHeaders()
    const piece = body.subarray(start, start + after)
    if (piece.length === 0) then(start, res)
    else res.write(piece, () => void afterTurns(50).then(() => then(start + after, res)))
  }
}

/** A connection's end overtakes bytes that its reader has not taken yet: so that some arrive, it waits for a little. */
async function afterTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

/** A body of another length than Content-Length states. */
export function lyingLength(bytes: Uint8Array | string, stated: number): Answer {
  return raw(
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${stated}\r\n\r\n`),
      Buffer.from(bytes),
    ]),
  )
}

/** A body that only the connection's end marks. */
export function unmarkedEnd(bytes: Uint8Array | string): Answer {
  return raw(
    Buffer.concat([
      Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n'),
      Buffer.from(bytes),
    ]),
  )
}

/** Bytes on the wire in place of a response, then the connection's end. */
export function raw(bytes: Uint8Array | string): Answer {
  return (req) => req.socket.end(bytes)
}

/** The connection is reset in place of an answer. */
export function reset(): Answer {
  return (req) => req.socket.resetAndDestroy()
}

/** No answer at all, for as long as the other side bears it. */
export function silence(): Answer {
  return () => {}
}

/** A 206 whose Content-Range is the given one, whatever was asked. */
export function badRange(contentRange: string, bytes: Uint8Array | string, etag = '"1"'): Answer {
  return (_, res) =>
    res.writeHead(206, { 'content-range': contentRange, etag, 'content-length': Buffer.from(bytes).length }).end(bytes)
}

/** Few bytes that inflate to many zeros. */
export function bomb(inflatedBytes: number): Answer {
  const body = gzipSync(Buffer.alloc(inflatedBytes), { level: 9 })
  return file(body, { type: 'text/html', headers: { 'content-encoding': 'gzip' } })
}

/** A body that never ends, chunked. */
export function endless(chunk = Buffer.alloc(65_536, 'x')): Answer {
  return (_, res) => {
    res.writeHead(200, { 'content-type': 'text/html' })
    const more = () => {
      while (!res.destroyed && res.write(chunk));
    }
    res.on('drain', more)
    more()
  }
}
