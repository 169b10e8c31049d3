import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { AirlockError } from '../../server/errors.ts'
import { buildSystemOf } from '../../server/pip/build-system.ts'
import { causeOf } from '../../server/pip/build-causes.ts'
import { parseMetadata } from '../../server/pip/core-metadata.ts'
import { buildPolicy } from '../../server/pip/policy.ts'
import { guessMetadata, requirementsOf } from '../../server/pip/sdist-metadata.ts'
import { readSdist, type Sdist } from '../../server/pip/sdist.ts'
import { temporaryFolder } from '../support/folders.ts'
import { makeSdist } from '../support/wheels.ts'
import { writeZip } from '../support/zips.ts'

const nothing: Sdist = { pkgInfo: null, pyproject: null, requiresTxt: null }
const release = { name: 'aa', version: '1.0', requiresPython: '>=3.8' }
const guessed = (sdist: Partial<Sdist> | null) => {
  const { requiresDist, ...read } = parseMetadata(guessMetadata(release, sdist && { ...nothing, ...sdist }))
  return { ...read, requires: requiresDist.map(({ text }) => text) }
}

async function written(t: TestContext, file: string, bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(t), file)
  await writeFile(path, bytes)
  return path
}

test('a tar is read for what it says of itself, and a zip the same', async (t) => {
  const requiresTxt = 'six\n'
  const made = makeSdist({ name: 'aa', version: '1.0', files: { 'src/aa.egg-info/requires.txt': requiresTxt } })
  const tar = await readSdist(await written(t, made.file, made.bytes), made.file)
  assert.match(tar.pkgInfo!, /^Name: aa$/m)
  assert.match(tar.pyproject!, /build-backend/)
  assert.equal(tar.requiresTxt, requiresTxt)
  const zip = writeZip([
    { name: 'aa-1.0/PKG-INFO', content: tar.pkgInfo!, method: 'deflated' },
    { name: 'aa-1.0/deeper/pyproject.toml', content: 'no', method: 'stored' },
  ])
  const read = await readSdist(await written(t, 'aa-1.0.zip', zip), 'aa-1.0.zip')
  assert.deepEqual(read, { ...nothing, pkgInfo: tar.pkgInfo })
})

for (const [what, file, bytes] of [
  ['no archive', 'aa-1.0.tar.gz', Buffer.from('hello')],
  ['cut short', 'aa-1.0.tar.gz', makeSdist({ name: 'aa', version: '1.0' }).bytes.subarray(0, 200)],
  ['a gzip of no tar', 'aa-1.0.tgz', gzipSync(Buffer.alloc(600, 'x'))],
  ['no zip', 'aa-1.0.zip', Buffer.from('hello')],
  ['of another form', 'aa-1.0.tar.bz2', Buffer.from('BZh9')],
] as const) {
  test(`what is ${what} is refused by name`, async (t) => {
    await assert.rejects(readSdist(await written(t, file, bytes), file), (error: AirlockError) => {
      assert.equal(error.code, 'artifact-invalid')
      assert.equal(error.fields['file'], file)
      return true
    })
  })
}

test('an index’s word is all there is without the source', () => {
  const { name, version, requiresPython, requires } = guessed(null)
  assert.deepEqual({ name, version, requiresPython, requires }, { ...release, requires: [] })
})

test('PKG-INFO counts before the project table, that before requires.txt, and what is dynamic counts not', () => {
  const pyproject =
    '[project]\ndependencies = ["from-project"]\n[project.optional-dependencies]\nx = ["more; os_name == \'a\'"]'
  const all = { pkgInfo: 'Requires-Dist: from-info\nRequires-Python: >=3.9\n', pyproject, requiresTxt: 'from-text' }
  assert.deepEqual(guessed(all).requires, ['from-info'])
  assert.equal(guessed(all).requiresPython, '>=3.9')
  const table = guessed({ ...all, pkgInfo: 'Name: aa\n' })
  assert.deepEqual(table.requires, ['from-project', 'more ; os_name == "a" and extra == "x"'])
  assert.deepEqual(table.providesExtra, ['x'])
  const dynamic = pyproject
    .replace('[project]', '[project]\ndynamic = ["dependencies"]')
    .replace(/dependencies = .*/, '')
  assert.deepEqual(guessed({ requiresTxt: 'from-text', pyproject: dynamic }).requires, ['from-text'])
  assert.deepEqual(guessed({ requiresTxt: 'from-text', pyproject: 'this = is = no toml' }).requires, ['from-text'])
})

test('setuptools’ sections become markers; what cannot be read is left out', () => {
  const text = '# one\na\n\n[x]\nb>=1\n\n[:sys_platform == "win32"]\nc\n[y:python_version < "3"]\nd ; os_name == "nt"\n'
  assert.deepEqual(requirementsOf(text), [
    'a',
    'b>=1 ; extra == "x"',
    'c ; sys_platform == "win32"',
    'd ; (os_name == "nt") and (python_version < "3") and (extra == "y")',
  ])
  assert.deepEqual(guessed({ requiresTxt: 'fine\n!! not\n' }).requires, ['fine'])
})

