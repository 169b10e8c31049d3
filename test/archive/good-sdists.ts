/** Source distributions as real ones are: each writer’s form of tar and gzip, and zips, times what lies in them. */
import { gzipSync } from 'node:zlib'
import { gnuLong, paxHeader, tarEntry, writeTar, type TarEntry } from '../support/tars.ts'
import { writeZip } from '../support/zips.ts'
import type { GoodFile } from './good-wheels.ts'

/** Names below the top folder; a `target` makes it a link, a name that ends with a slash a folder. */
type Content = { readonly name: string; readonly text?: string | Buffer; readonly target?: string }

const top = 'Some.Pkg-1.0'
const info = 'Metadata-Version: 1.0\nName: Some.Pkg\nVersion: 1.0\n'
const pyproject = '[build-system]\nrequires = ["setuptools"]\n'
const base: readonly Content[] = [
  { name: 'PKG-INFO', text: info },
  { name: 'setup.py', text: 'import setuptools\n' },
  { name: 'src/some_pkg/__init__.py', text: '' },
]

const contents: Readonly<Record<string, readonly Content[]>> = {
  'a few files': base,
  'a pyproject.toml': [...base, { name: 'pyproject.toml', text: pyproject }],
  'an egg-info': [...base, { name: 'src/some.egg-info/requires.txt', text: 'six\n' }, { name: 'src/some.egg-info/PKG-INFO', text: info }],
  'an entry for each folder': [{ name: '' }, { name: 'src/' }, { name: 'src/some_pkg/' }, ...base],
  'a folder twice': [{ name: 'src/' }, ...base, { name: 'src/' }],
  'links within': [...base, { name: 'README', target: 'docs/index.md' }, { name: 'docs/index.md', text: '#' }, { name: 'docs/top', target: '../setup.py' }],
  'long names': [...base, { name: `src/${'deep/'.repeat(30)}module.py`, text: 'x' }, { name: `tests/${'n'.repeat(140)}.txt`, text: 'y' }],
  'names beyond ASCII': [...base, { name: 'docs/数据 ñ.txt', text: 'x' }],
  'metadata beyond ASCII': [{ name: 'PKG-INFO', text: `${info}Author: Zoë 张三\n\n说明\n` }, ...base.slice(1)],
  'metadata in Latin-1': [{ name: 'PKG-INFO', text: Buffer.from(`${info}Author: Zo\xeb\n`, 'latin1') }, ...base.slice(1)],
  'no metadata at all': base.slice(1),
  'a large file': [...base, { name: 'data.bin', text: Buffer.alloc(400_000, 'abcde') }],
  'the same file again': [...base, { name: 'setup.py', text: 'import setuptools\n' }],
  'a vendored source': [...base, { name: 'vendor/x/PKG-INFO', text: 'Name: x\n' }, { name: 'vendor/x/pyproject.toml', text: 'x' }],
} // prettier-ignore

type Writer = { readonly file: string; readonly write: (contents: readonly Content[]) => Buffer | null }

const entryOf = ({ name, text = '', target }: Content, more: Partial<TarEntry> = {}, folder = top): TarEntry => ({
  name: `${folder}/${name}`,
  ...(target === undefined ? { content: text } : { type: '2', link: target, mode: 0o777 }),
  ...more,
})
const isShort = ({ name }: TarEntry) => Buffer.byteLength(name) <= 100
const isAscii = ({ name }: TarEntry) => /^[\x20-\x7e]*$/.test(String(name))
const tgz = (make: (contents: readonly Content[]) => Buffer | null, file = 'some_pkg-1.0.tar.gz'): Writer => ({
  file,
  write: (contents) => {
    const tar = make(contents)
    return tar && gzipSync(tar)
  },
})
const paxOf = (entries: readonly TarEntry[], records: Readonly<Record<string, string>>) =>
  entries.flatMap((entry) => {
    const path = isShort(entry) && isAscii(entry) ? {} : { path: entry.name as string }
    const all = { ...path, ...records }
    return Object.keys(all).length === 0 ? [entry] : [paxHeader(all), { ...entry, name: Buffer.from(entry.name as string).subarray(0, 99) }]
  }) // prettier-ignore
const gnuOf = (entries: readonly TarEntry[]) =>
  entries.flatMap((entry): TarEntry[] => [
    ...(isShort(entry) ? [] : [gnuLong(String(entry.name))]),
    { ...entry, form: 'gnu' },
  ])
