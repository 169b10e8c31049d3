/** Bytes of a file, by their place. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

/** Exactly the bytes from `start` to `end`. Throws when the file has become shorter. */
export type Bytes = (start: number, end: number) => Promise<Buffer>

export type OpenFile = { readonly size: number; readonly bytes: Bytes; close(): Promise<void> }

/**
 * Read at once, and not by the thread pool: most wheels are small and were written a moment ago, so that they lie in memory,
 * while each trip to the pool waits for the fsyncs of others.
 */
const smallFile = 1 << 20

/** Throws the file system's errors. */
export async function openFile(path: string): Promise<OpenFile> {
  const whole = readSmall(path)
  if (whole === null) {
    const file = await open(path, 'r')
    const { size } = await file.stat()
    return { size, bytes: (start, end) => readAt(file, start, end), close: () => file.close() }
  }
  const size = whole.length
  const bytes: Bytes = async (start, end) => {
    if (end > size) throw ended(end)
    return whole.subarray(start, end)
  }
  return { size, bytes, close: async () => {} }
}

/** Null: it is not small. */
function readSmall(path: string): Buffer | null {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    if (size > smallFile) return null
    const buffer = Buffer.allocUnsafeSlow(size)
    return buffer.subarray(0, readSync(file, buffer, 0, size, 0))
  } finally {
    closeSync(file)
  }
}

async function readAt(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(end - start)
  for (let filled = 0; filled < buffer.length;) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled)
    if (bytesRead === 0) throw ended(end)
    filled += bytesRead
  }
  return buffer
}

const ended = (end: number) => new Error(`the file ended before byte ${end}`)

/** Like {@link Bytes}, for many small reads in ascending places: the result is valid until the next one. */
export type Ahead = (start: number, end: number) => Promise<Buffer>

/** A page cache's read-ahead costs less than a call a header. */
const chunk = 64 << 10

/** Never reads past `limit`, which every `end` must respect. */
export function createAhead(file: Bytes, limit: number): Ahead {
  let from = 0
  let bytes: Buffer = Buffer.alloc(0)
  return async (start, end) => {
    if (start < from || end > from + bytes.length) {
      bytes = await file(start, Math.min(limit, Math.max(end, start + chunk)))
      from = start
    }
    return bytes.subarray(start - from, end - from)
  }
}
