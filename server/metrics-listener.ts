/**
 * What Prometheus is told, on a listener of its own, where pods must not reach what it asks: they would learn what others
 * read.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type MetricsListener = {
  /** Resolves with the port. Rejects with the system's error. */
  listen(port: number, host: string): Promise<number>
  /** Ends every connection: a scrape that is lost is asked again. */
  close(): void
}

/** Scrapes are small and rare: whoever holds more connections open than this is none. */
const mostConnections = 16

/** `text` in Prometheus' own format; `onError` hears why it could not be had, which a scrape is answered 500 for. */
export function createMetricsListener(
  text: () => string | Promise<string>,
  onError: (error: unknown) => void,
): MetricsListener {
  const server = createServer(
    { keepAliveTimeout: 5000, headersTimeout: 5000, requestTimeout: 5000 },
    (req, res) => void answer(req, res, text, onError),
  )
  server.maxConnections = mostConnections
  server.timeout = 60_000
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.removeListener('error', reject)
          resolve((server.address() as AddressInfo).port)
        })
      }),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function answer(
  { method, url = '' }: IncomingMessage,
  res: ServerResponse,
  text: () => string | Promise<string>,
  onError: (error: unknown) => void,
) {
  res.setHeader('X-Content-Type-Options', 'nosniff')
  if (method !== 'GET' && method !== 'HEAD') return void res.writeHead(405, { Allow: 'GET, HEAD' }).end()
  if (url.split('?', 1)[0] !== '/metrics') return void res.writeHead(404).end()
  let told: string
  try {
    told = await text()
  } catch (error) {
    onError(error)
    return void res.writeHead(500).end()
  }
  res.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' })
  res.end(method === 'HEAD' ? undefined : told)
}
