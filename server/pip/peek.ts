/**
 * METADATA of a wheel that is not here yet, by ranges: a large wheel has its directory at the end, and the solver waits for a
 * few kilobytes of it. What is read so is not checked by the wheel's digest, which only the whole of it has: it serves to
 * think with, and the proof reads the wheel itself.
 */
import type { Outside } from '../ecosystem.ts'
import type { Bytes } from './file-bytes.ts'
import type { ProjectFile } from './simple-read.ts'
import { readDirectory } from './zip-directory.ts'
import { readEnd } from './zip-end.ts'
import { readMember } from './zip.ts'

/** What the directory's reader looks at in any case, and what most directories need: one request for most wheels. */
const tailSize = 80 << 10
/** A directory of 200,000 members has some 20 MB; one that large is better read from the wheel itself. */
const maxRange = 2 << 20
const maxMetadata = 4 << 20
const remembered = 1024

class NoPeek extends Error {}

export function createPeek({ outside }: { readonly outside: Pick<Outside, 'open'> }) {
  const peeks = new Map<string, Buffer | null>()

  async function range({ url }: ProjectFile, size: number, start: number, end: number, signal: AbortSignal) {
    if (end - start > maxRange) throw new NoPeek('the directory is too large')
    const range = `bytes=${start}-${end - 1}`
    const { status, headers, body } = await outside.open({
      url,
      method: 'GET',
      range,
      maxBytes: maxRange,
      signal,
      trust: 'linked',
    })
    const isPart = status === 206 && headers['content-range'] === `bytes ${start}-${end - 1}/${size}`
    if (!isPart) {
      body.destroy()
      throw new NoPeek('upstream gives no ranges')
    }
    const chunks: Buffer[] = []
    for await (const chunk of body) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    if (bytes.length !== end - start) throw new NoPeek('the range is not whole')
    return bytes
  }

  async function read(file: ProjectFile, size: number, signal: AbortSignal): Promise<Buffer> {
    const refuse = (): never => {
      throw new NoPeek('not a zip as we read it')
    }
    let from = Math.max(0, size - tailSize)
    let known = await range(file, size, from, size, signal)
    // what is asked for lies before what is known, and mostly close
    const bytes: Bytes = async (start, end) => {
      if (start < from) {
        const before = await range(file, size, start, from, signal)
        known = Buffer.concat([before, known])
        from = start
      }
      return known.subarray(start - from, end - from)
    }
    const place = await readEnd(bytes, size, refuse)
    const entries = await readDirectory(bytes, size, place, refuse)
    const found = entries.filter(({ fileNameRaw }) => /^[^/]+\.dist-info\/METADATA$/.test(fileNameRaw.toString('utf8')))
    const [entry] = found
    if (entry === undefined || found.length > 1) return refuse()
    const member = { entry, name: 'METADATA', size: entry.uncompressedSize }
    const at = entry.relativeOffsetOfLocalHeader
    if (at < from && from - at > maxRange) return refuse()
    return readMember(bytes, member, maxMetadata, refuse)
  }

  /** Null: it cannot be read so; the whole wheel will tell. Throws the signal's reason and what the door throws. */
  return async function peek(file: ProjectFile, signal: AbortSignal): Promise<Buffer | null> {
    const known = peeks.get(file.sha256!)
    if (known !== undefined) return known
    // an answer is shared, a question is not: whoever asked first may leave
    const bytes = await read(file, file.size!, signal).catch((error: unknown) => {
      if (error instanceof NoPeek) return null
      throw error
    })
    peeks.set(file.sha256!, bytes)
    if (peeks.size > remembered) peeks.delete(peeks.keys().next().value!)
    return bytes
  }
}

export type Peek = ReturnType<typeof createPeek>
