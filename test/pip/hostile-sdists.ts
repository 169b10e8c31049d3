/** Source distributions that readers would read differently, each with what it is refused for. */
import { deflateRawSync, gzipSync } from 'node:zlib'
import { gnuLong, paxHeader, paxRecord, tarEntry, writeTar, type TarEntry } from '../support/tars.ts'
import { fields, writeZip, type ZipMember } from '../support/zips.ts'

export type HostileSdist = { readonly file: string; readonly bytes: Buffer; readonly reason: RegExp }

const info = 'Metadata-Version: 2.1\nName: aa\nVersion: 1.0\n\n'
const top = 'aa-1.0'
const pkgInfo: TarEntry = { name: `${top}/PKG-INFO`, content: info }
const setup: TarEntry = { name: `${top}/setup.py`, content: 'from setuptools import setup\nsetup()\n' }
const honest = [pkgInfo, setup]
const plainTar = writeTar(honest)

const gzipped = (bytes: Buffer, reason: RegExp): HostileSdist => ({ file: 'aa-1.0.tar.gz', bytes, reason })
const tar = (bytes: Buffer, reason: RegExp) => gzipped(gzipSync(bytes), reason)
/** An honest sdist, and more behind it. */
const and = (reason: RegExp, ...more: readonly TarEntry[]) => tar(writeTar([...honest, ...more]), reason)
/** An honest sdist with something in front of its PKG-INFO. */
const before = (reason: RegExp, ...more: readonly TarEntry[]) => tar(writeTar([setup, ...more, pkgInfo]), reason)
const named = (name: string | Buffer) => and(/member name .* not allowed/, { name, content: 'x' })
const typed = (type: string, more: Partial<TarEntry> = {}) =>
  and(/something of type/, { name: `${top}/odd`, type, ...more })
const sized = (size: string | Buffer) => and(/a size in its tar/, { name: `${top}/odd`, size })
const linked = (link: string, name = `${top}/link`) => and(/leads out/, { name, link, type: '2' })
const records = (more: Readonly<Record<string, string | Buffer>>, reason = /PAX record/) =>
  before(reason, paxHeader(more))
const rawRecords = (content: string | Buffer) => before(/extended header/, { name: 'PaxHeaders/x', type: 'x', content })
const zip = (members: readonly ZipMember[], reason: RegExp): HostileSdist => ({
  file: 'aa-1.0.zip',
  bytes: writeZip(members),
  reason,
})
const zipped: readonly ZipMember[] = [
  { name: `${top}/PKG-INFO`, content: info },
  { name: `${top}/setup.py`, content: '' },
]

/** A gzip header with these flags and what comes behind it, in front of deflated data with a right end. */
function gzip(flags: number, extra: Buffer, content = plainTar): Buffer {
  const whole = gzipSync(content)
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]), extra, whole.subarray(10)])
}
const patched = (bytes: Buffer, at: number, ...values: readonly number[]) => {
  const copy = Buffer.from(bytes)
  Buffer.from(values).copy(copy, at < 0 ? bytes.length + at : at)
  return copy
}

