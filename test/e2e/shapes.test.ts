/** What an upstream may say of a release, and what becomes of it here: yanks, limits, markers, extras, wheels of all sorts. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { hostPython, pipInstall, uvInstall } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { checkTree, hashTree } from '../support/tree.ts'
import { makeSdist, makeWheel } from '../support/wheels.ts'

let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'plain', version: '1.0' }))
  airlock = await startAirlock({ index: index.url })
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

const overHttp = () => ['--index-url', airlock.indexUrl]
const pageOf = (project: string) => readFile(join(airlock.root, 'pip/simple', project, 'index.html'), 'utf8')

/** Asks, waits until it is ready, and says what the closure is. */
async function bring(...requirements: readonly string[]) {
  const request = await airlock.ready((await airlock.ask(...requirements)).id)
  const versions = Object.fromEntries(request.closure!.map(({ project, version }) => [project, version]))
  return { request, closure: request.closure!, versions }
}

test('a yanked release is taken only when it is pinned, and is served with its reason', async () => {
  index.add(makeWheel({ name: 'yk', version: '1.0' }))
  index.add(makeWheel({ name: 'yk', version: '2.0' }), { yanked: 'breaks "it" on <all> & sundry' })
  assert.deepEqual((await bring('yk')).versions, { yk: '1.0' })
  assert.deepEqual((await bring('yk==2.0')).versions, { yk: '2.0' })

  const pinned = await pipInstall(['--index-url', airlock.folderUrl, 'yk==2.0'])
  assert.deepEqual(pinned.releases, { yk: '2.0' })
  assert.match(pinned.output, /yanked version[^]*breaks "it" on <all> & sundry/)
})

test('a release that upstream yanks later stays here as it was when it was fetched', async () => {
  const wheel = makeWheel({ name: 'later', version: '1.0' })
  index.add(wheel)
  await bring('later')
  const page = await pageOf('later')
  index.add(wheel, { yanked: 'a mistake' })
  await airlock.forgetPages()
  assert.deepEqual((await bring('later==1.0')).versions, { later: '1.0' })
  assert.equal(await pageOf('later'), page)
  const { releases, output } = await uvInstall([...overHttp(), 'later'])
  assert.deepEqual(releases, { later: '1.0' }, output)
})

test('a release for another Python is passed over, and its limit is on the page', async () => {
  index.add(makeWheel({ name: 'rp', version: '1.0', requiresPython: '>=3.8,!=3.9.1' }), {
    requiresPython: '>=3.8,!=3.9.1',
  })
  index.add(makeWheel({ name: 'rp', version: '2.0', requiresPython: '>=4' }), { requiresPython: '>=4' })
  assert.deepEqual((await bring('rp')).versions, { rp: '1.0' })
  assert.match(await pageOf('rp'), /data-requires-python="&gt;=3\.8,!=3\.9\.1"/)
})

test('extras bring what they name, and no other extra’s', async () => {
  const requires = ['ex-fast ; extra == "fast"', 'ex-slow ; extra == "slow"', 'ex-base']
  index.add(makeWheel({ name: 'ex', version: '1.0', requires, extras: ['fast', 'slow'] }))
  for (const name of ['ex-fast', 'ex-slow', 'ex-base']) index.add(makeWheel({ name, version: '1.0' }))
  const { closure, versions } = await bring('Ex[FAST]')
  assert.deepEqual(Object.keys(versions).toSorted(), ['ex', 'ex-base', 'ex-fast'])
  assert.deepEqual(closure.find(({ project }) => project === 'ex-fast')!.neededBy, ['ex'])
})

test('a marker is decided for the target', async () => {
  const requires = [
    'mk-no ; python_version < "3"',
    'mk-no ; platform_system == "Windows"',
    'mk-no ; implementation_name == "pypy"',
    'mk-yes ; sys_platform == "linux" and python_version >= "3.6"',
  ]
  index.add(makeWheel({ name: 'mk', version: '1.0', requires }))
  index.add(makeWheel({ name: 'mk-yes', version: '1.0' }))
  index.add(makeWheel({ name: 'mk-no', version: '1.0' }))
  assert.deepEqual((await bring('mk')).versions, { mk: '1.0', 'mk-yes': '1.0' })
})

test('a root whose marker does not apply is said, and does not fail the rest', async () => {
  const { request, versions } = await bring('plain', 'winonly ; sys_platform == "win32"')
  assert.deepEqual(versions, { plain: '1.0' })
  assert.deepEqual(
    request.remarks.map(({ code }) => code),
    ['root-not-applicable'],
  )
  assert.match(request.remarks[0]!.message, /^winonly ; sys_platform == "win32" is not needed on default/)
})

test('a release that was yanked and is pinned all the same comes, and is said to be yanked, with the reason', async () => {
  index.add(makeWheel({ name: 'pulled', version: '1.0' }))
  index.add(makeWheel({ name: 'pulled', version: '1.1' }), { yanked: 'breaks things.' })
  index.add(makeWheel({ name: 'pulled', version: '1.2' }), { yanked: true })
  const { request, versions } = await bring('pulled==1.1')
  assert.deepEqual(versions, { pulled: '1.1' })
  const [remark] = request.remarks
  assert.match(remark!.message, /^pulled 1\.1 was yanked by its authors: breaks things\. It comes/)
  const silent = (await bring('pulled==1.2')).request.remarks
  assert.match(silent[0]!.message, /^pulled 1\.2 was yanked by its authors\. It comes/)
})

