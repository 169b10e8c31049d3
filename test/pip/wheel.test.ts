import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { crc32, deflateRawSync } from 'node:zlib'
import * as fc from 'fast-check'
import { AirlockError, explain } from '../../server/errors.ts'
import type * as wheels from '../../server/pip/wheel.ts'
import { readWheel } from '../../server/pip/wheel.ts'
import { temporaryFolder } from '../support/folders.ts'
import { importSabotaged, type Cut } from '../support/sabotage.ts'
import { makeWheel, recordOf, type WheelOptions } from '../support/wheels.ts'
import { extraField, fields } from '../support/zips.ts'
import { add, change, info, named, oddWheels, plain, python, wheelText } from './odd-wheels.ts'

async function read(folder: string, options: Partial<WheelOptions>, file?: string, reader = readWheel) {
  const wheel = makeWheel({ ...plain, ...options })
  const path = join(folder, 'file')
  await writeFile(path, wheel.bytes)
  return reader(path, file ?? wheel.file)
}

/** The reason for which a wheel is refused, in English. */
async function refusal(t: TestContext, options: Partial<WheelOptions>, file?: string): Promise<string> {
  const folder = await temporaryFolder(t)
  const error = await read(folder, options, file).then(
    () => assert.fail('the wheel was taken'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof AirlockError, String((error as Error).stack))
  assert.equal(error.code, 'artifact-invalid')
  const { message } = explain(error.code, error.fields, 'en')
  assert.doesNotMatch(message + explain(error.code, error.fields, 'zh').message, /undefined|\[object|\p{Cc}/u)
  return message
}

const good: Readonly<Record<string, Partial<WheelOptions>>> = {
  'deflated members': {},
  'stored members': { method: 'stored' },
  folders: { members: add({ name: 'some_pkg/' }, { name: `${info}/` }) },
  'deflated folders': {
    members: add({ name: 'some_pkg/', header: { method: 8, compressedSize: 2 }, data: deflateRawSync('') }),
  },
  'sizes behind the data': { members: (members) => members.map((member) => ({ ...member, descriptor: 'signed' })) },
  'sizes behind the data, unsigned': {
    members: (members) => members.map((member) => ({ ...member, descriptor: 'unsigned' })),
  },
  'long sizes behind the data': { members: (members) => members.map((member) => ({ ...member, descriptor: 'long' })) },
  'long sizes behind the data, unsigned': {
    members: (members) => members.map((member) => ({ ...member, descriptor: 'long unsigned' })),
  },
  'sizes behind the data and in front of it': {
    method: 'stored',
    members: change('__init__.py', {
      descriptor: 'signed',
      local: { crc: crc32(python), compressedSize: 16, size: 16 },
      content: python,
    }),
    record: null,
  },
  'zip64 end records': { zip: { zip64: {} } },
  'zip64 end records beside full short ones': { zip: { zip64: {}, end: { count: 4, onDisk: 4 } } },
  'zip64 sizes in a local header': {
    wheel: wheelText,
    members: change('WHEEL', {
      method: 'stored',
      local: {
        compressedSize: 0xffffffff,
        size: 0xffffffff,
        extra: extraField(1, fields([8, wheelText.length], [8, wheelText.length])),
      },
    }),
  },
  'extra fields': {
    members: (members) =>
      members.map((member) => ({ ...member, header: { extra: extraField(0x5455, Buffer.alloc(5, 1)) } })),
  },
  'long local extra fields': {
    members: change('METADATA', { local: { extra: extraField(0x5455, Buffer.alloc(40_000)) } }),
  },
  'names beyond ASCII that say so': { files: { 'some_pkg/数据.txt': 'x', 'some_pkg/naïve, "quoted".txt': 'y' } },
  'RECORD without hashes and sizes': {
    record: `some_pkg/__init__.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  },
  'RECORD with weak hashes': {
    record: `some_pkg/__init__.py,md5=xx,\n${info}/METADATA,md5=xx,\r\n${info}/WHEEL,sha1=xx,\r\n${info}/RECORD,,`,
  },
  'RECORD that does not list itself': { record: `some_pkg/__init__.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n` },
  'RECORD with a line twice': {
    record: `some_pkg/__init__.py,,\nsome_pkg/__init__.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n`,
  },
  'signatures of RECORD': {
    members: add({ name: `${info}/RECORD.jws`, content: '{}' }, { name: `${info}/RECORD.p7s`, content: 'x' }),
  },
  'a .data folder': { files: { 'some_pkg-1.0.data/scripts/x': '#!python\n' } },
  'another .dist-info deeper down': { files: { 'some_pkg/_vendor/other-2.0.dist-info/METADATA': 'Name: other\n' } },
  '.dist-info in another spelling': { distInfo: 'Some.Pkg-1.0.0.dist-info' },
  'METADATA in another spelling': { metadata: 'Metadata-Version: 2.1\r\nNAME: Some.Pkg\r\nversion: 1.0.0\r\n\r\nText' },
  'a link within the wheel': { ...named('some_pkg/lib.so.1', { content: 'lib/../__init__.py', mode: 0o120777 }) },
  'an empty link': { ...named('some_pkg/npm', { mode: 0o120777 }) },
  'a writer’s mark as comment': { zip: { comment: 'zip-rs' } },
  'flags that say how hard it was compressed': { members: change('METADATA', { central: { flags: 0b110 } }) },
}
for (const [what, options] of Object.entries(good))
  test(`a wheel is read with ${what}`, async (t) => {
    const fixed =
      options.record === null
        ? { ...options, record: `some_pkg/__init__.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n` }
        : options
    const wheel = await read(await temporaryFolder(t), fixed)
    assert.deepEqual([wheel.name, wheel.version], ['some-pkg', '1.0'])
  })

test('a wheel gives its METADATA byte for byte, and what an index shows of it', async (t) => {
  const options = {
    ...plain,
    requires: ['numpy>=1.26', "rich; extra == 'all'", 'nonsense ; ; '],
    requiresPython: '>=3.8, <4',
    extras: ['all'],
    summary: 'Does <b>things</b>',
  }
  const wheel = await read(await temporaryFolder(t), options)
  assert.deepEqual(wheel.metadata, makeWheel(options).metadata)
  assert.deepEqual(
    wheel.requiresDist.map(({ text }) => text),
    ['numpy>=1.26', 'rich ; extra == "all"'],
  )
  assert.deepEqual(
    [wheel.requiresPython, wheel.summary, wheel.providesExtra],
    ['>=3.8, <4', 'Does <b>things</b>', ['all']],
  )
})

for (const [what, options, reason] of oddWheels)
  test(`a wheel is refused with ${what}`, async (t) => assert.match(await refusal(t, options), reason))

test('there are enough bad shapes', () => {
  assert.ok(oddWheels.length >= 130, String(oddWheels.length))
})

/** In English; whatever else it is, is no reason that anybody expects. By name: what is loaded anew has a class of its own. */
function saidBy(error: unknown): string {
  const { name, code, fields } = error as AirlockError
  return name === 'AirlockError' ? explain(code, fields, 'en').message : String(error)
}

const zip = (part: string) => `server/pip/zip${part}.ts`
const cuts: Readonly<Record<string, Cut>> = {
  'the end of the file': { file: zip('-end'), from: 'end.readUInt16LE(20) !== comment.length', to: 'false' },
  disks: { file: zip('-end'), from: 'end.readUInt16LE(4) !== 0 || end.readUInt16LE(6) !== 0', to: 'false' },
  'the directory’s end': { file: zip('-directory'), from: 'cursor === place.end', to: 'true' },
  'what lies in front': { file: zip('-locals'), from: '?? 0) !== 0', to: '?? 0) === -1' },
  gaps: { file: zip('-locals'), from: 'if (bytes.length > 0) refuse', to: 'if (false) refuse' },
  'local names': { file: zip('-locals'), from: '!name.equals(entry.fileNameRaw)', to: 'false' },
  descriptors: {
    file: zip('-locals'),
    from: 'if (before) checkDescriptor(before',
    to: 'if (false) checkDescriptor(before',
  },
  'names there twice': { file: zip('-names'), from: 'members.has(member.name)', to: 'false' },
  'files that are folders': { file: zip('-names'), from: '!isFolder && folders.has(name)', to: 'false' },
  'where names lead': { file: zip('-names'), from: 'if (!isPlain(name))', to: 'if (false)' },
  'where links lead': { file: zip(''), from: 'member.isLink &&', to: 'false &&' },
  'how members are packed': {
    file: zip(''),
    from: 'compressionMethod !== stored && compressionMethod !== deflated',
    to: 'false',
  },
  'what is encrypted': { file: zip(''), from: '((1 << 0) | (1 << 6) | (1 << 13))', to: '0' },
  bombs: { file: zip(''), from: 'Math.max(harmlessSize, size * maxRatio)', to: 'Infinity' },
  sums: { file: zip(''), from: '|| crc32(content) !== entry.crc32', to: '' },
  'what RECORD leaves out': {
    file: 'server/pip/wheel-record.ts',
    from: '!isFolder && !rows.has(name)',
    to: 'false && !rows.has(name)',
  },
  'what RECORD adds': {
    file: 'server/pip/wheel-record.ts',
    from: 'if (!unlisted.has(name)) refuse',
    to: 'if (false) refuse',
  },
  'whose metadata it is': { file: 'server/pip/wheel.ts', from: 'normalizeName(read.name) !== name', to: 'false' },
}
for (const [what, cut] of Object.entries(cuts))
  test(`these wheels see when nobody looks at ${what}`, async (t) => {
    const folder = await temporaryFolder(t)
    const { readWheel } = await importSabotaged<typeof wheels>('server/pip/wheel.ts', [cut])
    for (const [bad, options, reason] of oddWheels) {
      // what takes a second each shows nothing more
      if (/larger than any|again and again/.test(bad)) continue
      const said = await read(folder, options, undefined, readWheel).then(() => 'taken', saidBy)
      if (!reason.test(said)) return
    }
    assert.fail('all are refused all the same')
  })

test('a wheel is refused under any name but its own', async (t) => {
  const files = [
    'other-1.0-py3-none-any.whl',
    'some_pkg-1.1-py3-none-any.whl',
    'some_pkg-1.0+x-py3-none-any.whl',
    'some_pkg-1!1.0-py3-none-any.whl',
    'some-pkg-1.0-py3-none-any.whl',
    'some_pkg-1.0.tar.gz',
    '../some_pkg-1.0-py3-none-any.whl',
    '',
  ]
  for (const file of files) await refusal(t, {}, file)
})

test('what is no zip at all is refused', async (t) => {
  const folder = await temporaryFolder(t)
  const { bytes, file } = makeWheel(plain)
  const contents = [
    Buffer.alloc(0),
    Buffer.from('x'),
    Buffer.from('PK\u0005\u0006'),
    Buffer.alloc(22),
    Buffer.alloc(1 << 20),
    Buffer.from('<html>not found</html>'.repeat(10)),
    bytes.subarray(0, bytes.length - 1),
    bytes.subarray(0, 100),
    bytes.subarray(1),
  ]
  for (const content of contents) {
    await writeFile(join(folder, 'x'), content)
    await assert.rejects(readWheel(join(folder, 'x'), file), { name: 'AirlockError', code: 'artifact-invalid' })
  }
})

test('a wheel that is not there is not called malformed', async (t) => {
  await assert.rejects(readWheel(join(await temporaryFolder(t), 'absent'), makeWheel(plain).file), { code: 'ENOENT' })
})

test('reading stops when it is no longer wanted', async (t) => {
  const folder = await temporaryFolder(t)
  const { bytes, file } = makeWheel(plain)
  await writeFile(join(folder, file), bytes)
  await assert.rejects(readWheel(join(folder, file), file, AbortSignal.abort()), { name: 'AbortError' })
})

test('one changed byte never crashes the reader, and never changes whose wheel it is', async (t) => {
  const folder = await temporaryFolder(t)
  const { bytes, file } = makeWheel({ ...plain, requires: ['numpy'], zip: { zip64: {} } })
  const path = join(folder, file)
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      const changed = Buffer.from(bytes)
      changed[at]! ^= mask
      await writeFile(path, changed)
      try {
        const { name, version } = await readWheel(path, file)
        assert.deepEqual([name, version], ['some-pkg', '1.0'])
      } catch (error) {
        if (!(error instanceof AirlockError)) throw error
      }
    }),
    { numRuns: 1500 },
  )
})

test('the RECORD that tests write is the one that wheels have', () => {
  assert.equal(
    recordOf({ 'a,"b".py': 'x' }, info),
    `"a,""b"".py",sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,1\n${info}/RECORD,,\n`,
  )
})
