/**
 * A file's bytes to a client, at the client's pace and in bounded memory: a response holds one buffer, and only while its
 * bytes are on their way, so that many fast clients share a few that stay in the processor's cache.
 */
import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import type { Span } from './conditional.ts'

/**
 * A client that reads slowly holds a buffer. Measured: by pieces of a mebibyte a byte takes a fifth less processor time than
 * by a quarter of one, and with 64 downloads that break off now and then pieces of a half made the process grow to 214 MB
 * in ten minutes. So few downloads use the whole of their buffers, and many the first quarter, or less where there are so
 * many that they would hold more than their budget: what is never written to takes no memory.
 */
const bufferSize = 1024 * 1024
const few = 8
const pieceOfMany = 256 * 1024
const smallestPiece = 16 * 1024
const budget = 32 * 1024 * 1024
/**
 * Buffers kept for the next response, the last one used first. With few, what is thrown away piles up faster than it is
 * collected.
 */
const spares = 64
/** Up to here a file is read whole and leaves with its headers. */
const atOnce = 64 * 1024
/**
 * A read that the page cache answers takes 60 to 200 µs, less than the way through the thread pool and back. One that
 * takes longer than this, in ms, waited for a disk or a network: the next ones are then made aside, and ever more of them.
 */
const slowRead = 1
const firstAside = 16

const free: Buffer[] = []
/** Responses under way. */
let sending = 0

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
  for (let filled = 0; filled < buffer.length;) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled)
    filled += checked(bytesRead)
  }
  res.end(buffer)
}

async function sendInTurns(res: ServerResponse, handle: FileHandle, span: Span): Promise<void> {
  sending++
  await sendPieces(res, handle, span).finally(() => sending--)
}

async function sendPieces(res: ServerResponse, handle: FileHandle, { start, end }: Span): Promise<void> {
  const { socket } = res
  const write = createWriter(res)
  const read = createReader(handle)
  for (let at = start; at < end;) {
    const buffer = free.pop() ?? Buffer.allocUnsafeSlow(bufferSize)
    const piece = pieceAmong(sending)
    const length = checked(await read(buffer, Math.min(piece, end - at), at))
    at += length
    const isGone = await write(buffer.subarray(0, length))
    // while a connection is being closed its bytes may still be read; afterwards nobody can
    if ((!isGone || socket?.closed) && free.length < spares) free.push(buffer)
    if (isGone) return
    // a client that takes everything at once would otherwise keep all others waiting until its end
    await new Promise((resolve) => setImmediate(resolve))
  }
  res.end()
}

/** How much one of so many downloads may hold, in bytes. */
function pieceAmong(downloads: number): number {
  if (downloads <= few) return bufferSize
  return Math.max(smallestPiece, Math.min(pieceOfMany, Math.trunc(budget / downloads / 4096) * 4096))
}

/** Reads at once what is in memory, and aside what is not. The first read is aside: a file just opened may be cold. */
function createReader(handle: FileHandle): (buffer: Buffer, length: number, at: number) => Promise<number> {
  let aside = 1
  let next = firstAside
  return async (buffer, length, at) => {
    if (aside > 0) {
      aside--
      return (await handle.read(buffer, 0, length, at)).bytesRead
    }
    const from = performance.now()
    const bytesRead = readSync(handle.fd, buffer, 0, length, at)
    if (performance.now() - from > slowRead) {
      aside = next
      next *= 2
    }
    return bytesRead
  }
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

/** A file that ends before its length is damaged, since files of the tree never change. */
function checked(bytesRead: number): number {
  if (bytesRead === 0) throw new Error('a file ended before its length')
  return bytesRead
}
