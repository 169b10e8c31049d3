/** Wheels that readers would read differently, or that are not the release that their name says. */
import { deflateRawSync } from 'node:zlib'
import { makeWheel, type WheelOptions } from '../support/wheels.ts'
import { extraField, fields, type ZipMember } from '../support/zips.ts'

export const plain = { name: 'some-pkg', version: '1.0' } as const
export const info = 'some_pkg-1.0.dist-info'
export const python = "version = '1.0'\n"
export const wheelText = 'Wheel-Version: 1.0\n'

/** Changes one member, by the end of its name; the others stay as they are. */
export const change = (end: string, lie: Partial<ZipMember>) => (members: readonly ZipMember[]) =>
  members.map((member) => (String(member.name).endsWith(end) ? { ...member, ...lie } : member))
export const add =
  (...more: readonly ZipMember[]) =>
  (members: readonly ZipMember[]) => [...members, ...more]

/** One more member whose RECORD line is right, so that nothing but its name or type can be the reason. */
export const named = (name: string | Buffer, lie: Partial<ZipMember> = {}): Partial<WheelOptions> => ({
  members: (members) =>
    members
      .map((member) =>
        String(member.name).endsWith('RECORD')
          ? { ...member, content: `${String(member.content)}"${String(name).replaceAll('"', '""')}",,\n` }
          : member,
      )
      .concat([{ name, content: '', method: 'stored', ...lie }]),
})

const twice = {
  name: `${info}/METADATA`,
  content: 'Metadata-Version: 2.1\nName: some-pkg\nVersion: 1.0\nRequires-Dist: evil\n\n',
}

