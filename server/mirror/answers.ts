/** What answers carry, and the short ones. Headers are flat arrays, `[name, value, name, value]`, as node:http writes them fastest. */
import type { ServerResponse } from 'node:http'

export type Headers = readonly string[]

/**
 * Package bytes must never act as a page: no sniffing, no script, no frame, no referrer. A 304 has no bytes, and whoever
 * keeps an answer keeps these with it (RFC 9111, 4.3.4).
 */
export const guards: Headers = [
  'X-Content-Type-Options',
  'nosniff',
  'Content-Security-Policy',
  "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy',
  'no-referrer',
]

/** May be kept, must be asked about each time. */
export const revalidated: Headers = ['Cache-Control', 'no-cache']

/** The name contains the digest, so the bytes can never be others. */
export const immutable: Headers = ['Cache-Control', 'max-age=365000000, immutable']

/** `Connection: close`, for a client whose next bytes cannot be trusted to be a request. */
export const hangUp: Headers = ['Connection', 'close']

/** Writes a short text with its length; `reason` is the phrase that pip and apt show of a failed file. */
export function answerText(
  res: ServerResponse,
  status: number,
  text: string,
  { reason, headers = [] }: { readonly reason?: string; readonly headers?: Headers } = {},
): void {
  const body = Buffer.from(`${text}\n`)
  const head = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
    ...revalidated,
    ...guards,
    ...headers,
  ]
  if (reason === undefined) res.writeHead(status, head)
  else res.writeHead(status, reason, head)
  res.end(body)
}
