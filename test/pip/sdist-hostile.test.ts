/** Every odd sdist is refused for what is odd about it; and what the checks against them are worth. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { explain, type AirlockError } from '../../server/errors.ts'
import type * as sdists from '../../server/pip/sdist.ts'
import { readSdist } from '../../server/pip/sdist.ts'
import { temporaryFolder } from '../support/folders.ts'
import { importSabotaged, type Cut } from '../support/sabotage.ts'
import { hostileSdists, type HostileSdist } from './hostile-sdists.ts'

/** The reason for which it is refused, in English; null: it was taken. */
async function refusal(folder: string, { file, bytes }: HostileSdist, read = readSdist): Promise<string | null> {
  const path = join(folder, file)
  await writeFile(path, bytes)
  try {
    await read(path, file)
    return null
  } catch (error) {
    if ((error as Error).name !== 'AirlockError') throw error
    const { code, fields } = error as AirlockError
    assert.deepEqual([code, fields['file']], ['artifact-invalid', file])
    const { message } = explain(code, fields, 'en')
    assert.doesNotMatch(message + explain(code, fields, 'zh').message, /undefined|\[object|\p{Cc}/u)
    return message
  }
}

for (const [what, sdist] of Object.entries(hostileSdists))
  test(`an sdist is refused with ${what}`, async (t) => {
    assert.match((await refusal(await temporaryFolder(t), sdist)) ?? 'taken', sdist.reason)
  })

test('there are enough bad sdists', () => {
  assert.ok(Object.keys(hostileSdists).length >= 60)
})

const tar = 'server/archive/tar.ts'
const header = 'server/archive/tar-header.ts'
const names = 'server/archive/tar-names.ts'
const long = 'server/archive/tar-long.ts'
const gunzip = 'server/archive/gunzip.ts'
const cuts: Readonly<Record<string, Cut>> = {
  'what follows the gzip stream': { file: gunzip, from: 'if (end + 8 !== size)', to: 'if (false)' },
  'the end of the tar': { file: tar, from: 'await blocks.zeros()', to: 'null' },
  'a header’s sum': { file: header, from: '!== sum(block)', to: '=== -1' },
  'a prefix that only Python reads': { file: header, from: 'block[345] !== 0', to: 'false' },
  'the size of what has none': { file: header, from: 'if (size !== 0 &&', to: 'if (false &&' },
  'what is no file, folder or link': { file: header, from: '!known.has(type)', to: 'false' },
  'the names of members': { file: names, from: "segment !== '..' &&", to: '' },
  'where links lead': { file: names, from: "if (kind === 'link' && !staysInside(name, target))", to: 'if (false)' },
  'what lies below a link': { file: names, from: 'refuse(tarFaults.under(name))', to: 'void 0' },
  'what is there twice': { file: names, from: 'if (!isFine)', to: 'if (false)' },
  'PAX’s records': { file: long, from: 'if (!(harmless.has(key) ||', to: 'if (false && !(harmless.has(key) ||' },
  'a PAX record there twice': { file: long, from: 'records.has(key) ||', to: '' },
  'two parts that differ': {
    file: 'server/pip/sdist.ts',
    from: '(found.get(name) ?? text) !== text',
    to: 'false',
  },
}

for (const [what, cut] of Object.entries(cuts))
  test(`these sdists see when nobody looks at ${what}`, async (t) => {
    const folder = await temporaryFolder(t)
    const { readSdist } = await importSabotaged<typeof sdists>('server/pip/sdist.ts', [cut])
    // what is taken, is refused for something else, or is not even understood
    const isSeen = async (sdist: HostileSdist) =>
      !sdist.reason.test((await refusal(folder, sdist, readSdist).catch(() => null)) ?? 'taken')
    for (const sdist of Object.values(hostileSdists)) if (await isSeen(sdist)) return
    assert.fail('all are refused all the same')
  })
