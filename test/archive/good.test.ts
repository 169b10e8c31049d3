/** Honest files in the shapes that real ones have: none is refused, and other readers read the same in them. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type * as debReaders from '../../server/apt/deb.ts'
import { createDebs } from '../../server/apt/deb.ts'
import { parseFields } from '../../server/apt/stanza.ts'
import { openChild } from '../../server/child.ts'
import type * as sdistReaders from '../../server/pip/sdist.ts'
import { readSdist } from '../../server/pip/sdist.ts'
import type * as wheelReaders from '../../server/pip/wheel.ts'
import { readWheel } from '../../server/pip/wheel.ts'
import { temporaryFolder } from '../support/folders.ts'
import { askPython } from '../support/python.ts'
import { importSabotaged } from '../support/sabotage.ts'
import { goodDebs } from './good-debs.ts'
import { goodSdists } from './good-sdists.ts'
import { goodWheels } from './good-wheels.ts'

type Good = { readonly what: string; readonly file: string; readonly bytes: Buffer }

/** Each in a folder of its own, read one after the other; what is refused is told by what it was. */
async function tryAll<Of extends Good, Read>(
  t: TestContext,
  all: readonly Of[],
  read: (path: string, good: Of) => Promise<Read>,
) {
  const folder = await temporaryFolder(t)
  const found: { readonly what: string; readonly path: string; readonly read: Read }[] = []
  const refused: string[] = []
  for (const [at, good] of all.entries()) {
    await mkdir(join(folder, String(at)))
    const path = join(folder, String(at), good.file)
    await writeFile(path, good.bytes)
    try {
      found.push({ what: good.what, path, read: await read(path, good) })
    } catch (error) {
      refused.push(`${good.what}: ${String(error)} ${JSON.stringify((error as { fields?: unknown }).fields)}`)
    }
  }
  return { found, refused }
}

/** None may be refused. */
async function readAll<Of extends Good, Read>(
  t: TestContext,
  all: readonly Of[],
  read: (path: string, good: Of) => Promise<Read>,
) {
  const { found, refused } = await tryAll(t, all, read)
  assert.deepEqual(refused, [])
  return found
}

/** Some are refused, for this, and others are not. */
function seen({ found, refused }: Awaited<ReturnType<typeof tryAll>>, reason: RegExp): void {
  assert.ok(found.length > 0 && refused.length > 0, `${found.length} taken, ${refused.length} refused`)
  for (const one of refused) assert.match(one, reason)
}

const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')
const [wheels, sdists, debs] = [goodWheels(), goodSdists(), goodDebs()]

test('there are enough good files, and no two of a kind are the same', () => {
  const counts = [wheels, sdists, debs].map((all) => new Set(all.map(({ bytes }) => sha256(bytes))).size)
  assert.ok(counts.every((count) => count >= 150) && counts.reduce((a, b) => a + b) >= 500, String(counts))
})

test('no good wheel is refused, and Python’s zipfile reads the same METADATA in it', async (t) => {
  const found = await readAll(t, wheels, (path, { file }) => readWheel(path, file))
  const script = `
import hashlib, zipfile
answers = []
for path in question:
    with zipfile.ZipFile(path) as wheel:
        bad = wheel.testzip()
        [name] = [name for name in wheel.namelist() if name.count('/') == 1 and name.endswith('.dist-info/METADATA')]
        answers.append(bad or hashlib.sha256(wheel.read(name)).hexdigest())
print(json.dumps(answers))`
  const theirs = askPython(script, found.map(({ path }) => path)) as readonly string[] // prettier-ignore
  for (const [at, { what, read }] of found.entries()) {
    assert.deepEqual([read.name, read.version], ['some-pkg', '1.0'], what)
    assert.equal(sha256(read.metadata), theirs[at], what)
  }
})

test('no good sdist is refused, and Python reads the same PKG-INFO and pyproject.toml in it', async (t) => {
  const found = await readAll(t, sdists, (path, { file }) => readSdist(path, file))
  const script = `
import tarfile, zipfile
def contents(path):
    if path.endswith('.zip'):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive if member.isreg()}
answers = []
for path in question:
    found = {'/'.join(part for part in name.split('/') if part not in ('', '.')): content for name, content in contents(path).items()}
    one = lambda name: found['Some.Pkg-1.0/' + name].decode('utf-8', 'replace') if 'Some.Pkg-1.0/' + name in found else None
    answers.append([one('PKG-INFO'), one('pyproject.toml')])
print(json.dumps(answers))`
  const theirs = askPython(script, found.map(({ path }) => path)) as readonly unknown[] // prettier-ignore
  for (const [at, { what, read }] of found.entries()) assert.deepEqual([read.pkgInfo, read.pyproject], theirs[at], what)
})

test('no good .deb is refused, and dpkg-deb reads the same fields in it', async (t) => {
  const { readControl, check } = createDebs({ openChild })
  const found = await readAll(t, debs, async (path, { file, stanza }) => {
    const signal = AbortSignal.timeout(60_000)
    if (!path.endsWith('.udeb')) await check(path, file, stanza, signal)
    return readControl(path, file, signal)
  })
  // one child for all; each control.tar once, whatever data lies beside it
  const some = found.filter(({ what }) => what.endsWith('data.tar.xz'))
  const script = 'for deb; do dpkg-deb -f "$deb" && printf "\\0" || exit 1; done'
  const said = execFileSync('sh', ['-c', script, 'sh', ...some.map(({ path }) => path)], { maxBuffer: 1 << 28 })
  const theirs = said.toString('utf8').split('\0')
  for (const [at, { what, read }] of some.entries()) {
    const fields = parseFields(theirs[at]!.trimEnd())
    for (const name of ['package', 'version', 'architecture', 'depends', 'section'])
      assert.equal(read.get(name), fields.get(name), `${what}: ${name}`)
  }
})

test('control: a reader of wheels that knows no data descriptors is found out', async (t) => {
  const cut = { file: 'server/pip/zip.ts', from: 'flags.descriptor | flags.utf8', to: 'flags.utf8' }
  const reader = await importSabotaged<typeof wheelReaders>('server/pip/wheel.ts', [cut])
  seen(await tryAll(t, wheels, (path, { file }) => reader.readWheel(path, file)), /uses an unknown feature of zip/)
})

test('control: a reader of sdists that knows no tar of GNU’s is found out', async (t) => {
  const cut = { file: 'server/archive/tar-header.ts', from: 'magic !== magics.gnu && ', to: '' }
  const reader = await importSabotaged<typeof sdistReaders>('server/pip/sdist.ts', [cut])
  seen(await tryAll(t, sdists, (path, { file }) => reader.readSdist(path, file)), /no form that readers agree about/)
})

test('control: a reader of debs that knows no signatures is found out', async (t) => {
  const cut = { file: 'server/apt/ar.ts', from: '/^_gpg[a-z0-9]{1,11}$/', to: '/^$/' }
  const reader = await importSabotaged<typeof debReaders>('server/apt/deb.ts', [cut])
  const { readControl } = reader.createDebs({ openChild })
  const read = (path: string, { file }: Good) => readControl(path, file, AbortSignal.timeout(60_000))
  seen(await tryAll(t, debs, read), /_gpg/)
})
