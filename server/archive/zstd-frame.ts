/** Where a Zstandard frame ends, by the sizes of its blocks; nothing is unpacked. Source: RFC 8878, 3.1.1. */

const magic = 0xfd2fb528
const sizeBytes = { content: [0, 2, 4, 8], dictionary: [0, 1, 2, 4] } as const
/** A block of one byte again and again. */
const repeated = 1

/** The first byte behind the frame that begins the buffer; null: there is none, or it is cut. */
export function zstdFrameEnd(bytes: Buffer): number | null {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== magic) return null
  const descriptor = bytes[4]!
  const isSingle = (descriptor & 0x20) !== 0
  const contentFlag = descriptor >> 6
  const contentSize = contentFlag === 0 && isSingle ? 1 : sizeBytes.content[contentFlag]!
  let at = 5 + (isSingle ? 0 : 1) + sizeBytes.dictionary[descriptor & 3]! + contentSize
  for (;;) {
    if (at + 3 > bytes.length) return null
    const block = bytes.readUIntLE(at, 3)
    at += 3 + (((block >> 1) & 3) === repeated ? 1 : block >> 3)
    if (block & 1) break
  }
  if (descriptor & 4) at += 4
  return at <= bytes.length ? at : null
}
