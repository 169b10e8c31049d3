/**
 * The page: its built files from memory, and one document for every address of its own, with the first rows in it.
 * Invariant: nothing inline runs: what the server writes into the document is data of a type that no browser executes.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { NextFunction, Request, Response } from 'express'
import type { Language } from '../errors.ts'
import type { Api } from './operations.ts'

type Deps = {
  /** Where the build lies; absent before set-up has made it. */
  readonly folder: string
  readonly api: Pick<Api, 'listRequests' | 'listTargets' | 'status'>
}
export type Page = (req: Request, res: Response, next: NextFunction) => Promise<void>

type Encoding = 'br' | 'gzip' | 'identity'
type Asset = { readonly type: string; readonly etag: string; readonly bodies: Readonly<Record<Encoding, Buffer>> }

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=utf-8',
}

/** Names below `assets/` carry a digest of their content. */
const forever = 'public, max-age=31536000, immutable'

/** Everything from here and nothing from elsewhere, no form posts, no frames, nothing inline. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Rows of the board that the document carries: what the page itself would ask for first. */
const firstRows = 100
const placeholder = '<script type="application/json" id="first"></script>'
/** The API's side of the console; everything else that wants HTML is an address of the page. */
const notPages = /^\/(?:api|assets)(?:\/|$)|^\/(?:healthz|readyz|metrics)$/

export function createPage({ folder, api }: Deps): Page {
  const assets = readAssets(folder)
  const document = assets.get('/index.html')?.bodies.identity.toString()
  assets.delete('/index.html')

  async function first(req: Request, language: Language): Promise<string> {
    const none = { params: undefined, query: undefined, body: undefined, language }
    const onBoard = req.path === '/' && Object.keys(req.query).length === 0
    const [requests, targets, status] = await Promise.all([
      onBoard ? api.listRequests({ ...none, query: { limit: firstRows } }) : null,
      api.listTargets(none),
      api.status(none),
    ])
    // `<` is all that could end the element or begin another
    return JSON.stringify({ language, requests, targets, status }).replaceAll('<', String.raw`\u003c`)
  }

  return async function page(req, res, next): Promise<void> {
    if (req.method !== 'GET' && req.method !== 'HEAD') return next()
    const asset = assets.get(req.path)
    if (asset) {
      res.set('Cache-Control', req.path.startsWith('/assets/') ? forever : 'no-cache').set('ETag', asset.etag)
      res.vary('Accept-Encoding').type(asset.type)
      if (req.headers['if-none-match']?.includes(asset.etag)) return void res.status(304).end()
      const encoding = (req.acceptsEncodings('br', 'gzip') || 'identity') as Encoding
      if (encoding !== 'identity') res.set('Content-Encoding', encoding)
      return void res.end(asset.bodies[encoding])
    }
    if (document === undefined || notPages.test(req.path) || req.accepts(['json', 'html']) !== 'html') return next()
    const language = req.acceptsLanguages()[0]?.toLowerCase().startsWith('zh') ? 'zh' : 'en'
    const data = await first(req, language)
    const html = document.replace(placeholder, () => placeholder.replace('><', `>${data}<`))
    res.set({ 'Content-Security-Policy': policy, 'Cache-Control': 'no-cache', Vary: 'Accept, Accept-Language' })
    res.type('html').send(html)
  }
}

/** A build is some dozen small files: all of them are held in memory, compressed once; so no path is ever resolved. */
function readAssets(folder: string): Map<string, Asset> {
  const found = new Map<string, Asset>()
  let names: string[]
  try {
    names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return found
    throw error
  }
  for (const path of names) {
    const type = types[extname(path)]
    if (type === undefined) continue
    const identity = readFileSync(path)
    const etag = `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`
    const br = brotliCompressSync(identity, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
    found.set(path.slice(folder.length), { type, etag, bodies: { identity, gzip: gzipSync(identity), br } })
  }
  return found
}
