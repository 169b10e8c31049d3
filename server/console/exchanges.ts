/** Each HTTP exchange by an id of its own: the client's, answered back, written into every line, kept with what was asked. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import type { NextFunction, Request, Response } from 'express'
import type { Log } from '../log.ts'

/** What a client may call its exchange; anything else is replaced, so that nobody writes into the log. */
export const reqIdPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{7,63}$/

/** What a client has written is no longer than this in a line of the log. */
const longest = 200

/** The id of an exchange: `X-Request-Id` where it is one, else a new one of 16 hexadecimal digits. */
export function idOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && reqIdPattern.test(header) ? header : randomBytes(8).toString('hex')
}

/** Runs what is done for an exchange, so that every line of the log says so. */
export type WithCause = (cause: () => { readonly reqId: string }, work: () => void) => void

/** Express's first: what comes after it, bodies that are still to be read included, is done for this exchange. */
export function noteExchanges(log: Log, withCause: WithCause) {
  return (req: Request, res: Response, next: NextFunction): void => {
    const reqId = idOf(req.headers['x-request-id'])
    const began = performance.now()
    res.set('X-Request-Id', reqId)
    withCause(
      () => ({ reqId }),
      () => {
        const answered = AsyncLocalStorage.bind(() => {
          const { method, path } = req
          // behind a proxy the first is the proxy's, and the second what it says of its client
          const from = req.socket.remoteAddress
          const forwardedFor = req.get('x-forwarded-for')?.slice(0, longest)
          const ms = Math.round(performance.now() - began)
          const status = res.headersSent ? res.statusCode : null
          const isReading = (method === 'GET' || method === 'HEAD') && status !== null && status < 400
          const line = { method, path: path.slice(0, longest), status, ms, from, forwardedFor }
          log[isReading ? 'debug' : 'info'](line, status === null ? 'left before an answer' : 'answered')
        })
        res.once('close', answered)
        next()
      },
    )
  }
}

/** The id that {@link noteExchanges} has given to what is answered here. */
export function reqIdOf(res: Response): string {
  return res.get('X-Request-Id')!
}
