/** Small files that would become large in memory, on disk or in time. */
import { execFileSync } from 'node:child_process'
import { constants, crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { ar } from '../support/deb.ts'
import { gnuLong, paxHeader, tarEntry, writeTar, type TarEntry } from '../support/tars.ts'
import { makeWheel, type WheelOptions } from '../support/wheels.ts'
import { fields, writeZip, type ZipMember } from '../support/zips.ts'

export type Bomb = { readonly file: string; readonly bytes: Buffer }

const mebibyte = 1 << 20
const info = 'some_pkg-1.0.dist-info'

/** Deflated zeros, so many times 16 MiB, for a thousandth of that: the same blocks again and again. */
function deflatedZeros(times: number): Buffer {
  const blocks = deflateRawSync(Buffer.alloc(16 * mebibyte), { finishFlush: constants.Z_FULL_FLUSH })
  return Buffer.concat([...Array.from({ length: times }, () => blocks), Buffer.from([3, 0])])
}
/** Its sum is wrong: nobody should come as far. */
const gzipOf = (deflated: Buffer) =>
  Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), deflated, Buffer.alloc(8)])

const wheel = (options: Partial<WheelOptions>): Bomb => makeWheel({ name: 'some-pkg', version: '1.0', ...options })
const change = (end: string, lie: Partial<ZipMember>) => ({
  members: (all: readonly ZipMember[]) => all.map((one) => (String(one.name).endsWith(end) ? { ...one, ...lie } : one)),
})
const add = (more: readonly ZipMember[]) => ({ members: (all: readonly ZipMember[]) => [...all, ...more] })
const times = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at))

const sdist = (bytes: Buffer): Bomb => ({ file: 'aa-1.0.tar.gz', bytes })
const tar = (entries: readonly TarEntry[]) => sdist(gzipSync(writeTar(entries), { level: 1 }))
/** Deeper than it is long: each segment is a folder to remember. */
const deep = (at: number, depth: number) => `${at}/${'a/'.repeat(depth)}x`

const control = 'Package: aa\nVersion: 1.0\nArchitecture: all\n'
const deb = (end: string, bytes: Buffer): Bomb => ({
  file: 'aa.deb',
  bytes: ar([['debian-binary', Buffer.from('2.0\n')], [`control.tar${end}`, bytes], ['data.tar.xz', Buffer.alloc(8)]]),
}) // prettier-ignore
const own: TarEntry = { name: './control', content: control }

/** So many empty members with names of their own, made quickly: only digits and the sum change. */
function manyMembers(count: number): Buffer {
  const first = tarEntry({ name: 'aa-1.0/000000' })
  const sumOf = (block: Buffer) => block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0)
  const base = sumOf(first) - 6 * 48
  const all = Buffer.alloc(count * 512 + 1024)
  for (let at = 0; at < count; at++) {
    first.copy(all, at * 512)
    const digits = String(at).padStart(6, '0')
    const sum = base + Buffer.from(digits).reduce((total, byte) => total + byte, 0)
    all.write(digits, at * 512 + 7, 'latin1')
    all.write(sum.toString(8).padStart(6, '0'), at * 512 + 148, 'latin1')
  }
  return all
}

