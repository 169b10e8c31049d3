/** Writes tars byte by byte: good ones in every form that writers have, and ones that lie in any field a test names. */

export type TarForm = 'posix' | 'gnu' | 'v7'

export type TarEntry = {
  readonly name: string | Buffer
  readonly content?: string | Buffer
  /** `0` unless said otherwise, `5` for a name that ends with a slash. */
  readonly type?: string
  readonly link?: string | Buffer
  readonly form?: TarForm
  readonly mode?: number
  readonly uname?: string
  /** In the place of what belongs there, as it is. */
  readonly size?: string | Buffer
  readonly magic?: string
  readonly prefix?: string | Buffer
  readonly checksum?: string
  readonly times?: string
  /** The header, once more changed before its sum is taken. */
  readonly lie?: (header: Buffer) => void
  /** Without the bytes that fill its last block. */
  readonly isUnpadded?: boolean
}

const magics = { posix: 'ustar\x0000', gnu: 'ustar  \0', v7: '' } as const

/** Ended by two blocks of zeros. */
export function writeTar(entries: readonly TarEntry[], end = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...entries.map(tarEntry), end])
}

export function tarEntry(entry: TarEntry): Buffer {
  const content = Buffer.from(entry.content ?? '')
  const name = Buffer.from(entry.name as string)
  const header = Buffer.alloc(512)
  const put = (value: string | Buffer, at: number) => Buffer.from(value as string).copy(header, at)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  put(name.subarray(0, 100), 0)
  put(octal(entry.mode ?? 0o644, 7) + octal(0, 7) + octal(0, 7), 100)
  put(entry.size ?? octal(content.length, 11), 124)
  put(entry.times ?? octal(1_700_000_000, 11), 136)
  put(entry.type ?? (name.at(-1) === 0x2f ? '5' : '0'), 156)
  put(entry.link ?? '', 157)
  put(entry.magic ?? magics[entry.form ?? 'posix'], 257)
  put(entry.uname ?? '', 265)
  put(entry.prefix ?? '', 345)
  entry.lie?.(header)
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  put(entry.checksum ?? `${octal(sum, 6)} `, 148)
  const padding = entry.isUnpadded ? 0 : (512 - (content.length % 512)) % 512
  return Buffer.concat([header, content, Buffer.alloc(padding)])
}

/** `length key=value\n`, the length counting itself. */
export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as string), Buffer.from('\n')])
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

/** The records in front of the member that they are about. */
export function paxHeader(records: Readonly<Record<string, string | Buffer>>, type: 'x' | 'g' = 'x'): TarEntry {
  const content = Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, value)))
  return { name: type === 'x' ? 'PaxHeaders/x' : 'pax_global_header', type, content }
}

/** GNU's way with a name (`L`) or a link's target (`K`) of more than 100 bytes. */
export function gnuLong(text: string, type: 'L' | 'K' = 'L'): TarEntry {
  return { name: '././@LongLink', type, content: `${text}\0`, form: 'gnu' }
}
