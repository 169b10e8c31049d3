/** Debs that readers would read differently, or that are not the package that their index says. */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { ar, tar } from '../support/deb.ts'
import { gnuLong, paxHeader, tarEntry, writeTar, type TarEntry } from '../support/tars.ts'
import { fields } from '../support/zips.ts'

/** What the index says of all of them. */
export const control = 'Package: aa\nVersion: 1.0-1\nArchitecture: all\nMaintainer: x <x@y.example>\nDescription: x\n'
export const version = ['debian-binary', Buffer.from('2.0\n')] as const
const plainControl = await tar([['./control', control]])
const controlTar = gzipSync(plainControl)
const dataTar = gzipSync(await tar([['./usr/share/aa', 'x']]))

const inner = (bytes: Buffer = controlTar, name = 'control.tar.gz') => [name, bytes] as const
const data = (bytes: Buffer = dataTar, name = 'data.tar.gz') => [name, bytes] as const
const whole = () => ar([version, inner(), data()])
const withControl = async (...members: Parameters<typeof tar>[0]) =>
  ar([version, inner(gzipSync(await tar(members))), data()])
/** A control.tar byte by byte, with an honest control file at its end. */
const own: TarEntry = { name: './control', content: control }
const withEntries = (...entries: readonly TarEntry[]) =>
  ar([version, inner(gzipSync(writeTar([...entries, own]))), data()])
const withText = (text: string) => ar([version, inner(gzipSync(writeTar([{ ...own, content: text }]))), data()])
const packed = (bytes: Buffer, end: string) => ar([version, inner(bytes, `control.tar${end}`), data()])

const patched = (bytes: Buffer, at: number, text: string) => {
  const copy = Buffer.from(bytes)
  copy.write(text, at, 'latin1')
  return copy
}

/** Header fields start at 8 (magic) with name 0, mtime 16, uid 28, gid 34, mode 40, size 48, end 58. */
const header = (field: number) => 8 + field

