/** What exists as source only is built in the sandbox, proved like anything else, and installed by real clients. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RequestDetail } from '../../server/contract.ts'
import { startBuilding, versionsOf } from '../support/building.ts'
import { hostPython, pipInstall, uvInstall } from '../support/clients.ts'
import { checkTree } from '../support/tree.ts'
import { makeWheel } from '../support/wheels.ts'

let rig: Awaited<ReturnType<typeof startBuilding>>

before(async () => {
  rig = await startBuilding()
})

after(() => rig?.close())

const statesOf = ({ timeline }: RequestDetail) => timeline.map(({ state }) => state)

async function installs(line: readonly string[], releases: Readonly<Record<string, string>>): Promise<void> {
  const [pip, uv] = await Promise.all([
    pipInstall(['--index-url', rig.airlock.indexUrl, ...line]),
    uvInstall(['--index-url', rig.airlock.indexUrl, ...line]),
  ])
  assert.equal(pip.status, 0, pip.output)
  assert.equal(uv.status, 0, uv.output)
  assert.deepEqual(pip.releases, releases)
  assert.deepEqual(uv.releases, releases)
}

test('a root that exists as source only is built, and pip and uv install it from the mirror alone', async () => {
  const made = rig.source({ name: 'src-root', version: '1.2', requires: ['src-leaf'] })
  rig.wheel({ name: 'src-leaf', version: '1.0' })
  const request = await rig.bring('default', 'src-root')
  const states = 'queued solving downloading building solving downloading proving publishing ready'
  assert.deepEqual(statesOf(request), states.split(' '))
  const [root] = request.closure!
  assert.equal(root!.origin, 'built here')
  assert.equal(root!.file, 'src_root-1.2-py3-none-any.whl')
  await installs(['src-root'], { 'src-root': '1.2', 'src-leaf': '1.0' })

  const build = await rig.build(root!.build)
  assert.equal(build.source.sha256, made.sha256)
  assert.equal(build.made?.sha256, root!.sha256)
  assert.equal(build.builder['python'], hostPython().version)
  assert.match(build.log, /made src_root-1\.2-py3-none-any\.whl/)
  const pool = await readdir(join(rig.airlock.root, 'pip/pool', made.sha256.slice(0, 2), made.sha256))
  assert.deepEqual(pool, [made.file], 'the source is kept')
  const page = await (await fetch(`${rig.airlock.indexUrl}src-root/`)).text()
  assert.ok(!page.includes('.tar.gz'), 'and listed nowhere')
  assert.deepEqual((await checkTree(rig.airlock.root)).faults, [])
  const report = await rig.airlock.call<{ damaged: string[]; unknown: string[] }>('/api/maintenance/verify', {})
  assert.deepEqual([report.damaged, report.unknown], [[], []])
})

test('what the built wheel needs beside what its source said is followed, to further builds too', async () => {
  rig.source({ name: 'src-quiet', version: '1.0', said: [], requires: ['src-told'] })
  rig.source({ name: 'src-told', version: '3.0', said: ['nowhere-to-be-had'], requires: ['src-end>=2'] })
  rig.wheel({ name: 'src-end', version: '2.5' })
  rig.wheel({ name: 'needs-quiet', version: '1.0', requires: ['src-quiet'] })
  rig.wheel({ name: 'nowhere-to-be-had', version: '1' })
  const request = await rig.bring('default', 'needs-quiet')
  const releases = { 'needs-quiet': '1.0', 'src-quiet': '1.0', 'src-told': '3.0', 'src-end': '2.5' }
  assert.deepEqual(versionsOf(request), releases)
  const told = request.closure!.find(({ project }) => project === 'src-told')!
  assert.deepEqual(told.neededBy, ['src-quiet'])
  await installs(['needs-quiet'], releases)
})

test('what building requires is solved by itself, used, and on record with its digests', async () => {
  const old = makeWheel({ name: 'src-tool', version: '1.0' })
  const tool = makeWheel({ name: 'src-tool', version: '2.0', requires: ['src-tool-core'] })
  const core = makeWheel({ name: 'src-tool-core', version: '1.0' })
  const late = makeWheel({ name: 'src-late', version: '1.0' })
  for (const made of [old, tool, core, late]) rig.index.add(made)
  const before = 'import src_tool, src_tool_core, src_late\nassert src_tool.version == "2.0"'
  rig.source({ name: 'src-tooled', version: '1.0', buildRequires: ['src-tool>=2'], asks: ['src-late'], before })
  const request = await rig.bring('default', 'src-tooled')
  assert.deepEqual(versionsOf(request), { 'src-tooled': '1.0' }, 'nothing of it is in the closure')
  const [build] = await rig.buildsOf('src-tooled')
  assert.deepEqual(
    build!.requirements.map(({ file, sha256 }) => [file, sha256]),
    [late, tool, core].map(({ file, sha256 }) => [file, sha256]),
  )
  assert.equal((await fetch(`${rig.airlock.indexUrl}src-tool/`)).status, 404, 'and not in the index')
})

test('the same source is built once, however many ask for it and for whichever target it will do', async () => {
  rig.source({ name: 'src-once', version: '1.0' })
  await Promise.all([
    rig.bring('default', 'src-once'),
    rig.bring('same', 'src-once'),
    rig.bring('older', 'src-once==1.0'),
  ])
  assert.equal((await rig.buildsOf('src-once')).length, 1)
})

test('a wheel of the same version wins, and only what is newer than every wheel is built', async () => {
  rig.source({ name: 'src-both', version: '1.0', before: 'raise RuntimeError("never built")' })
  rig.wheel({ name: 'src-both', version: '1.0' })
  rig.source({ name: 'src-both', version: '0.9' })
  assert.deepEqual(versionsOf(await rig.bring('default', 'src-both')), { 'src-both': '1.0' })
  rig.source({ name: 'src-newer', version: '2.0' })
  rig.wheel({ name: 'src-newer', version: '1.0' })
  assert.deepEqual(versionsOf(await rig.bring('default', 'src-newer')), { 'src-newer': '2.0' })
})

test('a release with wheels for other platforms only is no reason to leave one that has ours', async () => {
  rig.source({ name: 'src-compiled', version: '2.0' })
  rig.wheel({ name: 'src-compiled', version: '2.0', tag: 'cp399-cp399-win_amd64' })
  rig.wheel({ name: 'src-compiled', version: '1.0' })
  const kept = await rig.bring('default', 'src-compiled')
  assert.deepEqual(versionsOf(kept), { 'src-compiled': '1.0' })
  assert.deepEqual(
    kept.remarks.map(({ code }) => code),
    ['kept-back'],
  )
  assert.deepEqual(
    versionsOf(await rig.bring('default', 'src-compiled==2.0')),
    { 'src-compiled': '2.0' },
    'but if asked',
  )
  rig.wheel({ name: 'needs-compiled', version: '1.0', requires: ['src-compiled>=2'] })
  const needed = versionsOf(await rig.bring('default', 'needs-compiled'))
  assert.deepEqual(needed, { 'needs-compiled': '1.0', 'src-compiled': '2.0' }, 'or needed')
})

test('an old source behind releases with wheels is found where something needs it', async () => {
  rig.source({ name: 'src-grammar', version: '4.9.3' })
  rig.source({ name: 'src-grammar', version: '4.8', before: 'raise RuntimeError("never built")' })
  rig.wheel({ name: 'src-grammar', version: '4.13' })
  rig.wheel({ name: 'needs-old', version: '1.3', requires: ['src-grammar==4.9.*'] })
  rig.wheel({ name: 'needs-old', version: '0.11' })
  assert.deepEqual(versionsOf(await rig.bring('default', 'needs-old')), { 'needs-old': '1.3', 'src-grammar': '4.9.3' })
  assert.equal((await rig.buildsOf('src-grammar')).length, 1)
})

test('a lock that names a source gets exactly that release, built, with its other pins', async () => {
  const made = rig.source({ name: 'src-locked', version: '1.0', requires: ['locked-leaf'] })
  const leaf = rig.wheel({ name: 'locked-leaf', version: '1.0' })
  rig.wheel({ name: 'locked-leaf', version: '2.0' })
  const file = ({ sha256 }: typeof made, path: string) =>
    `{ url = "${rig.index.files.url}${path}", hashes = { sha256 = "${sha256}" } }`
  const lock = [
    'lock-version = "1.0"',
    'created-by = "a test"',
    '[[packages]]',
    'name = "src-locked"',
    'version = "1.0"',
    `sdist = ${file(made, rig.index.pathOf(made))}`,
    '[[packages]]',
    'name = "locked-leaf"',
    'version = "1.0"',
    `wheels = [${file(leaf, rig.index.pathOf(leaf))}]`,
    '',
  ].join('\n')
  const answer = await fetch(`${rig.airlock.consoleUrl}/api/requests?lock=pylock.toml`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: lock,
  })
  const { requests } = (await answer.json()) as { requests: { id: number }[] }
  assert.deepEqual(versionsOf(await rig.airlock.ready(requests[0]!.id)), { 'locked-leaf': '1.0', 'src-locked': '1.0' })
})

test('a job that is cancelled while it builds ends at once, and the same asked again is built', async () => {
  rig.source({ name: 'src-patient', version: '1.0', before: 'import time; time.sleep(9)' })
  const { id } = await rig.airlock.ask('src-patient')
  await rig.airlock.wait(id, ({ state, progress }) => state === 'building' && progress !== null)
  const before = Date.now()
  assert.equal((await rig.airlock.cancel(id)).state, 'cancelled')
  assert.ok(Date.now() - before < 7000)
  assert.equal((await rig.buildsOf('src-patient')).length, 0)
  assert.deepEqual(versionsOf(await rig.bring('default', 'src-patient')), { 'src-patient': '1.0' })
})

test('a job whose server is killed while it builds is ready in the end', async () => {
  rig.source({ name: 'src-slow', version: '1.0', before: 'import time; time.sleep(1.5)' })
  const { id } = await rig.airlock.ask('src-slow')
  const building = await rig.airlock.wait(id, ({ state, progress }) => state === 'building' && progress !== null)
  assert.equal(building.progress?.doing, 'src-slow 1.0')
  await rig.airlock.kill()
  await rig.airlock.start()
  assert.deepEqual(versionsOf(await rig.airlock.ready(id)), { 'src-slow': '1.0' })
  assert.deepEqual((await checkTree(rig.airlock.root)).faults, [])
})
