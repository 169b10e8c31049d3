/**
 * An upstream's simple index on loopback, made by a test: what it lists, how it words it, and what it was asked.
 *
 *   const index = await startIndex({ format: 'html', links: 'elsewhere' })
 *   index.add(makeWheel({ name: 'aa', version: '1.0' }), { yanked: 'broken' })
 *   index.url                          http://127.0.0.1:<port>/simple/
 *   index.asked()                      ['GET /simple/aa/', …]; more is in index.pages.requests and index.files.requests
 *   index.pages.on('/simple/aa/', …)   anything else in the place of a page; index.files.on(…) of a file
 *
 * It may be changed while it runs. Files are served with Range and HEAD.
 */
import { createHash } from 'node:crypto'
import {
  file as fileAnswer,
  page as pageAnswer,
  redirect,
  startUpstream,
  status,
  type Answer,
  type Upstream,
} from './upstream.ts'
import type { MadeFile, MadeWheel } from './wheels.ts'

export type IndexOptions = {
  /** `negotiated`: JSON where it is accepted. */
  readonly format?: 'json' | 'html' | 'negotiated'
  /** Which names of PEP 658 and 714 are used; `flag`: without a digest; false: there is no `.metadata`. */
  readonly coreMetadata?: 'both' | 'core' | 'dist-info' | 'flag' | false
  readonly hashes?: boolean
  /** PEP 700: sizes, instants, versions. */
  readonly sizes?: boolean
  readonly etags?: boolean
  /** `elsewhere`: absolute ones to a second server. */
  readonly links?: 'relative' | 'absolute' | 'elsewhere'
  /** A redirect in front of each page and file: an address to start from, `from/` behind it. */
  readonly redirects?: boolean
}

/** What a page says of a file, be it true or not. */
export type IndexListing = {
  readonly project?: string
  readonly requiresPython?: string
  readonly yanked?: string | true
  readonly uploadedAt?: string
  readonly sha256?: string
  readonly size?: number
  readonly href?: string
}

export type TestIndex = {
  /** Ends in a slash. */
  readonly url: string
  readonly pages: Upstream
  /** The same server as `pages`, unless links lead elsewhere. */
  readonly files: Upstream
  add(file: MadeFile | MadeWheel, listing?: IndexListing): void
  /** Takes a file off its page and away. */
  drop(file: string): void
  /** Where a file is, on `files`. */
  pathOf(file: MadeFile): string
  /** What it answers by itself, to be put behind something: `pages.otherwise(…)`. */
  readonly answer: Answer
  /** Methods and paths, pages and files, in the order of arrival at each. */
  asked(): string[]
  close(): Promise<void>
}

type Listed = { readonly made: MadeFile | MadeWheel; readonly listing: IndexListing }

const json = 'application/vnd.pypi.simple.v1+json'