test('a source says who builds it, else setuptools does', () => {
  assert.deepEqual(buildSystemOf(nothing, 'aa-1.0.tar.gz'), {
    requires: ['setuptools>=40.8.0'],
    backend: 'setuptools.build_meta:__legacy__',
    path: [],
  })
  const pyproject =
    '[build-system]\nrequires = ["Flit_Core >=3"]\nbuild-backend = "flit_core.buildapi"\nbackend-path = ["x"]'
  const read = buildSystemOf({ ...nothing, pyproject }, 'aa-1.0.tar.gz')
  assert.deepEqual(read, { requires: ['flit-core>=3'], backend: 'flit_core.buildapi', path: ['x'] })
})

for (const [what, lines] of [
  ['no toml', 'x = = y'],
  ['requirements that are no list', '[build-system]\nrequires = "setuptools"'],
  ['a backend that is no module', '[build-system]\nrequires = []\nbuild-backend = "a b; import os"'],
  ['a path out of the source', '[build-system]\nrequires = []\nbackend-path = ["../x"]'],
  ['an absolute path', '[build-system]\nrequires = []\nbackend-path = ["/x"]'],
] as const) {
  test(`a pyproject.toml with ${what} is refused`, () => {
    assert.throws(() => buildSystemOf({ ...nothing, pyproject: lines }, 'aa-1.0.tar.gz'), { code: 'artifact-invalid' })
  })
}

test('a build requirement that is an address is refused', () => {
  const pyproject = '[build-system]\nrequires = ["x @ https://files.example/x.whl"]'
  assert.throws(() => buildSystemOf({ ...nothing, pyproject }, 'aa-1.0.tar.gz'), { code: 'requirement-refused' })
})

for (const [log, reason, instead] of [
  ["error: command 'gcc' failed: No such file or directory", /the program gcc is not/, /build-essential/],
  ["error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory", /linux-gnu-gcc/, /build-essential/],
  ['a.c:1:10: fatal error: Python.h: No such file or directory', /the header Python\.h/, /python3-dev/],
  ['a.c:1:10: fatal error: openssl/ssl.h: No such file', /openssl\/ssl\.h/, /apt-get install libssl-dev/],
  ['a.c:1:10: fatal error: odd/thing.h: No such file', /odd\/thing\.h/, /apt-file search thing\.h/],
  ['/bin/sh: 1: pg_config: not found', /the program pg_config/, /libpq-dev/],
  ["FileNotFoundError: [Errno 2] No such file or directory: 'cmake'", /the program cmake/, /install cmake/],
  ["error: can't find Rust compiler", /the program cargo/, /install cargo/],
  ['/usr/bin/ld: cannot find -lxyz: No such file', /the library xyz/, /Install/],
  ['ERROR: Dependency "cairo" not found (tried pkg-config)', /the library cairo/, /install libcairo2-dev/],
  ["No package 'odd-thing' found", /the library odd-thing/, /apt-file search odd-thing/],
  ["Command 'pkg-config --exists mysqlclient' returned non-zero", /mysqlclient/, /libmysqlclient-dev/],
  ["ModuleNotFoundError: No module named 'numpy'", /imports numpy/, /constraints/],
  ['urllib.error.URLError: <urlopen error [Errno -3]>', /wants the network/, /wheel/],
  ['x\nTraceback\nValueError: one\nerror: subprocess-exited\n\nbye', /^error: subprocess-exited$/, /another release/],
  ['only this.', /^only this$/, /another release/],
  [
    "airlock: built by x\nThe 'sklearn' package is deprecated, use 'scikit-learn'\nrather than it.\n\nMore is at\nhttps://a.example/",
    /^The 'sklearn' package is deprecated, use 'scikit-learn' rather than it$/,
    /another release/,
  ],
  [`airlock: built by x\n${'compiling\n'.repeat(99)}stopped`, /^stopped$/, /another release/],
] as const) {
  test(`“${log.slice(0, 60)}” is told in a line, and what to do`, () => {
    const cause = causeOf(log)
    assert.match(cause.reason.en, reason)
    assert.match(cause.instead.en, instead)
    assert.ok(cause.reason.zh !== '' && cause.instead.zh !== '')
  })
}

test('builds are for allowed projects, by any spelling; off, and without a sandbox, for none', () => {
  const knobs = { pip: 'on', projects: ['Some.Name'], maxSource: 1000 } as const
  const on = buildPolicy(knobs, { ok: true })
  assert.deepEqual(['some-name', 'other'].map(on.allows), [true, false])
  assert.match(on.reason('other', [1]).en, /does not allow/)
  assert.match(on.reason('some-name', [2000]).en, /larger than 1\.0 kB/)
  assert.match(on.reason('some-name', [500]).en, /of no form/)
  assert.deepEqual(['any', 'other'].map(buildPolicy({ ...knobs, projects: [] }, { ok: true }).allows), [true, true])
  const off = buildPolicy({ ...knobs, pip: 'off' }, { ok: true })
  assert.deepEqual([off.allows('some-name'), off.reason('some-name', []).en], [false, off.off!.en])
  const bare = buildPolicy(knobs, { ok: false, reason: 'no bubblewrap' })
  assert.equal(bare.allows('some-name'), false)
  assert.match(bare.off!.en, /no sandbox[^]*no bubblewrap/)
})