export const oddDebs: Readonly<Record<string, () => Buffer | Promise<Buffer>>> = {
  'nothing in it': () => Buffer.alloc(0),
  'a magic and no more': () => Buffer.from('!<arch>\n'),
  'half a magic': () => Buffer.from('!<ar'),
  'a zip': () => Buffer.from('PK\u0003\u0004'.padEnd(200)),
  'a thin archive': () => patched(whole(), 0, '!<thin>\n'),
  'text': () => Buffer.from('Package: aa\n'.repeat(20)),
  'no version member': () => ar([inner(), data()]),
  'no control member': () => ar([version, data()]),
  'no data member': () => ar([version, inner()]),
  'members in another order': () => ar([version, data(), inner()]),
  'the version last': () => ar([inner(), data(), version]),
  'two control members': () => ar([version, inner(), inner(), data()]),
  'two data members': () => ar([version, inner(), data(), data()]),
  'a member after the last': () => ar([version, inner(), data(), ['_extra', Buffer.from('x')]]),
  'a member behind its signature': () => ar([version, inner(), data(), ['_gpgorigin', Buffer.from('x')], ['_extra', Buffer.from('x')]]),
  'a signature in front of its data': () => ar([version, inner(), ['_gpgorigin', Buffer.from('x')], data()]),
  'more signatures than anybody gives': () => ar([version, inner(), data(), ...Array.from({ length: 5 }, (_, at) => [`_gpg${at}`, Buffer.from('x')] as const)]),
  'its data twice': () => ar([version, inner(), data(), data()]),
  'a member in between': () => ar([version, ['_extra', Buffer.from('xx')], inner(), data()]),
  'another format version': () => ar([['debian-binary', Buffer.from('3.0\n')], inner(), data()]),
  'a version without its line end': () => ar([['debian-binary', Buffer.from('2.0')], inner(), data()]),
  'a version with more lines': () => ar([['debian-binary', Buffer.from('2.0\nmore\n')], inner(), data()]),
  'an empty version': () => ar([['debian-binary', Buffer.alloc(0)], inner(), data()]),
  'bytes after the end': () => Buffer.concat([whole(), Buffer.from('tail')]),
  'a newline after the end': () => Buffer.concat([whole(), Buffer.from('\n\n')]),
  'a cut in the data': () => whole().subarray(0, -20),
  'a cut in a header': () => whole().subarray(0, 30),
  'a cut in the control': () => whole().subarray(0, 8 + 60 + 4 + 60 + 10),
  'a size beyond the file': () => patched(whole(), header(48), '9999999999'),
  'a negative size': () => patched(whole(), header(48), '-4        '),
  'a hexadecimal size': () => patched(whole(), header(48), '0x4       '),
  'an empty size': () => patched(whole(), header(48), '          '),
  'a size with a space before it': () => patched(whole(), header(48), ' 4        '),
  'a size of two numbers': () => patched(whole(), header(48), '4 4       '),
  'a wrong end of a header': () => patched(whole(), header(58), '``'),
  'no end of a header': () => patched(whole(), header(58), '\0\0'),
  'a mode that is no number': () => patched(whole(), header(40), '10x644  '),
  'a date that is no number': () => patched(whole(), header(16), 'yesterday   '),
  'a zero byte in a name': () => patched(whole(), header(0), 'debian-binary\0  '),
  'a BSD long name': () => patched(whole(), header(0), '#1/13           '),
  'a GNU name table': () => patched(whole(), header(0), '//              '),
  'wrong padding': () => patched(ar([['debian-binary', Buffer.from('2.10\n')], inner(), data()]), 8 + 60 + 5, 'x'),
  'a control member of another kind': () => ar([version, inner(controlTar, 'control.tar.lz4'), data()]),
  'a control member that is a folder name': () => ar([version, inner(controlTar, 'control/'), data()]),
  'a data member of another kind': () => ar([version, inner(), data(dataTar, 'data.zip')]),
  'a data member with a path': () => ar([version, inner(), data(dataTar, '../data.tar.gz')]),
  'gzip that is none': () => ar([version, inner(Buffer.from('not gzip')), data()]),
  'gzip that is cut': () => ar([version, inner(controlTar.subarray(0, 40)), data()]),
  'gzip with a wrong checksum': () => ar([version, inner(patched(controlTar, controlTar.length - 8, 'abcd')), data()]),
  'zstd that is none': () => ar([version, inner(Buffer.from('not zstd'), 'control.tar.zst'), data()]),
  'xz that is none': () => ar([version, inner(Buffer.from('not xz at all'), 'control.tar.xz'), data()]),
  'gzip named xz': () => ar([version, inner(controlTar, 'control.tar.xz'), data()]),
  'a tar that is cut': () => ar([version, inner(plainControl.subarray(0, 600), 'control.tar'), data()]),
  'a tar with a wrong checksum': () => ar([version, inner(patched(plainControl, 0, './Control'), 'control.tar'), data()]),
  'a tar of text': () => ar([version, inner(Buffer.from('x'.repeat(2048)), 'control.tar'), data()]),
  'no tar at all': () => ar([version, inner(Buffer.alloc(0), 'control.tar'), data()]),
  'no control file': () => withControl(['./md5sums', 'x']),
  'two control files': () => withControl(['./control', control], ['./control', control]),
  'the same control file under two names': () => withControl(['./control', control], ['control', control]),
  'a control file that is a link': () => withControl(['./control', '', { type: 'symlink', linkname: '/etc/passwd' }]),
  'a control file that is a folder': () => withControl(['./control', '', { type: 'directory' }]),
  'a device': () => withControl(['./control', control], ['./dev', '', { type: 'character-device', devmajor: 1, devminor: 3 }]),
  'a fifo': () => withControl(['./control', control], ['./pipe', '', { type: 'fifo' }]),
  'a hard link': () => withControl(['./control', control], ['./copy', '', { type: 'link', linkname: './control' }]),
  'a path that leads out': () => withControl(['./control', control], ['../../etc/cron.d/x', 'x']),
  'an absolute path': () => withControl(['./control', control], ['/etc/cron.d/x', 'x']),
  'a PAX time': () => withControl(['./control', control, { pax: { mtime: '1.5' } }]),
  'a PAX path': () => withControl(['./control', control], ['./x', 'x', { pax: { path: './control' } }]),
  'a PAX size': () => withControl(['./control', control, { pax: { size: '3' } }]),
  'a PAX link': () => withControl(['./control', control], ['./x', '', { type: 'symlink', linkname: 'y', pax: { linkpath: '/etc' } }]),
  'a sparse file': () => withControl(['./control', control, { pax: { 'GNU.sparse.major': '1' } }]),
  'too many entries': () => withEntries(...Array.from({ length: 10_001 }, (_, index): TarEntry => ({ name: `./f${index}` }))),
  'a control file that is too large': () => withControl(['./control', control + ' x\n'.repeat(400_000)]),
  'an empty control file': () => withControl(['./control', '']),
  'two paragraphs': () => withControl(['./control', `${control}\nPackage: bb\nVersion: 1\nArchitecture: all\n`]),
  'another package': () => withControl(['./control', control.replace('aa', 'bb')]),
  'another version': () => withControl(['./control', control.replace('1.0-1', '1.0-2')]),
  'another architecture': () => withControl(['./control', control.replace('all', 'amd64')]),
  'no package': () => withControl(['./control', control.replace('Package: aa\n', '')]),
  'no version': () => withControl(['./control', control.replace('Version: 1.0-1\n', '')]),
  'a bomb': () => ar([version, inner(gzipSync(Buffer.alloc(80 << 20))), data()]),
  'a zstd bomb': () => ar([version, inner(zstdCompressSync(Buffer.alloc(80 << 20)), 'control.tar.zst'), data()]),
  'a second gzip stream behind the first': () => packed(Buffer.concat([gzipSync(writeTar([own], Buffer.alloc(0))), gzipSync(writeTar([{ name: './postinst', content: 'x' }]))]), '.gz'),
  'text behind its gzip stream': () => packed(Buffer.concat([controlTar, Buffer.from('text')]), '.gz'),
  'gzip with a wrong length': () => packed(patched(controlTar, controlTar.length - 4, 'abcd'), '.gz'),
  'a second zstd frame': () => packed(Buffer.concat([zstdCompressSync(plainControl), zstdCompressSync(plainControl)]), '.zst'),
  'text behind its zstd frame': () => packed(Buffer.concat([zstdCompressSync(plainControl), Buffer.from('text')]), '.zst'),
  'a zstd frame that is skipped by some': () => packed(Buffer.concat([fields([4, 0x184d2a50], [4, 4], [4, 0]), zstdCompressSync(plainControl)]), '.zst'),
  'a zstd frame that is cut': () => packed(zstdCompressSync(plainControl).subarray(0, -5), '.zst'),
  'a member behind the end of its tar': () => packed(Buffer.concat([plainControl, writeTar([{ name: './postinst' }])]), ''),
  'text behind the end of its tar': () => packed(Buffer.concat([plainControl, Buffer.alloc(512, 'x')]), ''),
  'a tar without its padding': () => packed(writeTar([{ ...own, isUnpadded: true }], Buffer.alloc(0)), ''),
  'a prefix that only some read': () => withEntries({ name: 'postinst', form: 'gnu', prefix: './x' }),
  'a negative size in its tar': () => withEntries({ name: './postinst', size: Buffer.alloc(12, 0xff) }),
  'a huge size in its tar': () => withEntries({ name: './postinst', size: '777777777777' }),
  'a size in base 256': () => withEntries({ name: './postinst', size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) }),
  'no size in its tar': () => withEntries({ name: './postinst', size: '\0'.repeat(12) }),
  'a folder with a member in its content': () => withEntries({ name: './', content: tarEntry({ name: './postinst' }) }),
  'a global PAX header': () => withEntries(paxHeader({ comment: 'x' }, 'g')),
  'a PAX header': () => withEntries(paxHeader({ mtime: '1' })),
  'a long name for nothing': () => ar([version, inner(gzipSync(writeTar([own, gnuLong('./postinst')]))), data()]),
  'a long name that goes up': () => withEntries(gnuLong(`../${'a'.repeat(150)}`), { name: 'x' }),
  'a volume’s label': () => withEntries({ name: './label', type: 'V', form: 'gnu' }),
  'a sparse control file': () => ar([version, inner(gzipSync(writeTar([{ ...own, type: 'S', form: 'gnu' }]))), data()]),
  'a type that nobody knows': () => withEntries({ name: './postinst', type: 'Z' }),
  'a folder below its own': () => withEntries({ name: './scripts/' }),
  'a file in a folder': () => withEntries({ name: './scripts/postinst', content: 'x' }),
  'a control file with a second slash': () => withEntries({ name: './/control', content: control.replace('aa', 'bb') }),
  'a control file with a second dot': () => withEntries({ name: '././control', content: control.replace('aa', 'bb') }),
  'a script twice': () => withEntries({ name: './postinst', content: 'a' }, { name: './postinst', content: 'b' }),
  'a script twice by another name': () => withEntries({ name: './postinst', content: 'a' }, { name: 'postinst', content: 'b' }),
  'a link to an absolute path': () => withEntries({ name: './postinst', type: '2', link: '/bin/sh' }),
  'a link that goes up': () => withEntries({ name: './postinst', type: '2', link: '../x' }),
  'a file written through a link': () => withEntries({ name: './x', type: '2', link: '.' }, { name: './x/control', content: control }),
  'a script with a new line in its name': () => withEntries({ name: './post\ninst' }),
  'a script with a space in its name': () => withEntries({ name: './post inst' }),
  'a script that is an option': () => withEntries({ name: './-rf' }),
  'a hidden script': () => withEntries({ name: './.postinst' }),
  'a package that is said twice': () => withText(`${control}Package: bb\n`),
  'a version that is said twice': () => withText(`${control}version: 9\n`),
  'a line that is no field': () => withText(`${control}nonsense\n`),
  'a field with a space in its name': () => withText(`${control}Pre Depends: x\n`),
  'a field without a name': () => withText(`${control}: x\n`),
  'a field that begins with a hyphen': () => withText(`${control}-Depends: x\n`),
  'a control file that begins in a field': () => withText(` x\n${control}`),
  'a zero byte in its control file': () => withText(`${control}Depends: a\0b\n`),
} // prettier-ignore
