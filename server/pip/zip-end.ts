/** A zip's end records. Invariant: the directory that they name is the only one that any reader could find. */
import type { Bytes } from './file-bytes.ts'
import { zipFaults, type Refuse } from './zip-words.ts'

const endSize = 22
const locatorSize = 20
const end64Size = 56
const endMark = Buffer.from('PK\u0005\u0006')
const signatures = { locator: 0x07064b50, end64: 0x06064b50 } as const
/** Printable ASCII, so that no reader can take a part of it for an end record. */
const maxComment = 64
const max16 = 0xffff
const max32 = 0xffffffff

/** Where the central directory lies, and what it has. It ends where the end records begin. */
export type DirectoryPlace = { readonly offset: number; readonly end: number; readonly count: number }

/**
 * The last bytes of the file are the end record, directly behind the directory (and zip64's records). A comment is taken
 * where it can be nothing else: old writers sign their work (`zip-rs`).
 */
export async function readEnd(file: Bytes, size: number, refuse: Refuse): Promise<DirectoryPlace> {
  const tail = await file(Math.max(0, size - endSize - locatorSize - maxComment), size)
  const at = tail.lastIndexOf(endMark)
  if (at === -1 || tail.length - at < endSize) refuse(zipFaults.noEnd)
  const end = tail.subarray(at, at + endSize)
  const comment = tail.subarray(at + endSize)
  if (end.readUInt16LE(20) !== comment.length) refuse(zipFaults.noEnd)
  if (comment.length > maxComment || comment.some((byte) => byte < 0x20 || byte > 0x7e)) refuse(zipFaults.comment)
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0) refuse(zipFaults.disks)
  if (end.readUInt16LE(8) !== end.readUInt16LE(10)) refuse(zipFaults.disks)
  const short = { count: end.readUInt16LE(10), size: end.readUInt32LE(12), offset: end.readUInt32LE(16) }

  // some readers look for zip64's locator whatever the end record says
  const endAt = size - tail.length + at
  const locator = tail.subarray(Math.max(0, at - locatorSize), at)
  const hasLocator = locator.length === locatorSize && locator.readUInt32LE(0) === signatures.locator
  if (hasLocator) return readEnd64(file, endAt, locator, short, refuse)
  if (short.count === max16 || short.size === max32 || short.offset === max32) refuse(zipFaults.zip64)
  if (short.offset + short.size !== endAt) refuse(zipFaults.directory)
  return { offset: short.offset, end: endAt, count: short.count }
}

type Short = { readonly count: number; readonly size: number; readonly offset: number }

async function readEnd64(
  file: Bytes,
  endAt: number,
  locator: Buffer,
  short: Short,
  refuse: Refuse,
): Promise<DirectoryPlace> {
  const at = endAt - locatorSize - end64Size
  if (at < 0 || locator.readBigUInt64LE(8) !== BigInt(at)) refuse(zipFaults.zip64)
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) > 1) refuse(zipFaults.disks)
  const record = await file(at, at + end64Size)
  // its own size does not count its first two fields; more than that would be an extensible data sector
  if (record.readUInt32LE(0) !== signatures.end64 || record.readBigUInt64LE(4) !== BigInt(end64Size - 12))
    refuse(zipFaults.zip64)
  if (record.readUInt32LE(16) !== 0 || record.readUInt32LE(20) !== 0) refuse(zipFaults.disks)
  const [onDisk, count, directorySize, offset] = [24, 32, 40, 48].map((field) => Number(record.readBigUInt64LE(field)))
  if (onDisk !== count) refuse(zipFaults.disks)
  const agrees = (value: number, limit: number, real: number) => value === real || value === limit
  if (!agrees(short.count, max16, count!)) refuse(zipFaults.zip64)
  if (!agrees(short.size, max32, directorySize!) || !agrees(short.offset, max32, offset!)) refuse(zipFaults.zip64)
  if (offset! + directorySize! !== at) refuse(zipFaults.directory)
  return { offset: offset!, end: at, count: count! }
}
