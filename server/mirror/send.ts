/**
 * A file's bytes to a client: read into one buffer while the other is on its way, so memory is bounded, nothing is
 * allocated a chunk and the client sets the pace.
 */
import type { FileHandle } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import type { Span } from './conditional.ts'

const bufferSize = 256 * 1024
/** Up to here a file is read whole and leaves with its headers. */
const atOnce = 64 * 1024

/**
 * Sends a span after `res.writeHead`. Resolves when the response is ended or its client is gone; rejects when the file
 * cannot be read to the span's end, with the response destroyed, since its length was promised. Closes nothing.
 */
export async function sendSpan(res: ServerResponse, handle: FileHandle, { start, end }: Span): Promise<void> {
  try {
    if (end - start <= atOnce) await sendAtOnce(res, handle, { start, end })
    else await sendInTurns(res, handle, { start, end })
  } catch (error) {
    res.destroy()
    throw error
  }
}

async function sendAtOnce(res: ServerResponse, handle: FileHandle, { start, end }: Span): Promise<void> {
  const buffer = Buffer.allocUnsafe(end - start)
  await fill(handle, buffer, start)
  res.end(buffer)
}

async function sendInTurns(res: ServerResponse, handle: FileHandle, { start, end }: Span): Promise<void> {
  const write = createWriter(res)
  // not from the shared pool: the kernel may read one until the socket is closed
  let buffer = Buffer.allocUnsafeSlow(bufferSize)
  let other = Buffer.allocUnsafeSlow(bufferSize)
  let chunk = await fill(handle, buffer.subarray(0, end - start), start)
  for (let at = start + chunk.length; ; at += chunk.length) {
    const isLast = at === end
    const [isGone, next] = await Promise.all([
      write(chunk),
      isLast ? null : fill(handle, other.subarray(0, end - at), at),
    ])
    if (isGone) return
    if (next === null) break
    chunk = next
    ;[buffer, other] = [other, buffer]
  }
  res.end()
}

/** Writes a chunk and resolves when it is out of our hands, or with true when the client is gone. One listener a response. */
function createWriter(res: ServerResponse): (chunk: Buffer) => Promise<boolean> {
  let settle: (() => void) | null = null
  // a destroyed socket drops what is queued without a word to the writer
  res.once('close', () => settle?.())
  return async (chunk) => {
    if (!res.destroyed) {
      await new Promise<void>((resolve) => {
        settle = resolve
        res.write(chunk, () => resolve())
      })
    }
    return res.destroyed
  }
}

/** Fills a buffer from a position; a file that ends before is damaged, since files of the tree never change. */
async function fill(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  for (let filled = 0; filled < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled)
    if (bytesRead === 0) throw new Error(`the file ends at ${position + filled}`)
    filled += bytesRead
  }
  return buffer
}
