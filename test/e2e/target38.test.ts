/** A HomePod with Python 3.8 on an older glibc, asked for from this machine: its wheels, its markers, its old releases. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { findPython, hostPython, pipInstall, uvInstall } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { checkTree } from '../support/tree.ts'
import { makeWheel, type WheelOptions } from '../support/wheels.ts'

const py38 = { python: '3.8.18', platform: 'x86_64-manylinux_2_31' }
const py311 = { python: '3.11.7', platform: 'x86_64-manylinux_2_36' }

let index: TestIndex
let airlock: Airlock

function add(options: WheelOptions): void {
  const { requiresPython } = options
  index.add(makeWheel(options), requiresPython === undefined ? {} : { requiresPython })
}

before(async () => {
  index = await startIndex()
  add({ name: 'old', version: '1.0', requiresPython: '>=3.6' })
  add({ name: 'old', version: '2.0', requiresPython: '>=3.8.18' })
  add({ name: 'old', version: '3.0', requiresPython: '>=3.8.19' })
  add({ name: 'old', version: '4.0', requiresPython: '>=3.9' })

  for (const [at, tag] of [
    'cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64',
    'cp38-cp38-manylinux_2_31_x86_64',
    'cp38-cp38-manylinux_2_35_x86_64',
    'cp38-cp38-win_amd64',
    'cp39-cp39-manylinux_2_17_x86_64',
    'cp311-cp311-manylinux_2_17_x86_64',
    'cp37-abi3-manylinux_2_12_x86_64',
    'py3-none-any',
  ].entries())
    add({ name: 'binary', version: '1.0', tag, files: { 'binary/which.py': `which = ${at}\n` } })
  add({ name: 'binary', version: '2.0', tag: 'cp38-cp38-manylinux_2_35_x86_64' })
  add({ name: 'binary', version: '3.0', tag: 'cp311-cp311-manylinux_2_17_x86_64' })

  const requires = [
    'backport>=1 ; python_version < "3.9"',
    'exact ; python_full_version == "3.8.18"',
    'modern ; python_version >= "3.11"',
    'old',
    'binary',
  ]
  add({ name: 'app', version: '1.0', requires })
  for (const name of ['backport', 'exact', 'modern']) add({ name, version: '1.0' })
  airlock = await startAirlock({
    index: index.url,
    config: { targets: { py38: { pip: py38 }, py311: { pip: { ...py311, index: 'newer' } } } },
  })
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

async function bring(target: string, ...requirements: readonly string[]) {
  const [asked] = await airlock.askFor({ ecosystem: 'pip', requirements: [...requirements], targets: [target] })
  const request = await airlock.ready(asked!.id)
  const files = Object.fromEntries(request.closure!.map(({ project, file }) => [project, file]))
  const versions = Object.fromEntries(request.closure!.map(({ project, version }) => [project, version]))
  return { id: asked!.id, files, versions }
}

const expected = { app: '1.0', backport: '1.0', binary: '1.0', exact: '1.0', old: '2.0' }
const binary38 = 'binary-1.0-cp38-cp38-manylinux_2_31_x86_64.whl'

test('the closure is that of the target’s Python, to the patch, and not of the one that Airlock runs beside', async () => {
  assert.notEqual(hostPython().version.split('.')[1], '8')
  const { versions, files } = await bring('py38', 'app')
  assert.deepEqual(versions, expected)
  assert.equal(files['binary'], binary38)
})

test('the same for the newer target differs where it must, in an index of its own', async () => {
  const { versions, files } = await bring('py311', 'app')
  assert.deepEqual(versions, { app: '1.0', binary: '3.0', modern: '1.0', old: '4.0' })
  assert.equal(files['binary'], 'binary-3.0-cp311-cp311-manylinux_2_17_x86_64.whl')
  assert.equal((await fetch(`${airlock.mirrorUrl}/pip/newer/modern/`)).status, 200)
  assert.equal((await fetch(`${airlock.indexUrl}modern/`)).status, 404)
})

test('what only the other target can have is refused for this one', async () => {
  const asking = { ecosystem: 'pip', requirements: ['binary==3.0'], targets: ['py38', 'py311'] } as const
  const [forOld, forNew] = await airlock.askFor({
    ...asking,
    requirements: ['binary==3.0'],
    targets: ['py38', 'py311'],
  })
  assert.equal(forOld!.batch, forNew!.batch)
  await airlock.ready(forNew!.id)
  const { code, detail } = await airlock.problem(forOld!.id)
  assert.equal(code, 'pip-release-unusable')
  assert.match(detail, /^No release of binary==3\.0 has a file for py38/)
})

test('uv, told of the target, installs the very same from this index alone', async () => {
  const told = ['--python-version', py38.python, '--python-platform', py38.platform]
  const { status, releases, output } = await uvInstall(['--default-index', airlock.indexUrl, ...told, 'app'])
  assert.equal(status, 0, output)
  assert.deepEqual(releases, expected)
})

test('a real Python 3.8 installs it: over HTTP, from the folder, from its lock', async (t) => {
  const python = findPython('3.8')
  if (python === null) return t.skip('this machine has no Python 3.8 with pip; the closure itself was checked above')
  t.diagnostic(`pip ${python.pip} on Python ${python.version}`)
  const { id } = await bring('py38', 'app')
  const lock = `${airlock.mirrorUrl}/pip/requests/${id}/requirements.txt`
  const overHttp = ['--index-url', airlock.indexUrl]
  const installs = {
    'over HTTP': [...overHttp, 'app'],
    'from the folder': ['--index-url', airlock.folderUrl, 'app'],
    'from its lock': [...overHttp, '--no-deps', '--require-hashes', '-r', lock],
  }
  for (const [how, line] of Object.entries(installs)) {
    const { status, releases, output } = await pipInstall(line, { python: python.path })
    assert.equal(status, 0, `${how}: ${output}`)
    // another patch of 3.8 may leave out what is for this one
    const { exact, ...others } = expected
    const wanted: object = python.version === py38.python || how === 'from its lock' ? { ...others, exact } : others
    assert.deepEqual(releases, wanted, how)
    assert.match(output, new RegExp(binary38), how)
  }
})

test('the pages are right', async () => {
  const { faults, links } = await checkTree(airlock.root)
  assert.deepEqual(faults, [])
  assert.equal(links, 9)
})
