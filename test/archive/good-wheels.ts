/** Wheels as real ones are: what their writers do, times what lies in them. All are honest. */
import { crc32 } from 'node:zlib'
import { makeWheel, type WheelOptions } from '../support/wheels.ts'
import { extraField, fields, type ZipMember } from '../support/zips.ts'

export type GoodFile = { readonly what: string; readonly file: string; readonly bytes: Buffer }

const each = (lie: Partial<ZipMember>) => (members: readonly ZipMember[]) => members.map((one) => ({ ...one, ...lie }))
const sizes = ({ content = '' }: ZipMember) => [8, Buffer.byteLength(content)] as const

/** What writers do with any content. */
const writers: Readonly<Record<string, Partial<WheelOptions>>> = {
  'deflated, as most': {},
  'stored, as some do for speed': { method: 'stored' },
  'streamed, sizes behind the data': { members: each({ descriptor: 'signed' }) },
  'streamed without signatures': { members: each({ descriptor: 'unsigned' }) },
  'streamed with long sizes': { members: each({ descriptor: 'long' }) },
  'with zip64 records at its end': { zip: { zip64: {} } },
  'with zip64 sizes in local headers': {
    method: 'stored',
    members: (members) =>
      members.map((one) => ({
        ...one,
        local: { compressedSize: 0xffffffff, size: 0xffffffff, extra: extraField(1, fields(sizes(one), sizes(one))) },
      })),
  },
  'with a writer’s mark as comment': { zip: { comment: 'zip-rs' } },
  'with times as extra fields': { members: each({ header: { extra: extraField(0x5455, Buffer.alloc(5, 1)) } }) },
  'with owners as extra fields': { members: each({ header: { extra: extraField(0x7875, Buffer.alloc(11, 1)) } }) },
  'made by Windows': { members: each({ madeBy: 0x0014, mode: 0 }) },
  'made with the best compression': { members: each({ central: { flags: 0b010 }, local: { flags: 0b010 } }) },
  'with an entry for each folder': {
    members: (members) => {
      const folders = new Set(members.flatMap(({ name }) => [...String(name).matchAll(/\//g)].map(({ index }) => String(name).slice(0, index + 1))))
      return [...[...folders].map((name): ZipMember => ({ name })), ...members]
    },
  },
  'with all files executable': { members: each({ mode: 0o100755 }) },
  'with RECORD first': { members: (members) => members.toReversed() },
  'with an honest sum beside its descriptors': {
    members: (members) => members.map((one) => ({ ...one, descriptor: 'signed', local: { crc: crc32(Buffer.from(one.content ?? '')) } })),
  },
} // prettier-ignore

const metadata = (lines: readonly string[], text = '') => ({ metadata: [...lines, '', text].join('\n') })
const head = ['Metadata-Version: 2.1', 'Name: some-pkg', 'Version: 1.0']
const info = 'some_pkg-1.0.dist-info'

/** What lies in them. Names and flags of members stay ASCII where a writer sets the flags. */
const contents: Readonly<Record<string, Partial<WheelOptions>>> = {
  'one module': {},
  'empty modules': { files: { 'some_pkg/sub/__init__.py': '', 'some_pkg/py.typed': '' } },
  'a large module': { files: { 'some_pkg/data.bin': Buffer.alloc(300_000, 'abc') } },
  'a file of zeros': { files: { 'some_pkg/zeros': Buffer.alloc(100_000) } },
  'long names': { files: { [`some_pkg/${'deep/'.repeat(40)}module.py`]: 'x', [`some_pkg/${'n'.repeat(250)}`]: 'x' } },
  'names with spaces, commas and quotes': { files: { 'some_pkg/a b, "c".txt': 'x', "some_pkg/it's [1].txt": 'y' } },
  'the oldest metadata': metadata(['Metadata-Version: 1.0', ...head.slice(1), 'Summary: UNKNOWN', 'Home-page: UNKNOWN', 'License: UNKNOWN']),
  'metadata 1.1': metadata(['Metadata-Version: 1.1', ...head.slice(1), 'Platform: any', 'Requires: other']),
  'metadata 1.2': metadata(['Metadata-Version: 1.2', ...head.slice(1), 'Requires-Dist: other (>1.0)', 'Requires-Python: >=2.6']),
  'metadata 2.0': metadata(['Metadata-Version: 2.0', ...head.slice(1), 'Requires-Dist: other (>=1,<2)', 'Provides-Extra: test']),
  'metadata 2.4 with licences': { ...metadata(['Metadata-Version: 2.4', ...head.slice(1), 'License-Expression: MIT', 'License-File: LICENSE'], 'Text\n'), files: { [`${info}/licenses/LICENSE`]: 'MIT' } },
  'metadata of one line ends': metadata(head.map((line) => `${line}\r`), 'Text\r\n'),
  'metadata beyond ASCII': metadata([...head, 'Author: Zoë 张三', 'Summary: naïve 数据'], '说明 ✓\n'),
  'metadata in Latin-1': { metadata: Buffer.from([...head, 'Author: Zo\xeb', '', ''].join('\n'), 'latin1') },
  'metadata with a folded field': metadata([...head, 'License: first', '        second', '       |third']),
  'metadata with a long description': metadata([...head, 'Description-Content-Type: text/markdown'], '# Title\n'.repeat(20_000)),
  'metadata behind a byte order mark': { metadata: `\ufeff${[...head, '', ''].join('\n')}` },
  'a .data folder': { files: { 'some_pkg-1.0.data/scripts/run': '#!python\n', 'some_pkg-1.0.data/data/etc/x.conf': 'x' } },
  'entry points and a top level': { files: { [`${info}/entry_points.txt`]: '[console_scripts]\nx = some_pkg:x\n', [`${info}/top_level.txt`]: 'some_pkg\n' } },
  'vendored metadata': { files: { 'some_pkg/_vendor/other-2.0.dist-info/METADATA': 'Name: other\n' } },
  'a namespace without __init__': { files: { 'space/part/module.py': 'x = 1\n' } },
  'libraries': { tag: 'cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64', files: { 'some_pkg/x.cpython-311-x86_64-linux-gnu.so': Buffer.from('\x7fELF\x02\x01', 'latin1'), 'some_pkg.libs/libx-1a2b3c.so.1': 'x' } },
  'a build number': { build: '1' },
  'requirements with markers': { requires: ['numpy>=1.26', "rich; extra == 'all'"], extras: ['all'], requiresPython: '>=3.8' },
  'RECORD without hashes': { record: `some_pkg/__init__.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n` },
  'a .dist-info of another spelling': { distInfo: 'Some.Pkg-1.0.dist-info' },
} // prettier-ignore

export function goodWheels(): readonly GoodFile[] {
  return Object.entries(writers).flatMap(([how, writer]) =>
    Object.entries(contents).map(([what, content]) => {
      const { file, bytes } = makeWheel({ name: 'some-pkg', version: '1.0', ...content, ...writer })
      return { what: `${what}, ${how}`, file, bytes }
    }),
  )
}
