/**
 * Upstream's pages on disk: one file a page, a line of JSON and then the body. Nothing is fsynced, since everything here
 * can be fetched again; so a file is believed only when its body has the digest that its first line states.
 * A file's mtime is when upstream last confirmed the page.
 */
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink, utimes, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

export type PageRecord = {
  /** The final one. */
  readonly url: string
  readonly contentType: string
  readonly etag: string | null
  readonly lastModified: string | null
  readonly sha256: string
  readonly body: Buffer
  /** ms since 1970. */
  readonly confirmedAt: number
}

export type PageFiles = {
  /** Null when absent, torn or of another form. */
  read(key: string): Promise<PageRecord | null>
  write(key: string, page: PageRecord): Promise<void>
  /** Upstream said that the page is still the same. */
  confirm(key: string, at: number): Promise<void>
  drop(key: string): Promise<void>
  /** Removes what was not confirmed since (ms), and what a crash left behind. Returns how many files. */
  sweep(since: number): Promise<number>
}

const newline = 0x0a
const smallSize = 1 << 18
const form = 1

export function createPageFiles(folder: string): PageFiles {
  let writes = 0
  const pathOf = (key: string) => join(folder, createHash('sha256').update(key).digest('hex'))

  async function openNew(path: string): Promise<FileHandle> {
    const file = await absentAsNull(open(path, 'w', 0o600))
    if (file !== null) return file
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return open(path, 'w', 0o600)
  }

  return {
    async read(key) {
      const path = pathOf(key)
      const found = statSync(path, { throwIfNoEntry: false })
      if (found === undefined) return null
      // a solve reads a hundred small pages at once: a trip to the thread pool costs six times the read
      const bytes = found.size <= smallSize ? readFileSync(path) : await readFile(path)
      return parse(bytes, key, Math.round(found.mtimeMs))
    },
    async write(key, { body, confirmedAt, ...head }) {
      const path = pathOf(key)
      const temporary = `${path}.${++writes}.new`
      const line = Buffer.from(`${JSON.stringify({ form, key, ...head })}\n`)
      try {
        const file = await openNew(temporary)
        try {
          await file.writeFile(Buffer.concat([line, body]))
          await file.utimes(confirmedAt / 1000, confirmedAt / 1000)
        } finally {
          await file.close()
        }
        await rename(temporary, path)
      } catch (error) {
        await rm(temporary, { force: true })
        throw error
      }
    },
    confirm: (key, at) => utimes(pathOf(key), at / 1000, at / 1000),
    async drop(key) {
      await absentAsNull(unlink(pathOf(key)))
    },
    async sweep(since) {
      let removed = 0
      for (const name of (await absentAsNull(readdir(folder))) ?? []) {
        const path = join(folder, name)
        const found = await absentAsNull(stat(path))
        if (found === null || !found.isFile() || (!name.endsWith('.new') && found.mtimeMs >= since)) continue
        await absentAsNull(unlink(path))
        removed++
      }
      return removed
    },
  }
}

function parse(bytes: Buffer, key: string, confirmedAt: number): PageRecord | null {
  const end = bytes.indexOf(newline)
  if (end === -1) return null
  const head = headOf(bytes.toString('utf8', 0, end))
  const body = bytes.subarray(end + 1)
  if (head === null || head.form !== form || head.key !== key) return null
  if (createHash('sha256').update(body).digest('hex') !== head.sha256) return null
  const { url, contentType, etag, lastModified, sha256 } = head
  return { url, contentType, etag, lastModified, sha256, body, confirmedAt }
}

type FileHead = Omit<PageRecord, 'body' | 'confirmedAt'> & { readonly form: number; readonly key: string }

function headOf(line: string): FileHead | null {
  try {
    return JSON.parse(line) as FileHead | null
  } catch {
    return null
  }
}

async function absentAsNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
