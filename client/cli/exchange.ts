/** One HTTP exchange with the console. node:http, since the built-in fetch gives up on an answer that takes minutes. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { Unreachable } from './failures.ts'

export type Exchange = {
  readonly url: URL
  /** The server's address for messages. */
  readonly shown: string
  readonly method: string
  readonly headers: OutgoingHttpHeaders
  /** Sent as JSON; a string as plain text. */
  readonly body?: object | string | undefined
  /** Milliseconds without a byte after which the server counts as gone; 0: never. */
  readonly idle: number
  /** Milliseconds until a connection must stand. */
  readonly connect?: number
  readonly signal?: AbortSignal | undefined
}

/** `reqId`: what the server calls the exchange in its log; null: it does not say. */
type Exchanged = {
  readonly status: number
  readonly type: string
  readonly text: string
  readonly reqId: string | null
}

/** Any status is an answer. Throws Unreachable when there is none, or not a whole one. */
export function exchange({ url, shown, method, headers, body, idle, connect = 10_000, signal }: Exchange) {
  const { promise, resolve, reject } = Promise.withResolvers<Exchanged>()
  const secure = url.protocol === 'https:'
  // A kept connection would break under a command that waits while the server restarts.
  const agent = secure ? new HttpsAgent({ keepAlive: false }) : new HttpAgent({ keepAlive: false })
  const isText = typeof body === 'string'
  const bytes = body === undefined ? undefined : Buffer.from(isText ? body : JSON.stringify(body))
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json'
  const all = { ...headers, ...(bytes && { 'content-type': type, 'content-length': bytes.length }) }
  const options = { method: method.toUpperCase(), headers: all, agent, ...(signal && { signal }) }
  const req = (secure ? httpsRequest : httpRequest)(url, options)

  let connected = false
  const fail = (error: NodeJS.ErrnoException) => reject(new Unreachable(shown, error.code ?? error.message, connected))
  const giveUp = () => req.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }))
  const patience = setTimeout(giveUp, connect)
  req.on('error', fail).on('close', () => clearTimeout(patience))
  req.on('socket', (socket) =>
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      connected = true
      clearTimeout(patience)
    }),
  )
  if (idle > 0) req.setTimeout(idle, giveUp)
  req.on('response', (res: IncomingMessage) => {
    const chunks: Buffer[] = []
    res.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', fail)
    res.on('end', () => {
      const type = res.headers['content-type'] ?? ''
      const said = res.headers['x-request-id']
      const reqId = typeof said === 'string' ? said : null
      resolve({ status: res.statusCode ?? 0, type, text: Buffer.concat(chunks).toString('utf8'), reqId })
    })
  })
  req.end(bytes)
  return promise
}