export async function startIndex(options: IndexOptions = {}): Promise<TestIndex> {
  const { format = 'negotiated', links = 'relative', etags = true, redirects = false } = options
  const pages = await startUpstream()
  const files = links === 'elsewhere' ? await startUpstream() : pages
  const listed = new Map<string, Listed>()
  const pathOf = (made: MadeFile) => `/files/${made.sha256.slice(0, 8)}/${encodeURIComponent(made.file)}`

  function answerPage(project: string): Answer {
    const entries = [...listed.values()].filter((entry) => projectOf(entry) === project)
    if (entries.length === 0) return status(404)
    const base = links === 'relative' ? '../..' : files.url
    const hrefs = entries.map(({ made, listing }) => listing.href ?? base + pathOf(made))
    return (req, res) => {
      const isJson = format === 'json' || (format === 'negotiated' && (req.headers.accept ?? '').includes(json))
      const text = isJson ? jsonPage(project, entries, hrefs, options) : htmlPage(project, entries, hrefs, options)
      const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`
      return pageAnswer(text, { type: isJson ? json : 'text/html; charset=utf-8', ...(etags && { etag }) })(req, res)
    }
  }

  function answerFile(path: string): Answer {
    for (const { made } of listed.values()) {
      if (path === pathOf(made)) return fileAnswer(made.bytes, { etag: `"${made.sha256}"` })
      if (path === `${pathOf(made)}.metadata` && 'metadata' in made && options.coreMetadata !== false)
        return fileAnswer(made.metadata, { type: 'text/plain; charset=utf-8' })
    }
    return status(404)
  }

  const answer: Answer = (req, res) => {
    const path = req.url ?? ''
    if (redirects && path.startsWith('/from/')) return redirect(path.slice('/from'.length))(req, res)
    const [, project, slash] = /^\/simple\/([^/]+)(\/?)$/.exec(path) ?? []
    if (project !== undefined && slash === '') return redirect(`${path}/`)(req, res)
    return (project === undefined ? answerFile(path) : answerPage(project))(req, res)
  }
  pages.otherwise(answer)
  files.otherwise(answer)

  return {
    url: `${pages.url}${redirects ? '/from' : ''}/simple/`,
    pages,
    files,
    add: (made, listing = {}) => void listed.set(made.file, { made, listing }),
    drop: (file) => void listed.delete(file),
    pathOf,
    answer,
    asked: () =>
      [...new Set([pages, files])].flatMap((server) => server.requests.map(({ method, path }) => `${method} ${path}`)),
    close: async () => void (await Promise.all([...new Set([pages, files])].map((server) => server.close()))),
  }
}

function projectOf({ made, listing }: Listed): string {
  const name = listing.project ?? ('name' in made ? made.name : made.file.slice(0, made.file.lastIndexOf('-')))
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase()
}

function metadataDigest({ made }: Listed): string | null {
  return 'metadata' in made ? createHash('sha256').update(made.metadata).digest('hex') : null
}

function jsonPage(name: string, entries: readonly Listed[], hrefs: readonly string[], options: IndexOptions): string {
  const { hashes = true, sizes = true, coreMetadata = 'both' } = options
  const files = entries.map((entry, at) => {
    const { made, listing } = entry
    const digest = metadataDigest(entry)
    const said = coreMetadata === 'flag' ? true : { sha256: digest }
    return {
      filename: made.file,
      url: hrefs[at],
      hashes: hashes ? { sha256: listing.sha256 ?? made.sha256 } : {},
      ...(listing.requiresPython !== undefined && { 'requires-python': listing.requiresPython }),
      ...(listing.yanked !== undefined && { yanked: listing.yanked }),
      ...(sizes && {
        size: listing.size ?? made.bytes.length,
        'upload-time': listing.uploadedAt ?? '2024-01-02T03:04:05.678901Z',
      }),
      ...(digest !== null && ['both', 'core', 'flag'].includes(String(coreMetadata)) && { 'core-metadata': said }),
      ...(digest !== null && ['both', 'dist-info'].includes(String(coreMetadata)) && { 'dist-info-metadata': said }),
    }
  })
  return JSON.stringify({ meta: { 'api-version': sizes ? '1.1' : '1.0' }, name, ...(sizes && { versions: [] }), files })
}

function htmlPage(name: string, entries: readonly Listed[], hrefs: readonly string[], options: IndexOptions): string {
  const { hashes = true, coreMetadata = 'both' } = options
  const lines = entries.map((entry, at) => {
    const { made, listing } = entry
    const digest = metadataDigest(entry)
    const said = coreMetadata === 'flag' ? 'true' : `sha256=${digest}`
    const attributes = {
      href: hrefs[at] + (hashes ? `#sha256=${listing.sha256 ?? made.sha256}` : ''),
      'data-requires-python': listing.requiresPython,
      'data-yanked': listing.yanked === true ? '' : listing.yanked,
      'data-core-metadata':
        digest !== null && ['both', 'core', 'flag'].includes(String(coreMetadata)) ? said : undefined,
      'data-dist-info-metadata':
        digest !== null && ['both', 'dist-info'].includes(String(coreMetadata)) ? said : undefined,
    }
    const written = Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined
        ? []
        : [`${key}="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('>', '&gt;')}"`],
    )
    return `<a ${written.join(' ')}>${made.file}</a><br/>`
  })
  return `<!DOCTYPE html><html><head><title>Links for ${name}</title></head><body>\n${lines.join('\n')}\n</body></html>\n`
}
