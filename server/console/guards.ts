/** Who may speak to the console: not a page of another site, not a name that was made to point here. */
import { isIP } from 'node:net'
import type { NextFunction, Request, Response } from 'express'
import { operations } from '../contract.ts'
import { AirlockError } from '../errors.ts'

/**
 * DNS rebinding: a foreign name that resolves to us is refused. Addresses and `localhost` cannot be rebound; other names
 * must be the console's own.
 */
export function refuseForeignHosts(consoleUrl: string | null) {
  const own = consoleUrl === null ? null : new URL(consoleUrl).hostname
  return (req: Request, _: Response, next: NextFunction): void => {
    const host = req.headers.host ?? ''
    const name = URL.parse(`http://${host}`)?.hostname ?? ''
    if (name === 'localhost' || name === own || isIP(name.replace(/^\[|\]$/g, '')) !== 0) return next()
    throw new AirlockError('host-refused', { host })
  }
}

/** Cross-site requests: a browser says where it comes from, a command line says nothing; anything else changes nothing here. */
export function refuseCrossSite(req: Request, _: Response, next: NextFunction): void {
  if (req.method === 'GET' || req.method === 'HEAD') return next()
  const site = req.headers['sec-fetch-site']
  const origin = req.headers.origin
  const sameOrigin = origin === undefined || URL.parse(origin)?.host === req.headers.host
  if (sameOrigin && (site === undefined || site === 'same-origin')) return next()
  throw new AirlockError('origin-refused')
}

/** Bodies are JSON or, where an operation takes a file, text; a form cannot be posted here from another site. */
export function requireJson(req: Request, _: Response, next: NextFunction): void {
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
  if (!hasBody || req.is('application/json') || (req.is('text/plain') && takesFile(req))) return next()
  throw new AirlockError('media-type-unsupported', {
    type: req.headers['content-type'] ?? '',
    accepted: 'application/json',
  })
}

function takesFile(req: Request): boolean {
  return Object.values(operations).some(
    (row) => 'file' in row && row.path === req.path && row.method.toUpperCase() === req.method,
  )
}
