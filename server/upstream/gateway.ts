/**
 * The loopback listener that the solvers talk to instead of the internet. It opens no connection itself: its handlers
 * answer with what the one client fetched.
 * Invariant: GET and HEAD only, a loopback Host (a page in a browser on this machine must not be able to read from it),
 * no CONNECT; absolute-form targets, apt's way to ask a proxy, reach the proxy handler only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { AirlockError, problemOf } from '../errors.ts'

/** `path` is raw (undecoded, with its query): what follows the mount, beginning with `/`; for the proxy, the absolute URL. */
export type GatewayHandler = (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void>

export type Gateway = {
  /** `http://127.0.0.1:<port>`, without a trailing slash. Throws before listen(). */
  readonly url: string
  /** Hands everything below a prefix (`/pip`) to a handler; the longest prefix wins. Returns what takes it back. */
  mount(prefix: string, handler: GatewayHandler): () => void
  /** Takes absolute-form request targets, whatever their Host. Returns what takes it back. */
  proxy(handler: GatewayHandler): () => void
  /** Throws `address-unusable`. */
  listen(): Promise<void>
  /** Ends every connection and frees the port. */
  close(): Promise<void>
}

type Deps = {
  /** 0: any free one. */
  readonly port: number
  /** Told of every error that is not an AirlockError: the answer says nothing of it. */
  readonly onError?: (error: unknown) => void
}

const loopback = '127.0.0.1'
const loopbackHost = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i

export function createGateway({ port, onError = () => {} }: Deps): Gateway {
  const mounts = new Map<string, GatewayHandler>()
  let proxyHandler: GatewayHandler | null = null
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 60_000 })

  function route(target: string): readonly [GatewayHandler, string] | null {
    if (!target.startsWith('/')) return proxyHandler && [proxyHandler, target]
    const [path = ''] = target.split('?', 1)
    let best = ''
    for (const prefix of mounts.keys())
      if (prefix.length > best.length && (path === prefix || path.startsWith(`${prefix}/`))) best = prefix
    const handler = mounts.get(best)
    const rest = target.slice(best.length)
    return handler ? [handler, rest.startsWith('/') ? rest : `/${rest}`] : null
  }

  async function respond(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const target = req.url ?? '/'
    if (req.method !== 'GET' && req.method !== 'HEAD')
      return problem(res, 405, 'Only GET and HEAD are answered here.', '', { allow: 'GET, HEAD' })
    if (target.startsWith('/') && !loopbackHost.test(req.headers.host ?? ''))
      return problem(res, 403, 'This address answers to loopback host names only.')
    const found = route(target)
    if (found === null) return problem(res, 404, 'There is nothing here.')
    try {
      await found[0](req, res, found[1])
    } catch (error) {
      // whoever asked has gone: there is nobody to tell, and an abort on the way is not news
      if (res.destroyed) return
      if (!(error instanceof AirlockError)) onError(error)
      if (res.headersSent) return void res.destroy()
      if (!(error instanceof AirlockError)) return problem(res, 500, 'Airlock failed in a way it did not expect.')
      const { code, message, hint, fields } = problemOf(error)
      problem(res, 502, message, hint, {}, { code, fields })
    }
  }

  server.on('request', (req, res) => void respond(req, res))
  server.on('connect', (_req, socket: Socket) => {
    socket.on('error', () => socket.destroy())
    socket.end('HTTP/1.1 405 No CONNECT here\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  })

  return {
    get url() {
      const address = server.address() as AddressInfo | null
      if (address === null) throw new Error('the gateway does not listen yet')
      return `http://${loopback}:${address.port}`
    },
    mount(prefix, handler) {
      if (!/^(?:\/[A-Za-z0-9._~-]+)+$/.test(prefix)) throw new RangeError(`not a mount: ${JSON.stringify(prefix)}`)
      if (mounts.has(prefix)) throw new RangeError(`mounted twice: ${prefix}`)
      mounts.set(prefix, handler)
      return () => {
        if (mounts.get(prefix) === handler) mounts.delete(prefix)
      }
    },
    proxy(handler) {
      if (proxyHandler !== null) throw new RangeError('there is one proxy handler only')
      proxyHandler = handler
      return () => {
        if (proxyHandler === handler) proxyHandler = null
      }
    },
    listen: () =>
      new Promise((resolve, reject) => {
        const failed = (cause: NodeJS.ErrnoException) => {
          const reason = cause.code ?? cause.message
          const fields = { address: `${loopback}:${port}`, reason, setting: 'gateway.port' }
          reject(new AirlockError('address-unusable', fields, { cause }))
        }
        server.once('error', failed)
        server.listen(port, loopback, () => {
          server.off('error', failed)
          resolve()
        })
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Aborted when whoever asked has gone before the answer was complete. */
export function untilGone(res: ServerResponse): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => {
    if (!res.writableFinished) gone.abort()
  })
  return gone.signal
}

/** RFC 9457. uv prints title and detail; apt prints the reason phrase, so it carries the same words. */
function problem(
  res: ServerResponse,
  status: number,
  title: string,
  detail = '',
  headers: Readonly<Record<string, string>> = {},
  extra: object = {},
): void {
  const body = Buffer.from(JSON.stringify({ type: 'about:blank', title, status, ...(detail && { detail }), ...extra }))
  res.statusMessage = title.replace(/[^\x21-\x7e]+/g, ' ').slice(0, 200)
  res.writeHead(status, { ...headers, 'content-type': 'application/problem+json', 'content-length': body.length })
  res.end(res.req.method === 'HEAD' ? undefined : body)
}
