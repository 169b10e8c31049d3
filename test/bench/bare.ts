/**
 * What node's own HTTP server costs with nothing behind it: pages kept as they were when first asked for, never looked at
 * again, no form or encoding chosen. A process of its own: `node bare.ts ROOT`, its port on stdout.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { guards, revalidated } from '../../server/mirror/answers.ts'

export const bareFile = fileURLToPath(import.meta.url)

if (process.argv[1] === bareFile) {
  const root = process.argv[2]!
  const pages = new Map<string, { readonly body: Buffer; readonly headers: string[] }>()
  const unchanged = ['ETag', '"bare"', ...revalidated, 'Vary', 'Accept, Accept-Encoding']
  const load = (url: string) => {
    const body = readFileSync(join(root, url, 'index.json.gz'))
    const own = ['Content-Type', 'application/vnd.pypi.simple.v1+json', 'Content-Encoding', 'gzip']
    const page = { body, headers: [...own, 'Content-Length', String(body.length), ...unchanged, ...guards] }
    pages.set(url, page)
    return page
  }
  const server = createServer({ keepAliveTimeout: 0, optimizeEmptyRequests: true }, (req, res) => {
    const { body, headers } = pages.get(req.url!) ?? load(req.url!)
    if (req.headers['if-none-match'] !== undefined) res.writeHead(304, unchanged).end()
    else res.writeHead(200, headers).end(body)
  })
  server.listen(0, '127.0.0.1', () =>
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`),
  )
  process.once('SIGTERM', () => process.exit())
}
