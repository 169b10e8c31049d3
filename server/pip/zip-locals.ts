/**
 * A zip's local headers against its directory. Invariant: members lie one behind the other from the first byte to the
 * directory, each with the header that the directory has, so that a reader of the stream and a reader of the directory see
 * the same files.
 */
import type { Entry } from 'yauzl'
import { createAhead, type Ahead, type Bytes } from './file-bytes.ts'
import { zipFaults, type Refuse } from './zip-words.ts'

const headerSize = 30
const headerSignature = 0x04034b50
const descriptorSignature = 0x08074b50
const max32 = 0xffffffff
/** With 8-byte sizes and its optional signature. */
const maxDescriptor = 24
/** Flags that say how hard the compressor tried, and that not all writers set in both places. */
const levelFlags = 0b110

export const flags = { descriptor: 1 << 3, utf8: 1 << 11 } as const

/** `directoryAt` is where the last member must end. `entries` come in any order. */
export async function checkLocals(
  file: Bytes,
  entries: readonly Entry[],
  directoryAt: number,
  refuse: Refuse,
  signal?: AbortSignal,
): Promise<void> {
  const placed = entries.toSorted((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)
  if ((placed[0]?.relativeOffsetOfLocalHeader ?? 0) !== 0) refuse(zipFaults.start)
  const ahead = createAhead(file, directoryAt)
  let before: Entry | null = null
  let dataEnd = 0
  for (const entry of placed) {
    signal?.throwIfAborted()
    const at = entry.relativeOffsetOfLocalHeader
    const gap = at - dataEnd
    if (gap < 0) refuse(zipFaults.overlap(entry.fileNameRaw))
    // before anything of it is read: a hole may be larger than memory
    if (gap > maxDescriptor && before) refuse(zipFaults.gap(before.fileNameRaw))
    if (before) checkDescriptor(before, await ahead(dataEnd, at), refuse)
    dataEnd = at + (await checkHeader(ahead, entry, directoryAt, refuse)) + entry.compressedSize
    if (dataEnd > directoryAt) refuse(zipFaults.overlap(entry.fileNameRaw))
    before = entry
  }
  if (!before) return
  if (directoryAt - dataEnd > maxDescriptor) refuse(zipFaults.gap(before.fileNameRaw))
  checkDescriptor(before, await ahead(dataEnd, directoryAt), refuse)
}

/** Returns the header's length. */
async function checkHeader(ahead: Ahead, entry: Entry, directoryAt: number, refuse: Refuse): Promise<number> {
  const contradicts = (): never => refuse(zipFaults.local(entry.fileNameRaw))
  const at = entry.relativeOffsetOfLocalHeader
  if (at + headerSize > directoryAt) contradicts()
  const fixed = await ahead(at, at + headerSize)
  if (fixed.readUInt32LE(0) !== headerSignature) contradicts()
  const nameLength = fixed.readUInt16LE(26)
  const length = headerSize + nameLength + fixed.readUInt16LE(28)
  if (at + length > directoryAt) contradicts()
  const header = await ahead(at, at + length)
  const name = header.subarray(headerSize, headerSize + nameLength)
  if (!name.equals(entry.fileNameRaw)) contradicts()
  if ((header.readUInt16LE(6) & ~levelFlags) !== (entry.generalPurposeBitFlag & ~levelFlags)) contradicts()
  if (header.readUInt16LE(8) !== entry.compressionMethod) contradicts()
  const sizes = localSizes(header, header.subarray(headerSize + nameLength), contradicts)
  const isLater = (entry.generalPurposeBitFlag & flags.descriptor) !== 0
  const agrees = (local: number, real: number) => local === real || (isLater && local === 0)
  if (!agrees(header.readUInt32LE(14), entry.crc32)) contradicts()
  if (!agrees(sizes.compressed, entry.compressedSize) || !agrees(sizes.uncompressed, entry.uncompressedSize))
    contradicts()
  return length
}

/** Sizes as a reader of the stream understands them: zip64's, where the short ones are full. */
function localSizes(
  header: Buffer,
  extra: Buffer,
  contradicts: () => never,
): { compressed: number; uncompressed: number } {
  const short = { compressed: header.readUInt32LE(18), uncompressed: header.readUInt32LE(22) }
  let long: Buffer | null = null
  for (let at = 0; at < extra.length;) {
    if (at + 4 > extra.length) contradicts()
    const end = at + 4 + extra.readUInt16LE(at + 2)
    if (end > extra.length) contradicts()
    const id = extra.readUInt16LE(at)
    // Info-ZIP's other name for the member
    if (id === 0x7075 || (id === 0x0001 && long)) contradicts()
    if (id === 0x0001) long = extra.subarray(at + 4, end)
    at = end
  }
  if (short.compressed !== max32 && short.uncompressed !== max32) return short
  // both are there, the uncompressed size first, also when only one is needed
  if (!long || long.length < 16) return contradicts()
  const [uncompressed, compressed] = [Number(long.readBigUInt64LE(0)), Number(long.readBigUInt64LE(8))]
  return {
    compressed: short.compressed === max32 ? compressed : short.compressed,
    uncompressed: short.uncompressed === max32 ? uncompressed : short.uncompressed,
  }
}

/** Nothing, or where the flag says so a descriptor, with or without its signature, with 4 or 8 bytes a size. */
function checkDescriptor(entry: Entry, bytes: Buffer, refuse: Refuse): void {
  if ((entry.generalPurposeBitFlag & flags.descriptor) === 0) {
    if (bytes.length > 0) refuse(zipFaults.gap(entry.fileNameRaw))
    return
  }
  const isSigned = bytes.length % 8 === 0
  const fields = isSigned ? bytes.subarray(4) : bytes
  if (
    (isSigned && (bytes.length < 16 || bytes.readUInt32LE(0) !== descriptorSignature)) ||
    ![12, 20].includes(fields.length)
  )
    refuse(zipFaults.descriptor(entry.fileNameRaw))
  const read = (at: number) =>
    fields.length === 12 ? fields.readUInt32LE(at) : Number(fields.readBigUInt64LE(at === 8 ? 12 : at))
  if (fields.readUInt32LE(0) !== entry.crc32 || read(4) !== entry.compressedSize || read(8) !== entry.uncompressedSize)
    refuse(zipFaults.descriptor(entry.fileNameRaw))
}