export const hostileSdists: Readonly<Record<string, HostileSdist>> = {
  // gzip
  'nothing in it': gzipped(Buffer.alloc(0), /not gzip/),
  'half of a gzip header': gzipped(Buffer.from([0x1f, 0x8b, 8, 0]), /not gzip/),
  'a gzip header and no data': gzipped(gzipSync('').subarray(0, 10), /not gzip/),
  'a bare tar under a gzip’s name': gzipped(plainTar, /not gzip/),
  'another gzip method': gzipped(patched(gzipSync(plainTar), 2, 7), /not gzip/),
  'a gzip flag that nobody knows': gzipped(patched(gzipSync(plainTar), 3, 0x20), /not gzip/),
  'a gzip name that does not end': gzipped(gzip(8, Buffer.from('x')).subarray(0, 11), /not gzip/),
  'a gzip extra field longer than the file': gzipped(gzip(4, fields([2, 0xffff])), /not gzip/),
  'a gzip header with a wrong sum of its own': gzipped(gzip(2, Buffer.from([1, 2])), /not gzip/),
  'gzip that is cut': gzipped(gzipSync(plainTar).subarray(0, 150), /not gzip/),
  'gzip without its trailer': gzipped(gzipSync(plainTar).subarray(0, -8), /not gzip/),
  'gzip with half of its trailer': gzipped(gzipSync(plainTar).subarray(0, -3), /not gzip/),
  'gzip with a wrong checksum': gzipped(patched(gzipSync(plainTar), -8, 1, 2, 3, 4), /not gzip/),
  'gzip with a wrong length': gzipped(patched(gzipSync(plainTar), -4, 1, 2, 3, 4), /not gzip/),
  'gzip with a broken block': gzipped(patched(gzipSync(plainTar), 10, 0xff, 0xff), /not gzip/),
  'zlib’s header in the place of gzip’s': gzipped(Buffer.concat([Buffer.from([0x78, 0x9c]), deflateRawSync(plainTar)]), /not gzip/),
  'text behind its gzip stream': gzipped(Buffer.concat([gzipSync(plainTar), Buffer.from('text')]), /behind its gzip/),
  'zeros behind its gzip stream': gzipped(Buffer.concat([gzipSync(plainTar), Buffer.alloc(512)]), /behind its gzip/),
  'a second gzip stream with more members': gzipped(Buffer.concat([gzipSync(writeTar(honest, Buffer.alloc(0))), gzipSync(writeTar([{ name: `${top}/more`, content: 'x' }]))]), /behind its gzip/),
  'an empty second gzip stream': gzipped(Buffer.concat([gzipSync(plainTar), gzipSync('')]), /behind its gzip/),
  // the tar’s ends
  'an empty tar': tar(Buffer.alloc(0), /no whole archive/),
  'a tar of zeros': tar(Buffer.alloc(10_240), /no whole archive/),
  'text in the place of a tar': tar(Buffer.alloc(600, 'x'), /checksum/),
  'half a block': tar(plainTar.subarray(0, 300), /cut short/),
  'a member that is cut': tar(writeTar([setup, { ...pkgInfo, content: info.repeat(100) }]).subarray(0, 2000), /cut short/),
  'a member without its padding': tar(writeTar([setup, { ...pkgInfo, isUnpadded: true }], Buffer.alloc(0)), /cut short/),
  'a member behind the end': tar(Buffer.concat([plainTar, writeTar([setup])]), /behind the end/),
  'a member behind one block of zeros': tar(Buffer.concat([writeTar(honest, Buffer.alloc(512)), writeTar([{ name: `${top}/evil` }])]), /behind the end/),
  'text behind the end': tar(Buffer.concat([plainTar, Buffer.from('text')]), /behind the end/),
  'a byte far behind the end': tar(Buffer.concat([plainTar, Buffer.alloc(200_000), Buffer.from('x')]), /behind the end/),
  // headers
  'a wrong checksum': and(/checksum/, { name: `${top}/x`, checksum: '0000001\0' }),
  'no checksum': and(/checksum/, { name: `${top}/x`, checksum: '\0'.repeat(8) }),
  'a checksum that is no number': and(/checksum/, { name: `${top}/x`, checksum: 'abcdef\0 ' }),
  'a checksum with a sign': and(/checksum/, { name: `${top}/x`, checksum: '-12345\0 ' }),
  'a form that nobody knows': and(/of no form/, { name: `${top}/x`, magic: 'mytar\x0000' }),
  'half of a form’s name': and(/of no form/, { name: `${top}/x`, magic: 'ust' }),
  'GNU’s magic with another version': and(/of no form/, { name: `${top}/x`, magic: 'ustar 1\0' }),
  'a prefix in GNU’s form': and(/of no form/, { name: 'x', form: 'gnu', prefix: `${top}/evil` }),
  'a prefix in the oldest form': and(/of no form/, { name: 'x', form: 'v7', prefix: `${top}/evil` }),
  // sizes
  'a negative size': sized('-0000000001\0'),
  'a negative size in base 256': sized(Buffer.alloc(12, 0xff)),
  'a size in base 256': sized(Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
  'a huge size in base 256': sized(Buffer.from([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
  'a size with a plus': sized('+0000000001\0'),
  'a decimal size': sized('00000000009\0'),
  'a hexadecimal size': sized('0x000000001\0'),
  'a size of two numbers': sized('0000 000001\0'),
  'no size': sized('\0'.repeat(12)),
  'a size of spaces': sized(' '.repeat(12)),
  'a size behind zeros': sized('\0\0\x000000001\0\0'),
  'a size beyond the end': and(/cut short/, { name: `${top}/x`, size: '00000777777\0' }),
  'the largest size': and(/holds more than any/, { name: `${top}/x`, size: '777777777777' }),
  'a folder with content': and(/a size in its tar/, { name: `${top}/folder/`, content: 'hidden' }),
  'a folder with a member in its content': and(/a size in its tar/, { name: `${top}/folder/`, content: tarEntry({ name: `${top}/evil` }) }),
  'a link with content': and(/a size in its tar/, { name: `${top}/link`, type: '2', link: 'x', content: 'hidden' }),
  'a hard link with content': and(/a size in its tar/, { name: `${top}/link`, type: '1', link: `${top}/setup.py`, content: 'x' }),
  // types
  'a character device': typed('3'),
  'a block device': typed('4'),
  'a pipe': typed('6'),
  'a contiguous file': typed('7'),
  'a sparse file': typed('S', { form: 'gnu' }),
  'a sparse PKG-INFO': and(/something of type/, { ...pkgInfo, type: 'S', form: 'gnu' }),
  'a volume’s label': typed('V', { form: 'gnu' }),
  'the rest of another volume': typed('M', { form: 'gnu' }),
  'a folder’s listing': typed('D', { form: 'gnu' }),
  'old long names': typed('N', { form: 'gnu' }),
  'an extended header of another maker': typed('X'),
  'a type that nobody knows': typed('Z'),
  'a type beyond ASCII': typed('ÿ'),
  'a file with a folder’s name': and(/something of type/, { name: `${top}/x/`, type: '0' }),
  // names
  'a name that goes up': named('../evil'),
  'a name that goes up from within': named(`${top}/../../evil`),
  'a name that goes up and comes back': named(`${top}/../${top}/x`),
  'a name that ends by going up': and(/not allowed/, { name: `${top}/..`, type: '5' }),
  'an absolute name': named('/etc/cron.d/evil'),
  'a network’s name': named('//host/evil'),
  'an empty name': named(''),
  'a name that is a dot': named('.'),
  'a name with a new line': named(`${top}/a\nb`),
  'a name with an escape': named(`${top}/\u001b[2J`),
  'a name with DEL': named(`${top}/\u007f`),
  'a segment too long for a file': before(/not allowed/, gnuLong(`${top}/${'a'.repeat(256)}`)),
  'a name too long for a path': before(/not allowed/, gnuLong(`${top}/${'a/'.repeat(2100)}x`)),
  'a name that goes up by its prefix': and(/not allowed/, { name: 'evil', prefix: '../..' }),
  'an absolute name by its prefix': and(/not allowed/, { name: 'evil', prefix: '/etc' }),
  // links
  'a link to the outside': linked('../../etc/passwd'),
  'a link to an absolute path': linked('/etc/passwd'),
  'a link that leaves and comes back': linked('../../x/../aa-1.0/setup.py'),
  'a link to nothing': linked(''),
  'a link above everything': linked('..', 'link'),
  'a hard link to the outside': and(/leads out/, { name: `${top}/hard`, type: '1', link: '/etc/passwd' }),
  'a hard link that goes up': and(/leads out/, { name: `${top}/hard`, type: '1', link: '../etc/passwd' }),
  'a hard link to what is not there': and(/leads out/, { name: `${top}/hard`, type: '1', link: `${top}/gone` }),
  'a hard link to a link': and(/leads out/, { name: `${top}/soft`, type: '2', link: 'setup.py' }, { name: `${top}/hard`, type: '1', link: `${top}/soft` }),
  'a member that is written through a link': and(/lies below/, { name: `${top}/x`, type: '2', link: '.' }, { name: `${top}/x/setup.py`, content: 'evil' }),
  'a member below a file': and(/lies below/, { name: `${top}/setup.py/x` }),
  'a file in the place of a link': and(/twice/, { name: `${top}/x`, type: '2', link: 'setup.py' }, { name: `${top}/x`, content: 'evil' }),
  'a file in the place of a hard link': and(/twice/, { name: `${top}/x`, type: '1', link: `${top}/setup.py` }, { name: `${top}/x`, content: 'evil' }),
  'a file again that a hard link leads to': and(/twice/, { name: `${top}/x`, content: 'one' }, { name: `${top}/hard`, type: '1', link: `${top}/x` }, { name: `${top}/x`, content: 'two' }),
  'a link in the place of a file': and(/twice/, { name: `${top}/setup.py`, type: '2', link: 'x' }),
  'a link in the place of a folder': and(/twice/, { name: `${top}/x/y` }, { name: `${top}/x`, type: '2', link: '.' }),
  'a file in the place of a folder': and(/twice/, { name: `${top}/x/` }, { name: `${top}/x` }),
  'a link again': and(/twice/, { name: `${top}/x`, type: '2', link: 'a' }, { name: `${top}/x`, type: '2', link: 'b' }),
  // extended headers
  'a PAX size': records({ size: '3' }),
  'a PAX size that is negative': records({ size: '-3' }),
  'a PAX character set': records({ hdrcharset: 'BINARY' }),
  'a PAX map of holes': records({ 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' }),
  'a PAX name of a sparse file': records({ 'GNU.sparse.name': `${top}/setup.py` }),
  'a PAX real size': records({ 'SCHILY.realsize': '5' }),
  'a PAX type': records({ 'SCHILY.filetype': 'sparse' }),
  'a PAX keyword that nobody knows': records({ evil: '1' }),
  'an empty PAX keyword': records({ '': '1' }),
  'an empty PAX path': records({ path: '' }),
  'a PAX path with a NUL': records({ path: `${top}/a\0b` }),
  'a PAX path that goes up': records({ path: '../evil' }, /not allowed/),
  'an absolute PAX path': records({ path: '/etc/evil' }, /not allowed/),
  'a PAX path twice': rawTwice(),
  'a PAX link to the outside': and(/leads out/, paxHeader({ linkpath: '/etc/passwd' }), { name: `${top}/l`, type: '2', link: 'x' }),
  'a PAX path for all members': before(/PAX record/, paxHeader({ path: `${top}/setup.py` }, 'g')),
  'a PAX record longer than its header': rawRecords('99 mtime=1\n'),
  'a PAX record shorter than it is': rawRecords('9 mtime=1\n'),
  'a PAX record without a length': rawRecords('mtime=1\n'),
  'a PAX record with a negative length': rawRecords('-9 mtime=1\n'),
  'a PAX record with a length of zero': rawRecords('0 mtime=1\n'),
  'a PAX record without an equals sign': rawRecords('9 mtime1\n\n'),
  'a PAX record without its line end': rawRecords('11 mtime=1x'),
  'zeros behind the PAX records': rawRecords(Buffer.concat([paxRecord('mtime', '1'), Buffer.alloc(20)])),
  'two PAX headers for one member': before(/extended header/, paxHeader({ mtime: '1' }), paxHeader({ path: `${top}/x` })),
  'a global PAX header between another and its member': before(/extended header/, paxHeader({ mtime: '1' }), paxHeader({ comment: 'x' }, 'g')),
  'a PAX header for nothing': and(/extended header/, paxHeader({ mtime: '1' })),
  'a PAX header larger than any': before(/extended header/, { name: 'x', type: 'x', content: Buffer.alloc((1 << 20) + 1) }),
  'a long name for nothing': and(/extended header/, gnuLong(`${top}/x`)),
  'two long names for one member': before(/extended header/, gnuLong(`${top}/x`), gnuLong(`${top}/y`)),
  'two long targets for one link': and(/extended header/, gnuLong('x', 'K'), gnuLong('y', 'K'), { name: `${top}/l`, type: '2' }),
  'an empty long name': before(/extended header/, gnuLong('')),
  'a long name with more behind its end': before(/extended header/, gnuLong(`${top}/x\0evil`)),
  'a long name larger than any': before(/extended header/, { ...gnuLong('x'), content: 'x'.repeat((1 << 20) + 1) }),
  'a long name and a PAX name': before(/extended header/, gnuLong(`${top}/x`), paxHeader({ path: `${top}/y` })),
  'a PAX name and a long name': before(/extended header/, paxHeader({ path: `${top}/y` }), gnuLong(`${top}/x`)),
  'a long name that goes up': before(/not allowed/, gnuLong(`../${'a'.repeat(120)}`)),
  // what a source says
  'PKG-INFO twice and differently': and(/twice/, { ...pkgInfo, content: `${info}x` }),
  'PKG-INFO twice by another spelling': and(/twice/, { name: `./${top}//PKG-INFO`, content: `${info}x` }),
  'PKG-INFO that is a link': tar(writeTar([setup, { ...pkgInfo, content: '', type: '2', link: 'setup.py' }]), /no plain file/),
  'PKG-INFO that is a hard link': tar(writeTar([setup, { ...pkgInfo, content: '', type: '1', link: `${top}/setup.py` }]), /no plain file/),
  'PKG-INFO that is a folder': tar(writeTar([setup, { name: `${top}/PKG-INFO/` }]), /no plain file/),
  'pyproject.toml that is a link': and(/no plain file/, { name: `${top}/pyproject.toml`, type: '2', link: 'setup.py' }),
  'PKG-INFO larger than any': and(/holds more than any/, { name: `${top}/pyproject.toml`, content: 'x'.repeat((4 << 20) + 1) }),
  'more requires.txt than memory has room for': and(/holds more than any/, ...[1, 2, 3, 4, 5].map((n): TarEntry => ({ name: `${top}/${n}.egg-info/requires.txt`, content: '#'.repeat(4 << 20) }))),
  // zips
  'an empty zip': zip([], /no whole archive/),
  'a zip with a member twice': zip([...zipped, { name: `${top}/PKG-INFO`, content: 'x' }], /is there twice/),
  'a zip with a name that goes up': zip([...zipped, { name: '../evil', content: 'x' }], /member name/),
  'a zip with a PKG-INFO that is a link': zip([{ name: `${top}/PKG-INFO`, content: 'setup.py', mode: 0o120777 }], /no plain file/),
  'a zip with a PKG-INFO that is a folder': zip([{ name: `${top}/PKG-INFO/` }], /no plain file/),
  'a zip with a link to the outside': zip([...zipped, { name: `${top}/l`, content: '/etc/passwd', mode: 0o120777 }], /leads out/),
  'a zip with two headers that differ': zip([{ name: `${top}/PKG-INFO`, content: info, local: { name: Buffer.from(`${top}/PKG-INF0`) } }], /two headers/),
  'a zip with a PKG-INFO of another sum': zip([{ name: `${top}/PKG-INFO`, content: info, header: { crc: 1 } }], /is broken/),
  'a zip under a tar’s name': gzipped(writeZip(zipped), /not gzip/),
  'a tar under a zip’s name': { file: 'aa-1.0.zip', bytes: gzipSync(plainTar), reason: /does not end as a zip/ },
  'a form that is not read': { file: 'aa-1.0.tar.bz2', bytes: Buffer.from('BZh9'), reason: /form is none/ },
} // prettier-ignore

function rawTwice(): HostileSdist {
  const content = Buffer.concat([paxRecord('path', `${top}/a`), paxRecord('path', `${top}/b`)])
  return before(/PAX record/, { name: 'PaxHeaders/x', type: 'x', content })
}
