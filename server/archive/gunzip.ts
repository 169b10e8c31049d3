/** gzip of one stream that fills its file, read strictly: of a second one behind it, some readers read nothing. Source: RFC 1952. */
import { Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { tarFaults, type TarRefuse } from './tar-words.ts'

/** Bytes from `start` to `end`. */
type Read = (start: number, end: number) => Promise<Buffer>

const fixed = 10
const flags = { crc: 2, extra: 4, name: 8, comment: 16, unknown: 0xe0 } as const
/** Names and comments are short. */
const maxHeader = 64 << 10
const chunk = 128 << 10

/** What `size` bytes hold, unpacked as it is asked for. Throws through `refuse`; errors of `read` pass through. */
export async function* gunzip(read: Read, size: number, refuse: TarRefuse): AsyncGenerator<Buffer> {
  const start = headerEnd(await read(0, Math.min(size, maxHeader)), refuse)
  const inflate = createInflateRaw({ chunkSize: 64 << 10 })
  let failed: unknown = null
  const packed = Readable.from(pieces(read, start, size), { objectMode: false })
  packed.once('error', (error) => {
    failed = error
    inflate.destroy(error)
  })
  packed.pipe(inflate)
  let crc = 0
  let length = 0
  try {
    for await (const piece of inflate as AsyncIterable<Buffer>) {
      crc = crc32(piece, crc)
      length += piece.length
      yield piece
    }
  } catch (error) {
    // zlib's own words have codes of its own
    if (failed !== null || !String((error as NodeJS.ErrnoException).code).startsWith('Z_')) throw error
    refuse(tarFaults.gzip)
  } finally {
    packed.destroy()
    inflate.destroy()
  }
  const end = start + inflate.bytesWritten
  if (end + 8 > size) refuse(tarFaults.gzip)
  const trailer = await read(end, end + 8)
  if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== length % 2 ** 32) refuse(tarFaults.gzip)
  if (end + 8 !== size) refuse(tarFaults.afterGzip)
}

async function* pieces(read: Read, start: number, size: number): AsyncGenerator<Buffer> {
  for (let at = start; at < size; at += chunk) yield read(at, Math.min(size, at + chunk))
}

/** Where the deflated data begins. */
function headerEnd(bytes: Buffer, refuse: TarRefuse): number {
  if (bytes.length < fixed || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) refuse(tarFaults.gzip)
  const has = bytes[3]!
  if (has & flags.unknown) refuse(tarFaults.gzip)
  let at = fixed
  if (has & flags.extra) at += 2 + (at + 2 <= bytes.length ? bytes.readUInt16LE(at) : maxHeader)
  for (const flag of [flags.name, flags.comment])
    if (has & flag) {
      const zero = bytes.indexOf(0, at)
      at = zero === -1 ? maxHeader : zero + 1
    }
  if (has & flags.crc) {
    if (at + 2 > bytes.length || bytes.readUInt16LE(at) !== (crc32(bytes.subarray(0, at)) & 0xffff))
      refuse(tarFaults.gzip)
    at += 2
  }
  return at < bytes.length ? at : refuse(tarFaults.gzip)
}
