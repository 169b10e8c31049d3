/**
 * apt's http proxy on loopback: what apt asks of an archive, our one client asks for it. apt verifies what it gets
 * itself; we only carry. Invariant: only the configured archives are asked, and nothing of apt's own headers goes on.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Outside, Page } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import { fromGateway, type Source } from './sources.ts'

type Deps = {
  readonly outside: Pick<Outside, 'page'>
  readonly sources: () => Iterable<Source>
  /** The most bytes of one file; see {@link usualLimits}. */
  readonly limits?: Limits
}

type Limits = { readonly release: number; readonly index: number }

/** A Release file is a tenth of this, and so is the largest index of an archive that anybody runs. */
const usualLimits: Limits = { release: 4 << 20, index: 512 << 20 }
/** Seconds. */
const forever = 365 * 86_400

export function createAptGateway({ outside, sources, limits = usualLimits }: Deps) {
  function isConfigured(url: URL): boolean {
    for (const { uris } of sources())
      for (const uri of uris) {
        const base = URL.parse(uri)
        if (base?.origin === url.origin && url.pathname.startsWith(base.pathname)) return true
      }
    return false
  }

  /** What is named by its digest never changes once it is right; everything else is asked for anew. */
  async function fetch({ href }: URL, signal: AbortSignal): Promise<Page | null> {
    const maxBytes = /\/(?:In)?Release(?:\.gpg)?$/.test(href) ? limits.release : limits.index
    // apt's files are compressed by their names, and apt looks at no other encoding
    const options = { accept: '*/*', verbatim: true, maxBytes, signal }
    const digest = /\/by-hash\/SHA256\/([0-9a-f]{64})$/.exec(href)?.[1]
    const kept = digest === undefined ? null : await outside.page(href, { ...options, maxAge: forever })
    return kept && kept.sha256 === digest ? kept : outside.page(href, { ...options, maxAge: 0 })
  }

  /** Handles absolute-form requests. Answers 403 for what is no configured archive, 404, or 502 with the cause. */
  return async function proxy(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = URL.parse(fromGateway(req.url ?? ''))
    if (req.method !== 'GET' && req.method !== 'HEAD') return refuse(res, 405, 'Only GET and HEAD')
    if (!url || !isConfigured(url)) return refuse(res, 403, 'Not a configured archive')
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    try {
      const page = await fetch(url, gone.signal)
      if (!page) return refuse(res, 404, 'Not Found')
      res.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-length': page.body.length,
        'last-modified': new Date(page.fetchedAt).toUTCString(),
      })
      res.end(req.method === 'HEAD' ? undefined : page.body)
    } catch (error) {
      if (gone.signal.aborted) return
      if (!(error instanceof AirlockError)) throw error
      refuse(res, 502, error.message)
    }
  }
}

/** apt shows the reason to people. */
function refuse(res: ServerResponse, status: number, reason: string): void {
  res.writeHead(status, reason.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300), { 'content-length': 0 })
  res.end()
}
