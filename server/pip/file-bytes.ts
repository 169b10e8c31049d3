/** Bytes of an open file, by their place. */
import type { FileHandle } from 'node:fs/promises'

/** Exactly the bytes from `start` to `end`. Throws when the file has become shorter. */
export type Bytes = (start: number, end: number) => Promise<Buffer>

/** Read at once: most wheels are small, and each read costs a trip to the thread pool. */
const smallFile = 1 << 20

export async function bytesOf(file: FileHandle, size: number): Promise<Bytes> {
  if (size > smallFile) return (start, end) => readAt(file, start, end)
  const whole = await readAt(file, 0, size)
  return async (start, end) => {
    if (end > size) throw ended(end)
    return whole.subarray(start, end)
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
