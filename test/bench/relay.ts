/**
 * The barest thing that could stand between uv and upstream: it passes on pages and ranges as they come, with the files'
 * addresses changed to its own, and fetches each wheel that uv touches. Nothing is judged, kept, proved or published.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Fetching } from './fetching.ts'

export type Relay = {
  /** Of its index. */
  readonly url: string
  /** The file of a URL that a page of ours had, in the folder. Each is fetched once. */
  fetch(url: string): Promise<void>
  close(): void
}

const inflate = promisify(gunzip)

/** `index`: upstream's, which must answer with JSON and without redirects. */
export async function startRelay(index: string, folder: string, { open, file }: Fetching): Promise<Relay> {
  const begun = new Map<string, Promise<void>>()

  function whole(url: string): Promise<void> {
    const fetched = begun.get(url) ?? file(url, join(folder, nameOf(url)), null)
    begun.set(url, fetched)
    return fetched
  }

  async function page(req: IncomingMessage, res: ServerResponse, name: string): Promise<void> {
    const url = `${index.replace(/\/$/, '')}/${name}/`
    const answer = await open(url, { accept: req.headers.accept, 'accept-encoding': 'gzip' })
    const sent = await buffer(answer)
    const body = answer.headers['content-encoding'] === 'gzip' ? await inflate(sent) : sent
    const ours = body
      .toString()
      .replaceAll(/"url":\s*"([^"#]+)[^"]*"/g, (_, link: string) => `"url":"${ourUrl(new URL(link, url).href)}"`)
    res.writeHead(answer.statusCode!, { 'content-type': answer.headers['content-type'] }).end(ours)
  }

  async function part(req: IncomingMessage, res: ServerResponse, url: string): Promise<void> {
    if (url.endsWith('.whl')) whole(url).catch(() => res.destroy())
    const { range } = req.headers
    const answer = await open(url, range === undefined ? {} : { range }, req.method)
    res.writeHead(answer.statusCode!, answer.headers)
    await pipeline(answer, res)
  }

  const server = createServer((req, res) => {
    const [kind, what] = req.url!.slice(1).split('/')
    const answered = kind === 'simple' ? page(req, res, what!) : part(req, res, upstreamUrl(req.url!))
    answered.catch(() => res.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `${base}/simple/`,
    fetch: (url) => whole(upstreamUrl(new URL(url, base).pathname)),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** With the file's own name at the end, by which uv knows what it is. */
function ourUrl(url: string): string {
  return `/files/${encodeURIComponent(url)}/${encodeURIComponent(nameOf(url))}`
}

function upstreamUrl(path: string): string {
  const [, , url = '', name = ''] = path.split('/')
  return decodeURIComponent(url) + (name.endsWith('.metadata') ? '.metadata' : '')
}

function nameOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.split('/').at(-1)!)
}
