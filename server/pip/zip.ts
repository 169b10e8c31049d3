/**
 * A zip that every reader reads alike, or none: what archives are allowed to be is much narrower here than in the format,
 * since installers, scanners and we must see the same files. Members are not unpacked, but for the few that are asked for.
 */
import { crc32, inflateRawSync } from 'node:zlib'
import type { Entry } from 'yauzl'
import { readDirectory } from './zip-directory.ts'
import { openFile, type Bytes } from './file-bytes.ts'
import { readEnd } from './zip-end.ts'
import { checkLocals, flags } from './zip-locals.ts'
import { checkNames, staysInside, type Member } from './zip-names.ts'
import { zipFaults, type Refuse } from './zip-words.ts'

export type Zip = {
  /** Of the file, in bytes. */
  readonly size: number
  readonly members: ReadonlyMap<string, Member>
  /** A member's content, checked against its CRC. At most `maxBytes`. */
  read(member: Member, maxBytes: number): Promise<Buffer>
}

/** The largest real wheels have some 30,000. */
const maxMembers = 200_000
const maxDirectory = 64 << 20
/** Deflate reaches 1032:1; whole wheels beyond 10:1 are rare, and small ones do no harm. */
const maxRatio = 200
const harmlessSize = 256 << 20
const maxLink = 4096
const stored = 0
const deflated = 8

/** Opens, checks and closes. `refuse` is called, and must throw, for what is wrong with the archive; a broken disk throws its own error. */
export async function withZip<Result>(
  path: string,
  refuse: Refuse,
  use: (zip: Zip) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const { size, bytes: file, close } = await openFile(path)
  try {
    const place = await readEnd(file, size, refuse)
    if (place.count > maxMembers || place.end - place.offset > maxDirectory) refuse(zipFaults.tooMany(maxMembers))
    const entries = await readDirectory(file, size, place, refuse)
    for (const entry of entries) checkEntry(entry, refuse)
    const members = checkNames(entries, refuse)
    if (entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0) > Math.max(harmlessSize, size * maxRatio))
      refuse(zipFaults.bomb)
    await checkLocals(file, entries, place.offset, refuse, signal)
    for (const member of members.values()) {
      if (
        member.isLink &&
        !staysInside(member.name, (await readMember(file, member, maxLink, refuse)).toString('utf8'))
      )
        refuse(zipFaults.link(member.name))
    }
    return await use({ size, members, read: (member, maxBytes) => readMember(file, member, maxBytes, refuse) })
  } finally {
    await close()
  }
}

function checkEntry(entry: Entry, refuse: Refuse): void {
  const { fileNameRaw: name, generalPurposeBitFlag, compressionMethod, compressedSize, uncompressedSize } = entry
  // traditional, strong, and a masked directory
  if (generalPurposeBitFlag & ((1 << 0) | (1 << 6) | (1 << 13))) refuse(zipFaults.encrypted(name))
  if (generalPurposeBitFlag & ~(0b110 | flags.descriptor | flags.utf8)) refuse(zipFaults.flags(name))
  if (compressionMethod !== stored && compressionMethod !== deflated) refuse(zipFaults.method(name, compressionMethod))
  if (compressionMethod === stored && compressedSize !== uncompressedSize) refuse(zipFaults.storedSize(name))
  if (entry.fileCommentLength !== 0) refuse(zipFaults.comment)
}

/** A member's content, checked against its CRC and its size. At most `maxBytes`. */
export async function readMember(
  file: Bytes,
  { entry, name, size }: Pick<Member, 'entry' | 'name' | 'size'>,
  maxBytes: number,
  refuse: Refuse,
): Promise<Buffer> {
  if (size > maxBytes) refuse(zipFaults.tooLarge(name, maxBytes))
  // deflate's worst case adds 5 bytes a block
  if (entry.compressedSize > maxBytes + (maxBytes >> 8) + 64) refuse(zipFaults.content(name))
  const start = await dataStart(file, entry)
  const raw = await file(start, start + entry.compressedSize)
  const content = entry.compressionMethod === stored ? raw : inflate(raw, size, () => refuse(zipFaults.content(name)))
  if (content.length !== size || crc32(content) !== entry.crc32) refuse(zipFaults.content(name))
  return content
}

async function dataStart(file: Bytes, entry: Entry): Promise<number> {
  const at = entry.relativeOffsetOfLocalHeader
  const header = await file(at, at + 30)
  return at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
}

/** Invariant: the stream ends where its bytes do; a second one behind it would be read by some and not by others. */
function inflate(raw: Buffer, size: number, broken: () => never): Buffer {
  try {
    const { buffer, engine } = inflateRawSync(raw, { maxOutputLength: Math.max(size, 1), info: true }) as unknown as {
      buffer: Buffer
      engine: { bytesWritten: number }
    }
    if (engine.bytesWritten === raw.length) return buffer
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
  }
  return broken()
}
