/** What a tar says in front of a member whose header is too small for it: GNU's long names, PAX's records. */
import { text } from './tar-header.ts'
import { tarFaults, type TarRefuse } from './tar-words.ts'

/** A name, and zeros behind it. */
export function longName(content: Buffer, refuse: TarRefuse): string {
  const name = text(content)
  const end = content.indexOf(0)
  if (name === '' || (end !== -1 && content.subarray(end).some((byte) => byte !== 0))) refuse(tarFaults.extended)
  return name
}

/** What changes no reader's mind about what a member is, where it lies and where it ends. */
const harmless = new Set(['mtime', 'atime', 'ctime', 'uid', 'gid', 'uname', 'gname', 'comment'])
const names = new Set(['path', 'linkpath'])
/** Vendors' own are ignored by those who do not know them; these are not, by those who do. */
const vendor = /^[A-Z]+\.(?!sparse\.|sparse$|volume\.|dumpdir$|realsize$|filetype$|offset$|dir$)./

/** `length key=value\n`, one behind the other, filling the header; each key once. `size` is for files larger than any here. */
export function paxRecords(content: Buffer, type: 'x' | 'g', refuse: TarRefuse): ReadonlyMap<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < content.length;) {
    const match = /^([1-9]\d{0,6}) /.exec(content.toString('latin1', at, at + 8))
    const end = at + Number(match?.[1] ?? 0)
    const start = at + (match?.[0].length ?? 0)
    const equals = content.indexOf('=', start)
    if (!match || end > content.length || content[end - 1] !== 0x0a || equals === -1 || equals >= end)
      return refuse(tarFaults.extended)
    const key = content.toString('latin1', start, equals)
    const value = content.subarray(equals + 1, end - 1)
    const isName = names.has(key)
    // of a global one's names every member would have the same
    if (!(harmless.has(key) || vendor.test(key) || (isName && type === 'x'))) refuse(tarFaults.record(key))
    if (records.has(key) || (isName && (value.length === 0 || value.includes(0)))) refuse(tarFaults.record(key))
    records.set(key, isName ? text(value) : '')
    at = end
  }
  return records
}
