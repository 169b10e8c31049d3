import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type * as readers from '../../server/apt/deb.ts'
import { createDebs, type Debs } from '../../server/apt/deb.ts'
import { openChild } from '../../server/child.ts'
import type { AirlockError } from '../../server/errors.ts'
import { ar, buildDeb, tar } from '../support/deb.ts'
import { temporaryFolder } from '../support/folders.ts'
import { importSabotaged, type Cut } from '../support/sabotage.ts'
import { control, oddDebs, version } from './odd-debs.ts'

const debs = createDebs({ openChild })
const plainControl = await tar([['./control', control]])
const dataTar = gzipSync(await tar([['./usr/share/aa', 'x']]))
const inner = (bytes: Buffer = gzipSync(plainControl), name = 'control.tar.gz') => [name, bytes] as const
const data = (bytes: Buffer = dataTar, name = 'data.tar.gz') => [name, bytes] as const
const withControl = async (...members: Parameters<typeof tar>[0]) =>
  ar([version, inner(gzipSync(await tar(members))), data()])

/** Whether it is refused as invalid, and for nothing else. */
async function isRefused(folder: string, bytes: Buffer, { check }: Debs): Promise<boolean> {
  const path = join(folder, 'aa.deb')
  await writeFile(path, bytes)
  try {
    await check(path, 'aa.deb', control, AbortSignal.timeout(60_000))
    return false
  } catch (error) {
    if ((error as AirlockError).name !== 'AirlockError') throw error
    assert.equal((error as AirlockError).code, 'artifact-invalid')
    return true
  }
}

async function judge(folder: string, bytes: Buffer, stanza = control): Promise<void> {
  const path = join(folder, 'aa.deb')
  await writeFile(path, bytes)
  await debs.check(path, 'aa.deb', stanza, AbortSignal.timeout(10_000))
}

/** Each made once: the controls want them all again. */
const made = new Map<string, Buffer>()
async function makeOdd(what: string): Promise<Buffer> {
  const bytes = made.get(what) ?? (await oddDebs[what]!())
  made.set(what, bytes)
  return bytes
}

for (const what of Object.keys(oddDebs))
  test(`a .deb is refused with ${what}`, async (t) => {
    assert.equal(await isRefused(await temporaryFolder(t), await makeOdd(what), debs), true)
  })

test('there are enough bad .debs', () => {
  assert.ok(Object.keys(oddDebs).length >= 60)
})

const archive = 'server/archive'
const cuts: Readonly<Record<string, Cut>> = {
  'members behind the last': { file: 'server/apt/ar.ts', from: 'members.length >= 3 &&', to: 'false &&' },
  'the padding of members': { file: 'server/apt/ar.ts', from: 'at % 2 === 1 && at < size', to: 'false' },
  'what follows the zstd frame': {
    file: 'server/apt/deb.ts',
    from: 'zstdFrameEnd(packed) !== packed.length',
    to: 'false',
  },
  'what follows the gzip stream': { file: `${archive}/gunzip.ts`, from: 'if (end + 8 !== size)', to: 'if (false)' },
  'PAX’s records': { file: `${archive}/tar.ts`, from: '!pax ||', to: '' },
  'the size of what has none': { file: `${archive}/tar-header.ts`, from: 'if (size !== 0 &&', to: 'if (false &&' },
  'the names of scripts': { file: 'server/apt/deb.ts', from: 'controlFile.test(name) ?', to: 'true ?' },
  'what is there twice': { file: 'server/apt/deb.ts', from: 'if (seen.has(name)) return', to: 'if (false) return' },
  'what is no file': { file: 'server/apt/deb.ts', from: "kind !== 'file' && kind !== 'link'", to: 'false' },
  fields: { file: 'server/apt/deb.ts', from: 'checkFields(found[0]!, file)', to: '' },
  'whose package it is': { file: 'server/apt/deb.ts', from: 'own.get(name) !== listed.get(name)', to: 'false' },
}
for (const [what, cut] of Object.entries(cuts))
  test(`these .debs see when nobody looks at ${what}`, async (t) => {
    const folder = await temporaryFolder(t)
    const { createDebs } = await importSabotaged<typeof readers>('server/apt/deb.ts', [cut])
    const sabotaged = createDebs({ openChild })
    const quick = Object.keys(oddDebs).filter((what) => !/bomb|too many|xz/.test(what))
    for (const what of quick) if (!(await isRefused(folder, await makeOdd(what), sabotaged))) return
    assert.fail('all are refused all the same')
  })

test('every packing that dpkg knows is read', async (t) => {
  const folder = await temporaryFolder(t)
  await judge(folder, ar([version, inner(), data()]))
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