export const bombs: Readonly<Record<string, () => Bomb>> = {
  'a wheel with a member of four gigabytes': () => wheel(change('__init__.py', { header: { size: 0xfffffff0 } })),
  'a wheel with 2,000 members of a megabyte': () => wheel(add(times(2000, (at) => ({ name: `x/${at}`, header: { size: mebibyte } })))),
  'a wheel whose METADATA unpacks to a gigabyte and says so': () => wheel(change('METADATA', { data: deflatedZeros(64), header: { size: 1024 * mebibyte } })),
  'a wheel whose METADATA unpacks to a gigabyte and says nothing of it': () => wheel(change('METADATA', { data: deflatedZeros(64) })),
  'a wheel whose RECORD unpacks to a gigabyte': () => wheel(change('RECORD', { data: deflatedZeros(64) })),
  'a wheel whose link unpacks to a gigabyte': () => wheel(add([{ name: 'some_pkg/x', mode: 0o120777, data: deflatedZeros(64), header: { size: 5, crc: crc32('') } }])),
  'a wheel with all entries on one member': () => wheel(add(times(5000, (at) => ({ name: `copy-${at}.py`, only: 'central', central: { offset: 0 } })))),
  'a wheel with a million lines in RECORD': () => wheel({ record: 'some_pkg/__init__.py,,\n'.repeat(600_000) }),
  'a wheel with a million folders': () => wheel(add(times(2200, (at) => ({ name: deep(at, 480), method: 'stored' })))),
  'a wheel that says it has 300,000 members': () => wheel({ zip: { zip64: { count: 300_000, onDisk: 300_000 } } }),
  'a wheel with a line of quotes in RECORD': () => wheel({ record: `"${'""'.repeat(4 * mebibyte)}",,\n${info}/RECORD,,\n` }),
  'an sdist of a gigabyte of zeros': () => sdist(gzipOf(deflatedZeros(64))),
  'an sdist with a file of a gigabyte': () => sdist(gzipOf(Buffer.concat([deflateRawSync(tarEntry({ name: 'aa-1.0/x', size: '10000000000\0' }), { finishFlush: constants.Z_FULL_FLUSH }), deflatedZeros(64)]))),
  'an sdist with a PKG-INFO of a gigabyte': () => tar([{ name: 'aa-1.0/PKG-INFO', size: '10000000000\0' }]),
  'an sdist with 300,001 members': () => sdist(gzipSync(manyMembers(300_001), { level: 1 })),
  'an sdist with 900,000 folders': () => tar(times(10_000, (at) => [gnuLong(deep(at, 90)), { name: 'x' }]).flat()),
  'an sdist with names of 40 megabytes': () => tar(times(9000, (at) => [gnuLong(`${at}/${`${'a'.repeat(250)}/`.repeat(16)}x`), { name: 'x' }]).flat()),
  'an sdist with a thousand requires.txt': () => tar(times(50, (at) => ({ name: `aa-1.0/${at}.egg-info/requires.txt`, content: Buffer.alloc(2 * mebibyte, '#') }))),
  'an sdist with PAX headers of a megabyte each': () => tar([...times(100, (at) => [paxHeader({ comment: 'x'.repeat(mebibyte - 100) }), { name: `aa-1.0/${at}` }]).flat(), { name: '../x' }]),
  'a zip sdist whose PKG-INFO unpacks to a gigabyte': () => ({ file: 'aa-1.0.zip', bytes: writeZip([{ name: 'aa-1.0/PKG-INFO', data: deflatedZeros(64) }]) }),
  'a .deb with a gigabyte of zeros in gzip': () => deb('.gz', gzipOf(deflatedZeros(64))),
  'a .deb with 200 megabytes in zstd': () => deb('.zst', zstdCompressSync(Buffer.alloc(200 * mebibyte))),
  'a .deb with 100 megabytes in xz': () => deb('.xz', execFileSync('xz', ['-0c'], { input: Buffer.alloc(100 * mebibyte), maxBuffer: 1 << 30 })),
  'a .deb with a zstd window of gigabytes': () => deb('.zst', Buffer.concat([fields([4, 0xfd2fb528], [1, 0], [1, 0xa8]), Buffer.from([3, 0, 0, 0])])),
  'a .deb with a control file of 60 megabytes': () => deb('.gz', gzipSync(writeTar([{ ...own, content: Buffer.alloc(60 * mebibyte, 'x') }]))),
  'a .deb with 20,000 scripts': () => deb('.gz', gzipSync(writeTar([own, ...times(20_000, (at): TarEntry => ({ name: `./s${at}` }))]))),
} // prettier-ignore
