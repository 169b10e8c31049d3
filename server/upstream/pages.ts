/**
 * Upstream's pages: each asked once however many want it, kept on disk, revalidated when they are no longer fresh. That
 * is what makes a second solve fast: a cold one spends its time waiting for these pages.
 */
import { createHash } from 'node:crypto'
import { AirlockError } from '../errors.ts'
import type { Answer, Ask, UpstreamClient } from './client.ts'
import { withoutCredentials } from './credentials.ts'
import { invalidAnswer, statusError } from './faults.ts'
import { createFlights } from './flights.ts'
import type { Trust } from './hosts.ts'
import { createPageFiles, type PageRecord } from './page-files.ts'
import { largerThan } from './reasons.ts'
import { createTurns } from './turns.ts'

export type Page = {
  /** The final one, which the page's links start from. */
  readonly url: string
  readonly contentType: string
  readonly body: Buffer
  /** When upstream last sent or confirmed it, ISO 8601. */
  readonly fetchedAt: string
  readonly sha256: string
}

export type PageOptions = {
  /** Part of the cache's key: the same URL has other bytes as HTML and as JSON. */
  readonly accept: string
  readonly maxBytes: number
  /** Seconds for which a page may be given unasked; 0 asks now. Else 60, or 600 when upstream gave nothing to revalidate by. */
  readonly maxAge?: number
  readonly signal: AbortSignal
  /** `configured` bars redirects away from the configured upstreams; else a link of an allowed index may name its host. */
  readonly trust?: Trust
  /** When upstream fails, the last page seen is better than none. */
  readonly stale?: boolean
  /** As upstream sends it, see the client. */
  readonly verbatim?: boolean
}

export type Pages = {
  /** Null: 404 or 410. Throws what the client throws, `upstream-status` for any other status, the signal's reason. */
  get(url: string, options: PageOptions): Promise<Page | null>
  /** Removes pages that upstream has not confirmed for a month. Returns how many. */
  sweep(): Promise<number>
  /** Resolves when everything fetched so far lies on disk. */
  settled(): Promise<void>
}

const freshWithValidator = 60
const freshWithout = 600
const missingFor = 60
const keptFor = 30 * 86_400
const maxMissing = 10_000

type Deps = {
  readonly client: Pick<UpstreamClient, 'fetch'>
  /** The cache's own folder. */
  readonly folder: string
  readonly now?: () => number
  /** Told when a page could not be kept: the answer is given all the same. */
  readonly onError?: (error: unknown) => void
  /** Told of each page, and whether upstream was asked for it. */
  readonly onPage?: (source: 'cache' | 'upstream') => void
}

export function createPages({ client, folder, now = Date.now, onError = () => {}, onPage }: Deps): Pages {
  const files = createPageFiles(folder)
  const flights = createFlights<PageRecord | null>()
  /** Key -> until when (ms) upstream is believed to have no such page. */
  const missing = new Map<string, number>()
  const writers = createTurns(2)
  /** Pages on their way to disk. */
  const writing = new Map<string, { readonly record: PageRecord; readonly done: Promise<void> }>()

  /** After the same page's write before it, and few at a time: the thread pool is needed to inflate what arrives. */
  async function turnToWrite(before: Promise<void> | undefined, write: () => Promise<void>): Promise<void> {
    await before
    const over = await writers.turn('')
    await write().finally(over)
  }

  const seen = async (key: string) => writing.get(key)?.record ?? (await files.read(key))

  function keep(key: string, record: PageRecord, write: () => Promise<void>): void {
    const before = writing.get(key)?.done
    const done = turnToWrite(before, write)
      .catch(onError)
      .finally(() => {
        if (writing.get(key)?.done === done) writing.delete(key)
      })
    writing.set(key, { record, done })
  }

  async function ask(key: string, url: string, known: PageRecord | null, options: PageOptions, signal: AbortSignal) {
    const { accept, maxBytes, trust = 'linked', verbatim = false } = options
    const answer = await client.fetch({ url, accept, maxBytes, trust, verbatim, signal, ...validators(known) })
    const at = now()
    if (answer.status === 304 && known !== null) {
      const record = { ...known, confirmedAt: at }
      keep(key, record, () => files.confirm(key, at))
      return record
    }
    if (answer.status === 404 || answer.status === 410) {
      if (missing.size >= maxMissing) missing.clear()
      missing.set(key, at + missingFor * 1000)
      // a page that is gone must not come back as a stale one
      await writing.get(key)?.done
      await files.drop(key)
      return null
    }
    if (answer.status !== 200) throw statusError(new URL(answer.url), answer.status)
    missing.delete(key)
    const record = recordOf(answer, at)
    keep(key, record, () => files.write(key, record))
    return record
  }

  async function get(url: string, options: PageOptions): Promise<Page | null> {
    const { accept, maxBytes, maxAge, signal } = options
    signal.throwIfAborted()
    const parsed = URL.parse(url)
    // the key is stored, so it has no credentials
    const key = `${parsed === null ? url : withoutCredentials(parsed)}\n${accept}`
    const gone = missing.get(key)
    if (gone !== undefined && gone - now() > (missingFor - Math.min(missingFor, maxAge ?? missingFor)) * 1000)
      return null
    const known = await seen(key)
    if (known !== null && isFresh(known, maxAge, now())) {
      onPage?.('cache')
      return bounded(known, maxBytes)
    }
    onPage?.('upstream')
    const current = await flights
      // who allows more may not be given what was fetched for less, nor the other way round
      .join(`${options.trust} ${maxBytes} ${key}`, signal, (shared) => ask(key, url, known, options, shared))
      .catch((error: unknown) => {
        if (options.stale === true && known !== null && error instanceof AirlockError && !signal.aborted) return known
        throw error
      })
    return current === null ? null : bounded(current, maxBytes)
  }

  return {
    get,
    sweep: () => files.sweep(now() - keptFor * 1000),
    async settled() {
      await Promise.all([...writing.values()].map(({ done }) => done))
    },
  }
}

function isFresh(page: PageRecord, maxAge: number | undefined, now: number): boolean {
  const age = now - page.confirmedAt
  const limit = maxAge ?? (page.etag === null && page.lastModified === null ? freshWithout : freshWithValidator)
  // a clock that went back makes nothing fresh
  return age >= 0 && age < limit * 1000
}

function validators(known: PageRecord | null): Partial<Ask> {
  return {
    ...(known?.etag != null && { ifNoneMatch: known.etag }),
    ...(known?.lastModified != null && { ifModifiedSince: known.lastModified }),
  }
}

function recordOf({ url, headers, body }: Answer<Buffer>, confirmedAt: number): PageRecord {
  return {
    url,
    contentType: headers['content-type'] ?? 'application/octet-stream',
    etag: headers['etag'] ?? null,
    lastModified: headers['last-modified'] ?? null,
    sha256: createHash('sha256').update(body).digest('hex'),
    body,
    confirmedAt,
  }
}

function bounded({ url, contentType, body, sha256, confirmedAt }: PageRecord, maxBytes: number): Page {
  if (body.length > maxBytes) throw invalidAnswer(new URL(url), largerThan(maxBytes))
  return { url, contentType, body, sha256, fetchedAt: new Date(confirmedAt).toISOString() }
}
