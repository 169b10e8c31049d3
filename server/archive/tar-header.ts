/** A tar's header block: 512 bytes of fields, whose meaning depends on the form that its magic names. */
import { tarFaults, type TarRefuse } from './tar-words.ts'

export type Header = {
  readonly name: string
  /** `0` a file, `1` a hard link, `2` a link, `5` a folder; `L`, `K`, `x` and `g` tell of what comes behind them. */
  readonly type: '0' | '1' | '2' | '5' | 'L' | 'K' | 'x' | 'g'
  readonly size: number
  readonly target: string
}

const known = new Set<string>(['0', '1', '2', '5', 'L', 'K', 'x', 'g'])
/** Eight bytes from 257 on. The version behind POSIX's is not looked at by anybody. */
const magics = { posix: 'ustar\0', gnu: 'ustar  \0', none: '\0'.repeat(8) } as const

/** Throws through `refuse` for a header that two readers could take for two things. */
export function readHeader(block: Buffer, refuse: TarRefuse): Header {
  if (octal(block.subarray(148, 156)) !== sum(block)) refuse(tarFaults.checksum)
  const magic = block.toString('latin1', 257, 265)
  const isPosix = magic.startsWith(magics.posix)
  if (!isPosix && magic !== magics.gnu && magic !== magics.none) refuse(tarFaults.form)
  // GNU keeps times and maps there, and Python reads them as the beginning of the name
  if (!isPosix && block[345] !== 0) refuse(tarFaults.form)
  const own = text(block.subarray(0, 100))
  const prefix = isPosix ? text(block.subarray(345, 500)) : ''
  const name = prefix === '' ? own : `${prefix}/${own}`
  const flag = String.fromCharCode(block[156]!)
  // a folder, in the days when there was no type for it
  const type = flag === '\0' ? (name.endsWith('/') ? '5' : '0') : flag
  if (!known.has(type)) refuse(tarFaults.type(flag))
  if (type === '0' && name.endsWith('/')) refuse(tarFaults.type('0/'))
  const size = octal(block.subarray(124, 136)) ?? refuse(tarFaults.size)
  // a folder's or a link's data are skipped by some readers, and read as members by others
  if (size !== 0 && (type === '1' || type === '2' || type === '5')) refuse(tarFaults.size)
  return { name, type: type as Header['type'], size, target: text(block.subarray(157, 257)) }
}

/** UTF-8 where it is that, else Latin-1: old names are in whatever their author's machine had. */
export function text(field: Buffer): string {
  const end = field.indexOf(0)
  const bytes = end === -1 ? field : field.subarray(0, end)
  const decoded = bytes.toString('utf8')
  return Buffer.from(decoded).equals(bytes) ? decoded : bytes.toString('latin1')
}

/** Digits with spaces in front and spaces or zeros behind, as every writer has them; no sign, no base 256. Null: it is none. */
function octal(field: Buffer): number | null {
  const match = /^ *([0-7]{1,12})[ \0]*$/.exec(field.toString('latin1'))
  return match ? Number.parseInt(match[1]!, 8) : null
}

/** The field of the sum itself counts as spaces. */
function sum(block: Buffer): number {
  let total = 8 * 0x20
  for (let at = 0; at < block.length; at++) if (at < 148 || at >= 156) total += block[at]!
  return total
}
