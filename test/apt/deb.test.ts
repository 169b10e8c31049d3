import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { createDebs } from '../../server/apt/deb.ts'
import { openChild } from '../../server/child.ts'
import { AirlockError } from '../../server/errors.ts'
import { ar, buildDeb, tar } from '../support/deb.ts'
import { temporaryFolder } from '../support/folders.ts'

const debs = createDebs({ openChild })
const control = 'Package: aa\nVersion: 1.0-1\nArchitecture: all\nMaintainer: x <x@y.example>\nDescription: x\n'
const version = ['debian-binary', Buffer.from('2.0\n')] as const
let controlTar: Buffer
let plainControl: Buffer
let dataTar: Buffer
before(async () => {
  plainControl = await tar([['./control', control]])
  controlTar = gzipSync(plainControl)
  dataTar = gzipSync(await tar([['./usr/share/aa', 'x']]))
})

const inner = (bytes = controlTar, name = 'control.tar.gz') => [name, bytes] as const
const data = (bytes = dataTar, name = 'data.tar.gz') => [name, bytes] as const
const whole = () => ar([version, inner(), data()])
const withControl = async (...members: Parameters<typeof tar>[0]) =>
  ar([version, inner(gzipSync(await tar(members))), data()])

async function judge(folder: string, bytes: Buffer, stanza = control): Promise<void> {
  const path = join(folder, 'aa.deb')
  await writeFile(path, bytes)
  await debs.check(path, 'aa.deb', stanza, AbortSignal.timeout(10_000))
}

const patched = (bytes: Buffer, at: number, text: string) => {
  const copy = Buffer.from(bytes)
  copy.write(text, at, 'latin1')
  return copy
}

/** Header fields start at 8 (magic) with name 0, mtime 16, uid 28, gid 34, mode 40, size 48, end 58. */
const header = (field: number) => 8 + field

const bad: Record<string, () => Buffer | Promise<Buffer>> = {
  'nothing': () => Buffer.alloc(0),
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
  'wrong padding': async () => {
    const bytes = ar([version, ['control.tar', Buffer.concat([plainControl, Buffer.from('x')])], data()])
    return patched(bytes, 8 + 60 + 4 + 60 + plainControl.length + 1, 'x')
  },
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
  'too many entries': () => withControl(...Array.from({ length: 10_001 }, (_, index) => [`./f${index}`, ''] as const)),
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
} // prettier-ignore

test(`${Object.keys(bad).length} odd .debs are each refused as invalid`, async (t) => {
  const folder = await temporaryFolder(t)
  for (const [what, make] of Object.entries(bad)) {
    const error: unknown = await judge(folder, await make()).then(
      () => null,
      (cause: unknown) => cause,
    )
    assert.ok(error instanceof AirlockError && error.code === 'artifact-invalid', `${what}: ${String(error)}`)
  }
})

test('every packing that dpkg knows is read', async (t) => {
  const folder = await temporaryFolder(t)
  await judge(folder, whole())
  await judge(folder, ar([version, inner(zstdCompressSync(plainControl), 'control.tar.zst'), data()]))
  await judge(folder, ar([version, inner(plainControl, 'control.tar'), data(dataTar, 'data.tar.xz')]))
  await judge(folder, await withControl(['control', control]))
  await judge(folder, await withControl(['./control', control], ['./postinst', '#!/bin/sh\n', { mode: 0o755 }]))
  await judge(folder, (await buildDeb({ name: 'aa', files: { 'usr/bin/aa': '#!/bin/sh\n' } })).bytes)
})

for (const packing of ['xz', 'gzip', 'zstd', 'none']) {
  test(`what dpkg-deb builds with ${packing} is read`, async (t) => {
    const folder = await temporaryFolder(t)
    await mkdir(join(folder, 'aa/DEBIAN'), { recursive: true })
    await writeFile(join(folder, 'aa/DEBIAN/control'), control)
    await promisify(execFile)('dpkg-deb', [
      `-Z${packing}`,
      '--uniform-compression',
      '-b',
      join(folder, 'aa'),
      join(folder, 'built.deb'),
    ])
    await judge(folder, await readFile(join(folder, 'built.deb')))
  })
}
