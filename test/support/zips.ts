/** Writes zips byte by byte: good ones, and ones that lie in any field a test names. */
import { crc32, deflateRawSync } from 'node:zlib'

/** A header's fields, each of which may be made to say anything. */
export type Header = {
  readonly signature: number
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly compressedSize: number
  readonly size: number
  readonly name: Buffer
  readonly extra: Buffer
}

export type ZipMember = {
  /** `…/` is a folder. */
  readonly name: string | Buffer
  readonly content?: string | Buffer
  readonly method?: 'stored' | 'deflated'
  /** Sizes and CRC behind the data instead of in the local header; `long`: with zip64's sizes. */
  readonly descriptor?: 'signed' | 'unsigned' | 'long' | 'long unsigned'
  /** What lies behind the data in the place of a descriptor. */
  readonly behind?: Buffer
  /** The raw data, in the place of the compressed content. */
  readonly data?: Buffer
  readonly mode?: number
  readonly madeBy?: number
  readonly comment?: string
  /** Lies of both headers, of the local one, of the directory's. */
  readonly header?: Partial<Header>
  readonly local?: Partial<Header>
  readonly central?: Partial<Header> & { readonly offset?: number; readonly disk?: number }
  /** Not written at all in one of the places. */
  readonly only?: 'local' | 'central'
}

export type ZipEnd = {
  readonly prefix?: Buffer
  readonly suffix?: Buffer
  readonly comment?: string
  /** Between the last member and the directory, and between the directory and the end record. */
  readonly beforeDirectory?: Buffer
  readonly afterDirectory?: Buffer
  readonly end?: Partial<End>
  /** Writes zip64's records; the fields may lie. */
  readonly zip64?: Partial<End64>
}

type End = {
  readonly disk: number
  readonly directoryDisk: number
  readonly onDisk: number
  readonly count: number
  readonly size: number
  readonly offset: number
  readonly commentLength: number
}
type End64 = End & { readonly recordSize: number; readonly recordOffset: number; readonly disks: number }

export function writeZip(members: readonly ZipMember[], lies: ZipEnd = {}): Buffer {
  const pieces: Buffer[] = [lies.prefix ?? Buffer.alloc(0)]
  const directory: Buffer[] = []
  let at = pieces[0]!.length
  const add = (piece: Buffer) => {
    pieces.push(piece)
    at += piece.length
  }
  for (const member of members) {
    const content = Buffer.from(member.content ?? '')
    const data = member.data ?? (member.method === 'stored' || isFolder(member) ? content : deflateRawSync(content))
    const header: Header = {
      signature: 0,
      flags: (member.descriptor ? 8 : 0) | (isAscii(member.name) ? 0 : 0x800),
      method: member.method === 'stored' || isFolder(member) ? 0 : 8,
      crc: crc32(content),
      compressedSize: data.length,
      size: content.length,
      name: Buffer.from(member.name as string),
      extra: Buffer.alloc(0),
      ...member.header,
    }
    const offset = at
    if (member.only !== 'central') {
      const empty = member.descriptor ? { crc: 0, compressedSize: 0, size: 0 } : {}
      add(localHeader({ ...header, signature: 0x04034b50, ...empty, ...member.local }))
      add(data)
      add(member.behind ?? descriptorOf(member, header))
    }
    if (member.only !== 'local') directory.push(centralHeader(member, header, offset))
  }
  add(lies.beforeDirectory ?? Buffer.alloc(0))
  const start = at
  add(Buffer.concat(directory))
  const size = at - start
  add(lies.afterDirectory ?? Buffer.alloc(0))
  const count = directory.length
  const common = { disk: 0, directoryDisk: 0, onDisk: count, count, size, offset: start, commentLength: 0 }
  if (lies.zip64) add(end64({ ...common, recordSize: 44, recordOffset: at, disks: 1, ...lies.zip64 }))
  const short = lies.zip64 ? { onDisk: 0xffff, count: 0xffff, size: 0xffffffff, offset: 0xffffffff } : {}
  const comment = Buffer.from(lies.comment ?? '')
  add(endRecord({ ...common, ...short, commentLength: comment.length, ...lies.end }))
  return Buffer.concat([...pieces, comment, lies.suffix ?? Buffer.alloc(0)])
}

/** An extra field: zip64's is 1. */
export function extraField(id: number, content: Buffer): Buffer {
  return Buffer.concat([fields([2, id], [2, content.length]), content])
}

/** Little-endian numbers of the given widths. */
export function fields(...widths: readonly (readonly [width: 1 | 2 | 4 | 8, value: number])[]): Buffer {
  return Buffer.concat(
    widths.map(([width, value]) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
      return bytes.subarray(0, width)
    }),
  )
}

function localHeader({ signature, flags, method, crc, compressedSize, size, name, extra }: Header): Buffer {
  const head = fields([4, signature], [2, 20], [2, flags], [2, method], [4, 0x58210000], [4, crc], [4, compressedSize])
  return Buffer.concat([head, fields([4, size], [2, name.length], [2, extra.length]), name, extra])
}

function centralHeader(member: ZipMember, header: Header, at: number): Buffer {
  const lied = { ...header, signature: 0x02014b50, offset: at, disk: 0, ...member.central }
  const { signature, flags, method, crc, compressedSize, size, name, extra, offset, disk } = lied
  const comment = Buffer.from(member.comment ?? '')
  const mode = member.mode ?? (isFolder(member) ? 0o40755 : 0o100644)
  return Buffer.concat([
    fields([4, signature], [2, member.madeBy ?? 0x0314], [2, 20], [2, flags], [2, method], [4, 0x58210000], [4, crc]),
    fields([4, compressedSize], [4, size], [2, name.length], [2, extra.length], [2, comment.length], [2, disk], [2, 0]),
    fields([4, mode * 0x10000], [4, offset]),
    name,
    extra,
    comment,
  ])
}

function descriptorOf({ descriptor }: ZipMember, { crc, compressedSize, size }: Header): Buffer {
  if (!descriptor) return Buffer.alloc(0)
  const width = descriptor.startsWith('long') ? 8 : 4
  const signature = descriptor.endsWith('unsigned') ? Buffer.alloc(0) : fields([4, 0x08074b50])
  return Buffer.concat([signature, fields([4, crc], [width, compressedSize], [width, size])])
}

function endRecord({ disk, directoryDisk, onDisk, count, size, offset, commentLength }: End): Buffer {
  const head = fields([4, 0x06054b50], [2, disk], [2, directoryDisk], [2, onDisk], [2, count])
  return Buffer.concat([head, fields([4, size], [4, offset], [2, commentLength])])
}

function end64({ disk, directoryDisk, onDisk, count, size, offset, recordSize, recordOffset, disks }: End64): Buffer {
  return Buffer.concat([
    fields([4, 0x06064b50], [8, recordSize], [2, 45], [2, 45], [4, disk], [4, directoryDisk], [8, onDisk], [8, count]),
    fields([8, size], [8, offset]),
    fields([4, 0x07064b50], [4, disk], [8, recordOffset], [4, disks]),
  ])
}

function isFolder({ name }: ZipMember): boolean {
  return Buffer.from(name as string).at(-1) === 0x2f
}

function isAscii(name: string | Buffer): boolean {
  return Buffer.from(name as string).every((byte) => byte < 0x80)
}