export const oddWheels: readonly (readonly [what: string, options: Partial<WheelOptions>, reason: RegExp])[] = [
  // the end of the file
  ['data after the end', { zip: { suffix: Buffer.from('x') } }, /does not end as a zip/],
  ['another zip’s end after the end', { zip: { suffix: makeWheel(plain).bytes.subarray(-22) } }, /table of contents/],
  [
    'another whole zip after the end',
    { zip: { suffix: makeWheel({ ...plain, requires: ['evil'] }).bytes } },
    /table of contents/,
  ],
  ['zeros after the end', { zip: { suffix: Buffer.alloc(100_000) } }, /does not end as a zip/],
  ['a comment with control characters', { zip: { comment: 'a\nb' } }, /comment/],
  ['a comment longer than a mark', { zip: { comment: 'x'.repeat(65) } }, /has a comment that could/],
  ['an end record within a comment', { zip: { comment: 'PK\u0005\u0006'.padEnd(22, '\0') } }, /table of contents/],
  ['a comment shorter than it says', { zip: { comment: 'abc', end: { commentLength: 4 } } }, /does not end as a zip/],
  ['a comment longer than it says', { zip: { comment: 'abc', end: { commentLength: 2 } } }, /does not end as a zip/],
  ['several disks', { zip: { end: { disk: 1 } } }, /disks/],
  ['a directory on another disk', { zip: { end: { directoryDisk: 1 } } }, /disks/],
  ['entries on another disk', { zip: { end: { onDisk: 3 } } }, /disks/],
  ['fewer entries than there are', { zip: { end: { onDisk: 3, count: 3 } } }, /table of contents/],
  ['more entries than there are', { zip: { end: { onDisk: 5, count: 5 } } }, /table of contents/],
  ['no entries', { members: () => [] }, /\.dist-info/],
  ['a directory that is said to be smaller', { zip: { end: { size: 100 } } }, /table of contents/],
  ['a directory that is said to be elsewhere', { zip: { end: { offset: 7 } } }, /table of contents/],
  ['a directory that is said to be behind the end', { zip: { end: { offset: 0xfffffff0 } } }, /table of contents/],
  ['data between directory and end', { zip: { afterDirectory: Buffer.from('hidden') } }, /table of contents/],
  [
    'a zip64 locator that nothing announces',
    { zip: { afterDirectory: fields([4, 0x07064b50], [4, 0], [8, 0], [4, 1]) } },
    /zip64/,
  ],
  ['zip64 announced and absent', { zip: { end: { count: 0xffff, onDisk: 0xffff } } }, /zip64/],
  ['a zip64 offset announced and absent', { zip: { end: { offset: 0xffffffff } } }, /zip64/],
  ['a zip64 locator that points elsewhere', { zip: { zip64: { recordOffset: 0 } } }, /zip64/],
  ['zip64 records on several disks', { zip: { zip64: { disks: 2 } } }, /disks/],
  ['a zip64 directory on another disk', { zip: { zip64: { directoryDisk: 1 } } }, /disks/],
  ['a zip64 record of another disk', { zip: { zip64: { disk: 1 } } }, /disks/],
  ['zip64 counts that differ', { zip: { zip64: { onDisk: 3 } } }, /disks/],
  ['a zip64 count that the end record contradicts', { zip: { zip64: {}, end: { count: 3, onDisk: 3 } } }, /zip64/],
  ['a zip64 offset that the end record contradicts', { zip: { zip64: {}, end: { offset: 3 } } }, /zip64/],
  ['a zip64 extensible data sector', { zip: { zip64: { recordSize: 60 } } }, /zip64/],
  ['a zip64 directory elsewhere', { zip: { zip64: { offset: 3 } } }, /table of contents/],
  ['a zip64 offset beyond any number', { zip: { zip64: { offset: Number.MAX_SAFE_INTEGER } } }, /table of contents/],
  [
    'more members than any wheel has',
    { zip: { zip64: { count: 300_000, onDisk: 300_000 } } },
    /more than 200000 members/,
  ],

  // members and their two headers
  [
    'data in front of the first member',
    { zip: { prefix: Buffer.from('#!/bin/sh\n') } },
    /in front of its first member/,
  ],
  [
    'a member that the directory does not list, first',
    { members: (members) => [{ name: 'evil.py', content: 'x', only: 'local' }, ...members] },
    /in front of its first/,
  ],
  [
    'a member that the directory does not list, last',
    { members: add({ name: 'evil.py', content: 'x'.repeat(99), only: 'local' }) },
    /belong to no member/,
  ],
  [
    'a small member that the directory does not list',
    { members: add({ name: '', content: '', method: 'stored', only: 'local' }) },
    /belong to no member/,
  ],
  [
    'a member that is in the directory only',
    { members: add({ name: 'evil.py', content: 'x', only: 'central' }) },
    /contradict/,
  ],
  ['a gap before the directory', { zip: { beforeDirectory: Buffer.alloc(3) } }, /belong to no member/],
  ['a gap between two members', { members: change('__init__.py', { behind: Buffer.alloc(2) }) }, /belong to no member/],
  [
    'a hole in the place of a descriptor',
    { members: change('__init__.py', { descriptor: 'signed', behind: Buffer.alloc(25) }) },
    /belong to no member/,
  ],
  [
    'a hole in the place of the last descriptor',
    { members: change('RECORD', { descriptor: 'signed', behind: Buffer.alloc(25) }) },
    /belong to no member/,
  ],
  [
    'a large gap between two members',
    { members: change('__init__.py', { behind: Buffer.alloc(70_000) }) },
    /belong to no member/,
  ],
  [
    'two entries for one local header',
    { members: add({ name: 'copy.py', content: python, only: 'central', central: { offset: 0 } }) },
    /overlaps/,
  ],
  [
    'members that overlap',
    { members: change('__init__.py', { header: { compressedSize: 2000, size: 2000 }, method: 'stored' }) },
    /overlaps/,
  ],
  [
    'a member that reaches into the directory',
    { members: change('RECORD', { header: { compressedSize: 100_000 } }) },
    /overlaps/,
  ],
  [
    'a local name that differs',
    { members: change('METADATA', { local: { name: Buffer.from(`${info}/METADATB`) } }) },
    /two headers/,
  ],
  [
    'a local name that is longer',
    { members: change('METADATA', { local: { name: Buffer.from(`${info}/METADATA2`) } }) },
    /two headers/,
  ],
  ['a local CRC that differs', { members: change('METADATA', { local: { crc: 1 } }) }, /two headers/],
  ['a local CRC of nothing', { members: change('METADATA', { local: { crc: 0 } }) }, /two headers/],
  ['a local size that differs', { members: change('METADATA', { local: { size: 1 } }) }, /two headers/],
  [
    'a local compressed size that differs',
    { members: change('METADATA', { local: { compressedSize: 1 } }) },
    /two headers/,
  ],
  ['a local method that differs', { members: change('METADATA', { local: { method: 0 } }) }, /two headers/],
  ['a local flag that differs', { members: change('METADATA', { local: { flags: 0x800 } }) }, /two headers/],
  [
    'a descriptor that only the local header announces',
    { members: change('METADATA', { local: { flags: 8 } }) },
    /two headers/,
  ],
  [
    'a descriptor that only the directory announces',
    { members: change('METADATA', { central: { flags: 8 } }) },
    /two headers/,
  ],
  ['a local header that is none', { members: change('METADATA', { local: { signature: 0x04034b51 } }) }, /two headers/],
  [
    'an entry that is none',
    { members: change('METADATA', { central: { signature: 0x02014b51 } }) },
    /table of contents/,
  ],
  [
    'an entry that points past the end',
    { members: change('RECORD', { central: { offset: 0x7fffffff } }) },
    /belong to no member/,
  ],
  [
    'no descriptor where one is announced',
    { members: change('METADATA', { descriptor: 'signed', behind: Buffer.alloc(0) }) },
    /contradict its header/,
  ],
  [
    'a descriptor that lies about the CRC',
    { members: change('METADATA', { descriptor: 'signed', behind: fields([4, 0x08074b50], [4, 1], [4, 1], [4, 1]) }) },
    /contradict its header/,
  ],
  [
    'a descriptor without its signature in 16 bytes',
    { members: change('METADATA', { descriptor: 'signed', behind: Buffer.alloc(16) }) },
    /contradict its header/,
  ],
  [
    'a descriptor with a hole',
    { members: change('METADATA', { descriptor: 'signed', behind: Buffer.alloc(18) }) },
    /contradict its header/,
  ],
  [
    'a local extra field that is cut',
    { members: change('METADATA', { local: { extra: fields([2, 1], [2, 16], [2, 0]) } }) },
    /two headers/,
  ],
  [
    'a local extra field of three bytes',
    { members: change('METADATA', { local: { extra: Buffer.alloc(3) } }) },
    /two headers/,
  ],
  [
    'an extra field of the directory that is cut',
    { members: change('METADATA', { central: { extra: fields([2, 1], [2, 16], [2, 0]) } }) },
    /table of contents/,
  ],
  [
    'local zip64 sizes that differ',
    {
      members: change('METADATA', {
        local: { compressedSize: 0xffffffff, size: 0xffffffff, extra: extraField(1, fields([8, 5], [8, 5])) },
      }),
    },
    /two headers/,
  ],
  [
    'local zip64 sizes announced and absent',
    { members: change('METADATA', { local: { size: 0xffffffff } }) },
    /two headers/,
  ],
  [
    'zip64 sizes twice',
    {
      members: change('METADATA', {
        local: {
          size: 0xffffffff,
          extra: Buffer.concat([extraField(1, Buffer.alloc(16)), extraField(1, Buffer.alloc(16))]),
        },
      }),
    },
    /two headers/,
  ],
  [
    'zip64 sizes announced and absent in the directory',
    { members: change('METADATA', { central: { size: 0xffffffff, compressedSize: 0xffffffff } }) },
    /unpack to far more/,
  ],

  // what members are
  ['a member that is encrypted', { members: change('METADATA', { header: { flags: 1 } }) }, /encrypted/],
  [
    'a member with strong encryption',
    { members: change('METADATA', { header: { flags: 0x41 } }) },
    /table of contents/,
  ],
  ['a masked directory', { members: change('METADATA', { header: { flags: 0x2000 } }) }, /encrypted/],
  ['patched data', { members: change('METADATA', { header: { flags: 0x20 } }) }, /unknown feature/],
  ['a flag that nobody knows', { members: change('METADATA', { header: { flags: 0x8000 } }) }, /unknown feature/],
  ['bzip2', { members: change('__init__.py', { header: { method: 12 } }) }, /method 12/],
  ['LZMA', { members: change('__init__.py', { header: { method: 14 } }) }, /method 14/],
  ['zstandard', { members: change('__init__.py', { header: { method: 93 } }) }, /method 93/],
  ['deflate64', { members: change('__init__.py', { header: { method: 9 } }) }, /method 9/],
  [
    'a stored member with two sizes',
    { members: change('__init__.py', { method: 'stored', header: { size: 5 } }) },
    /stored with two sizes/,
  ],
  ['a comment on a member', { members: change('__init__.py', { comment: 'x' }) }, /comment/],
  ['a member twice', { members: add(twice) }, /is there twice/],
  ['a member twice, once as a folder', { members: add({ name: 'some_pkg/__init__.py/' }) }, /is there twice/],
  ['a file that is a folder too', named('some_pkg/__init__.py/x'), /a file and a folder/],
  ['a folder with content', { members: add({ name: 'some_pkg/', content: 'hidden' }) }, /has content/],
  ['a link to the outside', named('some_pkg/link', { mode: 0o120777, content: '../../../etc/passwd' }), /leads out/],
  ['a link to an absolute path', named('some_pkg/link', { mode: 0o120777, content: '/etc/passwd' }), /leads out/],
  [
    'a link that leaves and comes back',
    named('some_pkg/link', { mode: 0o120777, content: '../../some_pkg/x' }),
    /leads out/,
  ],
  [
    'a link too long for any path',
    named('some_pkg/link', { mode: 0o120777, content: 'x/'.repeat(3000) }),
    /more than 4096 bytes/,
  ],
  ['a link that is a folder', named('some_pkg/link/', { mode: 0o120777 }), /neither a file nor a folder/],
  ['a device', named('some_pkg/null', { mode: 0o020666 }), /neither a file nor a folder/],
  ['a pipe', named('some_pkg/pipe', { mode: 0o010644 }), /neither a file nor a folder/],
  ['a socket', named('some_pkg/socket', { mode: 0o140644 }), /neither a file nor a folder/],
  ['a file that says it is a folder', named('some_pkg/folder', { mode: 0o040755 }), /neither a file nor a folder/],

  // names
  ['a name that goes up', named('../evil.py'), /member name/],
  ['a name that goes up from within', named('some_pkg/../../evil.py'), /member name/],
  ['an absolute name', named('/etc/evil.py'), /member name/],
  ['a drive’s name', named('C:/evil.py'), /member name/],
  ['a drive’s name without a slash', named('c:evil.py'), /member name/],
  ['a name with a backslash', named('some_pkg\\evil.py'), /member name/],
  ['a network path', named('//host/evil.py'), /member name/],
  ['a name with an empty segment', named('some_pkg//evil.py'), /member name/],
  ['a name with a dot segment', named('some_pkg/./evil.py'), /member name/],
  ['a name that is a dot', named('.'), /member name/],
  ['a name that is a slash', named('/'), /member name/],
  ['a name that is empty', { members: add({ name: '', content: '' }) }, /member name/],
  ['a name with a NUL', named('some_pkg/evil.py\0.txt'), /member name/],
  ['a name with a new line', named('some_pkg/evil\n.py'), /member name/],
  ['a name with an escape', named('some_pkg/\u001b[2J.py'), /member name/],
  ['a name with DEL', named('some_pkg/\u007f.py'), /member name/],
  ['a name with a C1 control', named('some_pkg/\u0085.py'), /member name/],
  ['a name too long for a path', named('a/'.repeat(600) + 'x'), /member name/],
  ['a segment too long for a file', named('a'.repeat(256)), /member name/],
  ['a name in Latin-1', named(Buffer.from('some_pkg/na\xefve.py', 'latin1'), { header: { flags: 0 } }), /several ways/],
  ['a name in UTF-8 that does not say so', named('some_pkg/数.py', { header: { flags: 0 } }), /several ways/],
  ['a name that says UTF-8 and is not', named(Buffer.from('some_pkg/\xff.py', 'latin1')), /several ways/],
  ['a name in overlong UTF-8', named(Buffer.from([0x61, 0xc0, 0xaf, 0x62])), /several ways/],
  [
    'a second name in an extra field',
    { members: change('__init__.py', { header: { extra: extraField(0x7075, Buffer.from('\x01\0\0\0\0evil.py')) } }) },
    /several ways/,
  ],
  [
    'a second name in a local extra field',
    { members: change('__init__.py', { local: { extra: extraField(0x7075, Buffer.from('\x01\0\0\0\0evil.py')) } }) },
    /two headers/,
  ],

  // bombs
  [
    'a member that unpacks to more than memory has',
    { members: change('__init__.py', { header: { size: 0xfffffff0 } }) },
    /unpack to far more/,
  ],
  [
    'many members that unpack to more together',
    {
      members: (members) => [
        ...members,
        ...Array.from({ length: 300 }, (_, at): ZipMember => ({
          name: `b/${at}`,
          content: '',
          header: { size: 1 << 20 },
        })),
      ],
    },
    /unpack to far more/,
  ],
  [
    'METADATA larger than any',
    { files: {}, metadata: `Name: some-pkg\nVersion: 1.0\n\n${'x'.repeat((4 << 20) + 1)}` },
    /more than 4194304 bytes/,
  ],
  ['WHEEL larger than any', { wheel: `Wheel-Version: 1.0\n${'x'.repeat((64 << 10) + 1)}` }, /more than 65536 bytes/],
  ['RECORD with a line again and again', { record: `some_pkg/__init__.py,,\n`.repeat(1000) }, /line 109 of its RECORD/],
  ['RECORD larger than any', { record: `some_pkg/__init__.py,,\n`.repeat(800_000) }, /more than 16777216 bytes/],
  [
    'METADATA that unpacks to more than it says',
    { members: change('METADATA', { data: deflateRawSync(Buffer.alloc(1 << 20)) }) },
    /is broken/,
  ],
  [
    'METADATA that unpacks to less than it says',
    { members: change('METADATA', { data: deflateRawSync('Name: x') }) },
    /is broken/,
  ],
  ['METADATA with another CRC', { members: change('METADATA', { header: { crc: 5 } }) }, /is broken/],
  ['METADATA that is not deflated', { members: change('METADATA', { data: Buffer.from('nonsense') }) }, /is broken/],
  [
    'METADATA that is cut',
    {
      members: change('METADATA', {
        data: deflateRawSync('Name: some-pkg\nVersion: 1.0\n\nMade for a test.\n').subarray(0, 20),
      }),
    },
    /is broken/,
  ],
  [
    'METADATA that is larger packed than unpacked',
    {
      metadata: 'x',
      // a million empty blocks in front
      members: change('METADATA', {
        data: Buffer.concat([Buffer.alloc(5 << 20, Buffer.from('000000ffff', 'hex')), deflateRawSync('x')]),
      }),
    },
    /is broken/,
  ],
  [
    'METADATA with data behind its deflated stream',
    { metadata: 'x', members: change('METADATA', { data: Buffer.concat([deflateRawSync('x'), Buffer.from('yy')]) }) },
    /is broken/,
  ],

  // what a wheel is
  ['no .dist-info', { distInfo: 'info' }, /0 \.dist-info folders/],
  ['two .dist-info', { files: { 'other-1.0.dist-info/METADATA': 'x' } }, /2 \.dist-info folders/],
  ['.dist-info in two cases', { files: { 'some_pkg-1.0.DIST-INFO/METADATA': 'x' } }, /2 \.dist-info folders/],
  ['.dist-info that is a file', { members: () => [{ name: info, content: 'x' }] }, /lacks/],
  ['.dist-info of another project', { distInfo: 'other-1.0.dist-info' }, /another release/],
  ['.dist-info of another version', { distInfo: 'some_pkg-1.1.dist-info' }, /another release/],
  ['.dist-info of another local version', { distInfo: 'some_pkg-1.0+x.dist-info' }, /another release/],
  ['.dist-info without a version', { distInfo: 'some_pkg.dist-info' }, /another release/],
  [
    'no METADATA',
    { members: (members) => members.filter(({ name }) => !String(name).endsWith('METADATA')) },
    /lacks .*METADATA/,
  ],
  [
    'METADATA that is a folder',
    { members: change('METADATA', { name: `${info}/METADATA/`, content: '', method: 'stored' }) },
    /lacks .*METADATA/,
  ],
  ['no WHEEL', { wheel: null }, /lacks .*WHEEL/],
  ['no RECORD', { record: null }, /lacks .*RECORD/],
  ['METADATA of another project', { metadata: 'Name: other\nVersion: 1.0\n' }, /says that it is "other"/],
  ['METADATA of another version', { metadata: 'Name: some-pkg\nVersion: 1.0.1\n' }, /its version is "1\.0\.1"/],
  ['METADATA without a name', { metadata: 'Version: 1.0\n' }, /says that it is ""/],
  ['METADATA without a version', { metadata: 'Name: some-pkg\n\nVersion: 1.0\n' }, /its version is ""/],
  ['METADATA that is empty', { metadata: '' }, /says that it is ""/],
  [
    'METADATA with a version that is none',
    { metadata: 'Name: some-pkg\nVersion: newest\n' },
    /its version is "newest"/,
  ],
  ['a wheel format that nobody knows', { wheel: 'Wheel-Version: 2.0\n' }, /format is 2\.0/],
  ['a wheel format that is not said', { wheel: 'Root-Is-Purelib: true\n' }, /format is \?/],
  [
    'RECORD that lists too little',
    { record: `${info}/METADATA,,\n${info}/WHEEL,,\n` },
    /does not list "some_pkg\/__init__/,
  ],
  [
    'RECORD that lists too much',
    { record: `some_pkg/__init__.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\ngone.py,,\n` },
    /lists "gone\.py"/,
  ],
  [
    'RECORD with another size',
    { record: `some_pkg/__init__.py,,99\n${info}/METADATA,,\n${info}/WHEEL,,\n` },
    /another size/,
  ],
  [
    'RECORD with another hash of METADATA',
    { record: `some_pkg/__init__.py,,\n${info}/METADATA,sha256=AAAA,\n${info}/WHEEL,,\n` },
    /another hash/,
  ],
  [
    'RECORD with two sizes for a file',
    { record: `some_pkg/__init__.py,,16\nsome_pkg/__init__.py,,17\n${info}/METADATA,,\n${info}/WHEEL,,\n` },
    /twice and differently/,
  ],
  ['RECORD with a size that is none', { record: `some_pkg/__init__.py,,-1\n` }, /line 1 of its RECORD/],
  ['RECORD with a column too many', { record: `some_pkg/__init__.py,,,x\n` }, /line 1 of its RECORD/],
  ['RECORD with an open quote', { record: `${info}/WHEEL,,\n"some_pkg/__init__.py,,\n` }, /line 2 of its RECORD/],
  ['RECORD with a line without a path', { record: `,sha256=x,1\n` }, /line 1 of its RECORD/],
  [
    'a signature of RECORD that RECORD does not exempt elsewhere',
    { members: add({ name: 'some_pkg/RECORD.jws', content: '{}' }) },
    /does not list/,
  ],
]
