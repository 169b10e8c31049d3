/** The console: Express around the contract's operations. It knows HTTP; the API behind it does not. */
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import type { z } from 'zod'
import { operations, type Operation } from '../contract.ts'
import { AirlockError, type Language } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Api } from './operations.ts'
import type { EventStream } from './event-stream.ts'
import { noteExchanges, reqIdOf, type WithCause } from './exchanges.ts'
import { refuseCrossSite, refuseForeignHosts, requireJson } from './guards.ts'
import { describeApi } from './openapi.ts'
import type { Page } from './page.ts'
import { toProblem } from './problems.ts'

type Deps = {
  readonly api: Api
  readonly page: Page
  readonly stream: EventStream
  readonly log: Log
  readonly withCause: WithCause
  readonly consoleUrl: string | null
  /** What Prometheus is given. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> }
}
type Schemas = {
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  readonly file?: z.ZodType
  readonly answer: z.ZodType
}

const securityHeaders = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

export function createConsole({ api, page, metrics, stream, log, withCause, consoleUrl }: Deps): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', 'strong')
  app.use(noteExchanges(log, withCause))
  app.use((_, res, next) => {
    res.set(securityHeaders)
    next()
  })
  app.use(refuseForeignHosts(consoleUrl), refuseCrossSite, requireJson)
  // descriptions and locks; as JSON each line's end is two bytes, and some characters are more
  app.post([operations.addTarget.path, operations.convertLock.path], express.json({ limit: '20mb' }))
  app.post(
    [operations.addTarget.path, operations.createRequests.path],
    express.text({ limit: '10mb', type: 'text/plain' }),
  )
  app.use(express.json({ limit: '2mb' }), express.text({ limit: '2mb', type: 'text/plain' }))

  for (const operation of Object.keys(operations) as Operation[]) {
    const { method, path } = operations[operation]
    app[method](path, answer(api, operation))
  }
  app.get('/api/events', (req, res) => stream(req, res, null))
  app.get('/api/requests/:id/events', async (req, res) => {
    const { params, language } = { params: operations.getRequest.params.parse(req.params), language: languageOf(req) }
    await api.getRequest({ params, language, query: undefined, body: undefined })
    await stream(req, res, params.id)
  })
  app.get('/metrics', async (_, res) => {
    const text = await metrics.metrics()
    res.set('Cache-Control', 'no-store').type(metrics.contentType).send(text)
  })
  const description = describeApi()
  app.get('/api/openapi.json', (_, res) => void res.set('Cache-Control', 'no-cache').json(description))

  app.use(page)
  app.use((req: Request) => {
    throw new AirlockError('route-unknown', { method: req.method, path: req.path })
  })
  // Express knows an error's route by its four parameters
  app.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    const problem = toProblem(error, languageOf(req))
    if (problem.status >= 500) log.error({ err: error, method: req.method, path: req.path }, 'request failed')
    if (res.headersSent) return next(error)
    res.status(problem.status).type('application/problem+json').json(problem)
  })
  return app
}

/** Checks the input by the operation's schemas, and answers with its status; nothing of an answer is cached. */
function answer(api: Api, operation: Operation) {
  const row = operations[operation]
  const schemas: Schemas = row
  return async (req: Request, res: Response): Promise<void> => {
    const left = new AbortController()
    res.once('close', () => left.abort())
    const isFile = schemas.file !== undefined && typeof req.body === 'string'
    const input = {
      params: schemas.params?.parse(req.params),
      query: schemas.query?.parse(req.query),
      body: isFile ? undefined : schemas.body?.parse(req.body ?? {}),
      file: isFile ? { ...(schemas.file.parse(req.query) as object), text: req.body } : undefined,
      language: languageOf(req),
      signal: left.signal,
      reqId: reqIdOf(res),
    }
    // the operation's own schemas have read it
    const result = await api[operation](input as never).catch((error: unknown) => {
      if (left.signal.aborted) return null
      throw error
    })
    if (result === null) return
    res.set('Cache-Control', 'no-store')
    if (operation === 'createRequests' || operation === 'repeatRequest' || operation === 'withdraw')
      res.location(locationOf(result as { requests: readonly { id: number; batch: string }[] }))
    res.status('status' in result && result.status === 'unready' ? 503 : row.status).json(result)
  }
}

function locationOf({ requests }: { readonly requests: readonly { readonly id: number }[] }): string {
  return `/api/requests/${requests[0]!.id}`
}

export function languageOf(req: Request): Language {
  const [first] = req.acceptsLanguages()
  return first?.toLowerCase().startsWith('zh') ? 'zh' : 'en'
}