/** POSIX’s way with names of up to 255 bytes; null: it has none for these. */
function ustarOf(entries: readonly TarEntry[]): readonly TarEntry[] | null {
  const split = entries.map((entry) => {
    const name = String(entry.name)
    if (isShort(entry)) return entry
    const at = name.indexOf('/', name.length - 101)
    return at === -1 || at > 155 ? null : { ...entry, name: name.slice(at + 1), prefix: name.slice(0, at) }
  })
  return split.every((entry) => entry !== null) ? split : null
}
const gzipHeader = (flags: number, extra: string, tar: Buffer) =>
  Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 2, 255]),
    Buffer.from(extra, 'latin1'),
    gzipSync(tar).subarray(10),
  ])

const plain = (contents: readonly Content[]) => contents.map((one) => entryOf(one))
const writers: Readonly<Record<string, Writer>> = {
  'in POSIX’s form': tgz((all) => { const entries = ustarOf(plain(all)); return entries && writeTar(entries) }),
  'in GNU’s form': tgz((all) => writeTar(gnuOf(plain(all)))),
  'in the oldest form': tgz((all) => plain(all).every(isShort) ? writeTar(plain(all).map((one) => ({ ...one, form: 'v7', ...(one.type === undefined && { type: '\0' }) }))) : null),
  'with PAX names': tgz((all) => writeTar(paxOf(plain(all), {}))),
  'with PAX times': tgz((all) => writeTar(paxOf(plain(all), { mtime: '1700000000.123' }))),
  'with PAX owners': tgz((all) => writeTar(paxOf(plain(all), { uid: '4000000000', uname: 'Zoë', gname: 'büro' }))),
  'with a Mac’s attributes': tgz((all) => writeTar(paxOf(plain(all), { 'LIBARCHIVE.creationtime': '1700000000', 'SCHILY.xattr.com.apple.provenance': '\u0001\u0002' }))),
  'from git': tgz((all) => writeTar([paxHeader({ comment: 'a'.repeat(40) }, 'g'), ...paxOf(plain(all), {})])),
  'with ./ in front': tgz((all) => writeTar([{ name: './' }, ...gnuOf(all.map((one) => entryOf(one, {}, `./${top}`)))])),
  'with spaces in numbers': tgz((all) => writeTar(gnuOf(plain(all)).map((one) => ({ ...one, size: `${Buffer.byteLength(one.content ?? '').toString(8).padStart(11)} ` })))),
  'with large owners in base 256': tgz((all) => writeTar(gnuOf(plain(all)).map((one) => ({ ...one, lie: (header: Buffer) => { header.set([0x80, 0, 0, 0, 0xff, 0, 0, 0], 108) } })))),
  'in large records': tgz((all) => writeTar(gnuOf(plain(all)), Buffer.alloc(20_480))),
  'without blocks at its end': tgz((all) => Buffer.concat(gnuOf(plain(all)).map(tarEntry))),
  'with one block at its end': tgz((all) => writeTar(gnuOf(plain(all)), Buffer.alloc(512))),
  'as .tgz': tgz((all) => writeTar(gnuOf(plain(all))), 'some-pkg-1.0.tgz'),
  'with a gzip name': { file: 'Some.Pkg-1.0.tar.gz', write: (all) => gzipHeader(8, 'dist/Some.Pkg-1.0.tar\0', writeTar(gnuOf(plain(all)))) },
  'with all that a gzip header may have': { file: 'Some.Pkg-1.0.tar.gz', write: (all) => gzipHeader(4 | 8 | 16, '\x02\0abname\0a comment\0', writeTar(gnuOf(plain(all)))) },
  'stored by gzip': { file: 'Some.Pkg-1.0.tar.gz', write: (all) => gzipSync(writeTar(gnuOf(plain(all))), { level: 0 }) },
  'as a zip': { file: 'Some.Pkg-1.0.zip', write: (all) => zipOf(all, {}) },
  'as a stored zip': { file: 'Some.Pkg-1.0.zip', write: (all) => zipOf(all, { method: 'stored' }) },
  'as a streamed zip': { file: 'Some.Pkg-1.0.zip', write: (all) => zipOf(all, { descriptor: 'signed' }) },
} // prettier-ignore

function zipOf(all: readonly Content[], more: object): Buffer | null {
  const names = new Set(all.map(({ name }) => name))
  if (names.size < all.length) return null
  return writeZip(
    all.map(({ name, text = '', target }) => ({
      name: `${top}/${name}`,
      content: target ?? text,
      ...(target !== undefined && { mode: 0o120777 }),
      ...(name === '' || name.endsWith('/') ? {} : more),
    })),
  )
}

/** Not all forms can say all things: those that cannot are left out, as their writers do. */
export function goodSdists(): readonly GoodFile[] {
  return Object.entries(writers).flatMap(([how, { file, write }]) =>
    Object.entries(contents).flatMap(([what, content]) => {
      const bytes = write(content)
      return bytes === null ? [] : [{ what: `${what}, ${how}`, file, bytes }]
    }),
  )
}
