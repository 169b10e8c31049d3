/** Archives on this machine's own disk (`file:` sources), in the shape in which others are asked. */
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Body } from '../ecosystem.ts'
import type { Source } from './sources.ts'

type Ask = {
  readonly url: string
  readonly method?: 'GET' | 'HEAD'
  readonly range?: string
  readonly signal: AbortSignal
}
type Answer = {
  readonly status: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body
}

/**
 * Answers for files below the folders of `file:` sources and hands every other question on. Invariant: no link leads
 * out of those folders, and no other file of this machine is read. What is not there is a 404, as elsewhere.
 */
export function withLocalArchives<A extends Ask>(
  sources: readonly Source[],
  open: (ask: A) => Promise<Answer>,
): (ask: A) => Promise<Answer> {
  const uris = sources.flatMap((source) => source.uris).filter((uri) => uri.startsWith('file:'))
  const folders = uris.map((uri) => fileURLToPath(new URL(uri)).replace(/\/*$/, ''))

  async function placeOf(url: string): Promise<{ path: string; size: number; etag: string } | null> {
    try {
      const path = await realpath(fileURLToPath(new URL(url)))
      const allowed = await Promise.all(folders.map((folder) => realpath(folder).catch(() => null)))
      if (!allowed.some((folder) => folder !== null && path.startsWith(folder + sep))) return null
      const found = await stat(path)
      return found.isFile() ? { path, size: found.size, etag: `"${found.ino}-${found.size}-${found.mtimeMs}"` } : null
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
      throw error
    }
  }

  return async (ask) => {
    if (!ask.url.startsWith('file:')) return open(ask)
    const place = await placeOf(ask.url)
    if (place === null) return { status: 404, url: ask.url, headers: {}, body: Readable.from([]) }
    const { path, size, etag } = place
    const from = Number(/^bytes=(\d+)-$/.exec(ask.range ?? '')?.[1] ?? 0)
    const partly = from > 0 && from < size
    const start = partly ? from : 0
    const headers = {
      etag,
      'content-length': String(size - start),
      ...(partly && { 'content-range': `bytes ${start}-${size - 1}/${size}` }),
    }
    const body =
      ask.method === 'HEAD' || size === 0 ? Readable.from([]) : createReadStream(path, { start, signal: ask.signal })
    return { status: partly ? 206 : 200, url: ask.url, headers, body }
  }
}
