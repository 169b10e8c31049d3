/**
 * What a mirror that runs apart tells Prometheus, on a listener of its own: pods reach the mirror's, and must not learn
 * from it what other pods read. Counts only, under the names that the console's /metrics gives them.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { MirrorCounts } from './counts.ts'

export type MetricsListener = {
  /** Resolves with the port. Rejects with the system's error. */
  listen(port: number, host: string): Promise<number>
  /** Ends every connection: a scrape that is lost is asked again. */
  close(): void
}

/** Scrapes are small and rare: whoever holds more connections open than this is none. */
const mostConnections = 16

export function createMetricsListener(counts: () => MirrorCounts): MetricsListener {
  const server = createServer({ keepAliveTimeout: 5000, headersTimeout: 5000, requestTimeout: 5000 }, (req, res) =>
    answer(req, res, counts),
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

function answer({ method, url = '' }: IncomingMessage, res: ServerResponse, counts: () => MirrorCounts): void {
  res.setHeader('X-Content-Type-Options', 'nosniff')
  if (method !== 'GET' && method !== 'HEAD') return void res.writeHead(405, { Allow: 'GET, HEAD' }).end()
  if (url.split('?', 1)[0] !== '/metrics') return void res.writeHead(404).end()
  res.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' })
  res.end(method === 'HEAD' ? undefined : textOf(counts()))
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/: counters that begin again with the process. */
function textOf({ answers, bytes, connections }: MirrorCounts): string {
  const families = [
    [
      'airlock_mirror_requests_total',
      'counter',
      'Answers of the mirror by status.',
      Object.entries(answers).map(([status, count]) => [`{status="${status}"}`, count]),
    ],
    ['airlock_mirror_sent_bytes_total', 'counter', 'Bytes that the mirror has written to its clients.', [['', bytes]]],
    ['airlock_mirror_connections', 'gauge', 'Open connections of the mirror.', [['', connections]]],
    ['process_resident_memory_bytes', 'gauge', 'Memory that the process holds.', [['', process.memoryUsage.rss()]]],
    [
      'process_cpu_seconds_total',
      'counter',
      'Processor time, of the system’s calls too.',
      [['', process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6]],
    ],
  ] as const
  return families
    .map(([name, type, help, samples]) => {
      const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`)
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
}