test('an extra that a release does not have is said, with those it has', async () => {
  const metadata = `Metadata-Version: 2.1
Name: exed
Version: 1.0
Provides-Extra: Torch_CPU
Provides-Extra: dev
Requires-Dist: plain; extra == "Torch_CPU"

`
  index.add(makeWheel({ name: 'exed', version: '1.0', metadata }))
  const { request, versions } = await bring('exed[torch-cpu,pytorch]')
  assert.deepEqual(Object.keys(versions).toSorted(), ['exed', 'plain'])
  assert.deepEqual(
    request.remarks.map(({ code, message }) => [code, message]),
    [['extra-unknown', 'exed 1.0 has no extra pytorch, so that it brings nothing. It has: dev, torch-cpu.']],
  )
})

test('an extra that a release does not have is said, too, where the index advertises no metadata', async () => {
  const { metadata: _, ...bare } = makeWheel({ name: 'unadvertised', version: '1.0', extras: ['fast'] })
  index.add(bare)
  const { request } = await bring('unadvertised[quick]')
  assert.match(request.remarks[0]?.message ?? '', /^unadvertised 1\.0 has no extra quick[^]*It has: fast\.$/)
})

test('a request of which no root applies is ready, with nothing in it', async () => {
  const { request } = await bring('winonly ; sys_platform == "win32"')
  assert.deepEqual(request.closure, [])
  assert.equal(request.remarks.length, 1)
})

test('prereleases come when they are asked for or when there is nothing else', async () => {
  index.add(makeWheel({ name: 'pre', version: '1.0' }))
  index.add(makeWheel({ name: 'pre', version: '2.0rc1' }))
  index.add(makeWheel({ name: 'onlypre', version: '0.1a3' }))
  assert.deepEqual((await bring('pre', 'onlypre')).versions, { pre: '1.0', onlypre: '0.1a3' })
  assert.deepEqual((await bring('pre>=2.0rc1')).versions, { pre: '2.0rc1' })
})

test('of a release’s wheels the one that the target’s pip would take is mirrored, and no other', async () => {
  const minor = hostPython().version.split('.')[1]
  const cp = `cp3${minor}-cp3${minor}`
  const tags = [
    'py3-none-any',
    `${cp}-manylinux_2_17_x86_64`,
    `${cp}-manylinux_2_99_x86_64`,
    `${cp}-win_amd64`,
    'cp37-cp37m-manylinux1_x86_64',
  ]
  for (const tag of tags) index.add(makeWheel({ name: 'tg', version: '1.0', tag }))
  index.add(makeWheel({ name: 'tg', version: '1.0', tag: `${cp}-manylinux_2_17_x86_64`, build: '2' }))
  index.add(makeSdist({ name: 'tg', version: '1.0' }))
  const { closure } = await bring('tg')
  assert.deepEqual(
    closure.map(({ file }) => file),
    [`tg-1.0-2-${cp}-manylinux_2_17_x86_64.whl`],
  )
  assert.deepEqual((await pageOf('tg')).match(/tg-1\.0[^<"]*\.whl<|\.tar\.gz/g), [
    `tg-1.0-2-${cp}-manylinux_2_17_x86_64.whl<`,
  ])
})

test('a release that exists as source only is passed over for an older wheel', async () => {
  index.add(makeWheel({ name: 'src', version: '1.0' }))
  index.add(makeSdist({ name: 'src', version: '2.0' }))
  assert.deepEqual((await bring('src')).versions, { src: '1.0' })
})

test('what upstream no longer has stays here', async () => {
  const wheel = makeWheel({ name: 'gone', version: '1.0' })
  index.add(wheel)
  await bring('gone')
  const before = await hashTree(airlock.root)
  index.drop(wheel.file)
  await airlock.forgetPages()
  const [again] = await airlock.askFor({ ecosystem: 'pip', requirements: ['gone'], refresh: true })
  const { code } = await airlock.problem(again!.id)
  assert.equal(code, 'package-not-found')
  assert.deepEqual(await hashTree(airlock.root), before)
  const { releases } = await uvInstall([...overHttp(), 'gone'])
  assert.deepEqual(releases, { gone: '1.0' })
})

test('pip, left to itself, takes what was solved', async () => {
  const names = ['yk', 'later', 'rp', 'Ex[FAST]', 'mk', 'pre', 'onlypre', 'tg', 'src', 'gone']
  const { status, releases, output } = await pipInstall([...overHttp(), ...names])
  assert.equal(status, 0, output)
  const ones = ['ex', 'ex-base', 'ex-fast', 'gone', 'later', 'mk', 'mk-yes', 'pre', 'rp', 'src', 'tg', 'yk']
  assert.deepEqual(releases, { ...Object.fromEntries(ones.map((name) => [name, '1.0'])), onlypre: '0.1a3' })
})

test('in the end every link of every page resolves and every digest is right', async () => {
  const { faults, pages, links } = await checkTree(airlock.root)
  assert.deepEqual(faults, [])
  assert.deepEqual([pages, links], [17, 20])
})
