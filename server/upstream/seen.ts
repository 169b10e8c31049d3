/** Which of upstream's pages lie in the cache. Reads the first lines of its files, each once; asks nobody. */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** A first line holds an address, a type and a digest. */
const firstLine = 4096
/** Files read at once. */
const together = 32

/** Returns a function that gives the addresses of the pages that lie there now. */
export function createSeenPages(folder: string): () => Promise<readonly string[]> {
  /** File name -> the page's address, null where it is not a page. A file is named by what it is a page of. */
  const known = new Map<string, string | null>()

  return async function seen() {
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    const present = new Set(names.filter((name) => /^[0-9a-f]{64}$/.test(name)))
    for (const name of known.keys()) if (!present.has(name)) known.delete(name)
    const fresh = [...present].filter((name) => !known.has(name))
    for (let at = 0; at < fresh.length; at += together)
      await Promise.all(
        fresh.slice(at, at + together).map(async (name) => known.set(name, await addressIn(join(folder, name)))),
      )
    return [...known.values()].filter((url) => url !== null)
  }
}

async function addressIn(path: string): Promise<string | null> {
  const file = await open(path).catch(() => null)
  if (file === null) return null
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(firstLine), 0, firstLine, 0)
    const [, url] = /^\{.*?"url":"((?:[^"\\]|\\.)*)"/.exec(buffer.toString('utf8', 0, bytesRead)) ?? []
    return url === undefined ? null : (JSON.parse(`"${url}"`) as string)
  } catch {
    return null
  } finally {
    await file.close()
  }
}
