/** A zip's end records. Invariant: the directory that they name is the only one that any reader could find. */
import type { FileHandle } from 'node:fs/promises'
import { readAt } from './file-bytes.ts'
import { zipFaults, type Refuse } from './zip-words.ts'

const endSize = 22
const locatorSize = 20
const end64Size = 56
const signatures = { end: 0x06054b50, locator: 0x07064b50, end64: 0x06064b50 } as const
const max16 = 0xffff
const max32 = 0xffffffff

/** Where the central directory lies, and what it has. It ends where the end records begin. */
export type DirectoryPlace = { readonly offset: number; readonly end: number; readonly count: number }

/** The last bytes of the file are the end record, without a comment, directly behind the directory (and zip64's records). */
export async function readEnd(file: FileHandle, size: number, refuse: Refuse): Promise<DirectoryPlace> {
  if (size < endSize) refuse(zipFaults.noEnd)
  const tail = await readAt(file, Math.max(0, size - endSize - locatorSize), size)
  const end = tail.subarray(tail.length - endSize)
  if (end.readUInt32LE(0) !== signatures.end) refuse(zipFaults.noEnd)
  if (end.readUInt16LE(20) !== 0) refuse(zipFaults.comment)
  if (end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0) refuse(zipFaults.disks)
  if (end.readUInt16LE(8) !== end.readUInt16LE(10)) refuse(zipFaults.disks)
  const short = { count: end.readUInt16LE(10), size: end.readUInt32LE(12), offset: end.readUInt32LE(16) }

  // some readers look for zip64's locator whatever the end record says
  const locator = tail.subarray(0, tail.length - endSize)
  const hasLocator = locator.length === locatorSize && locator.readUInt32LE(0) === signatures.locator
  if (hasLocator) return readEnd64(file, size, locator, short, refuse)
  if (short.count === max16 || short.size === max32 || short.offset === max32) refuse(zipFaults.zip64)
  if (short.offset + short.size !== size - endSize) refuse(zipFaults.directory)
  return { offset: short.offset, end: size - endSize, count: short.count }
}

type Short = { readonly count: number; readonly size: number; readonly offset: number }

async function readEnd64(
  file: FileHandle,
  size: number,
  locator: Buffer,
  short: Short,
  refuse: Refuse,
): Promise<DirectoryPlace> {
  const at = size - endSize - locatorSize - end64Size
  if (at < 0 || locator.readBigUInt64LE(8) !== BigInt(at)) refuse(zipFaults.zip64)
  if (locator.readUInt32LE(4) !== 0 || locator.readUInt32LE(16) > 1) refuse(zipFaults.disks)
  const record = await readAt(file, at, at + end64Size)
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
