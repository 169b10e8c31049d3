/** Several requests at once on one server: shared, cancelled, tried again, and never visible before they are whole. */
import assert from 'node:assert/strict'
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { poolPath } from '../../storage/layout.ts'
import { Refused, startAirlock, type Airlock } from '../support/airlock.ts'
import { uvInstall } from '../support/clients.ts'
import { gate } from '../support/gate.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { checkTree, hashTree } from '../support/tree.ts'
import { file } from '../support/upstream.ts'
import { makeWheel, type MadeWheel, type WheelOptions } from '../support/wheels.ts'

let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  airlock = await startAirlock({ index: index.url })
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

/** A wheel whose file upstream holds back until its gate is opened. */
function held(options: WheelOptions) {
  const wheel = makeWheel(options)
  index.add(wheel)
  const way = gate(file(wheel.bytes, { etag: `"${wheel.sha256}"` }))
  index.files.on(index.pathOf(wheel), way.answer)
  return { wheel, ...way }
}

const statusOf = async (path: string) => (await fetch(airlock.mirrorUrl + path)).status
const pooled = (wheel: MadeWheel) => `/${poolPath('pip', wheel.sha256, wheel.file)}`

test('nothing of a request can be seen before all of it is there', async () => {
  const slow = held({ name: 'whole-slow', version: '1.0' })
  const quick = makeWheel({ name: 'whole-quick', version: '1.0', requires: ['whole-slow'] })
  index.add(quick)
  const before = await hashTree(airlock.root)
  const { id } = await airlock.ask('whole-quick')
  await slow.asked
  await airlock.wait(id, ({ progress }) => progress?.files === 1)

  const incoming = join(airlock.root, '.incoming', quick.sha256, quick.file)
  await access(incoming)
  assert.deepEqual(await hashTree(airlock.root), before)
  const hidden = [
    '/pip/simple/whole-quick/',
    '/pip/simple/whole-slow/',
    pooled(quick),
    `${pooled(quick)}.metadata`,
    `/.incoming/${quick.sha256}/${quick.file}`,
    `/pip/requests/${id}/requirements.txt`,
  ]
  for (const path of hidden) assert.equal(await statusOf(path), 404, path)

  slow.open()
  await airlock.ready(id)
  for (const path of ['/pip/simple/whole-quick/', '/pip/simple/whole-slow/', pooled(quick), pooled(slow.wheel)])
    assert.equal(await statusOf(path), 200, path)
  assert.equal(await statusOf(`/.incoming/${quick.sha256}/${quick.file}`), 404)
})

test('a request under way says how far it is', async () => {
  const slow = held({ name: 'far', version: '1.0', files: { 'far/big': Buffer.alloc(200_000, 'x') }, method: 'stored' })
  const { id } = await airlock.ask('far')
  await slow.asked
  const { state, progress, bytes, files, timeline } = await airlock.wait(id, (request) => request.progress !== null)
  assert.equal(state, 'downloading')
  assert.deepEqual([progress!.files, progress!.filesTotal, progress!.bytesTotal], [0, 1, slow.wheel.bytes.length])
  assert.deepEqual([files, bytes], [1, slow.wheel.bytes.length])
  assert.deepEqual(
    timeline.map((step) => step.state),
    ['queued', 'solving', 'downloading'],
  )
  slow.open()
  const done = await airlock.ready(id)
  const states = ['queued', 'solving', 'downloading', 'proving', 'publishing', 'ready']
  assert.deepEqual(
    done.timeline.map((step) => step.state),
    states,
  )
  assert.equal(done.progress, null)
})

test('identical requests share a job, however they are written, and each gets its own lock', async () => {
  const slow = held({ name: 'Same.Name', version: '1.2' })
  const first = await airlock.ask('same-name>=1.0')
  await slow.asked
  const second = await airlock.ask('# for the same', 'SAME_name >= 1.0')
  const other = await airlock.ask('same-name>=1.1')
  assert.notEqual(second.id, first.id)
  assert.equal(second.job, first.job)
  assert.notEqual(other.job, first.job)
  slow.open()
  for (const { id } of [first, second, other]) {
    await airlock.ready(id)
    assert.equal(await statusOf(`/pip/requests/${id}/requirements.txt`), 200)
  }
  // once for all three
  assert.equal(index.files.asked(index.pathOf(slow.wheel)).length, 1)
})

test('requests that touch the same project’s page at once are all on it', async () => {
  const versions = ['1.0', '2.0', '3.0', '4.0', '5.0']
  const all = versions.map((version) => held({ name: 'touched', version }))
  const ids = await Promise.all(versions.map(async (version) => (await airlock.ask(`touched==${version}`)).id))
  await Promise.all(all.map(({ asked }) => asked))
  for (const { open } of all) open()
  for (const id of ids) await airlock.ready(id)
  const answer = await fetch(`${airlock.indexUrl}touched/`, {
    headers: { accept: 'application/vnd.pypi.simple.v1+json' },
  })
  const page = (await answer.json()) as { versions: string[]; files: { filename: string }[] }
  assert.deepEqual(page.versions, versions)
  assert.equal(page.files.length, versions.length)
})

test('two requests at once of which one fails: the other does not notice', async () => {
  const good = held({ name: 'beside-good', version: '1.0' })
  const lying = makeWheel({ name: 'beside-bad', version: '1.0', requires: ['beside-good'] })
  index.add(lying, { sha256: '0'.repeat(64) })
  const [bad, fine] = await Promise.all([airlock.ask('beside-bad'), airlock.ask('beside-good')])
  await good.asked
  assert.equal((await airlock.problem(bad.id)).code, 'digest-mismatch')
  good.open()
  await airlock.ready(fine.id)
  assert.equal(await statusOf('/pip/simple/beside-bad/'), 404)
})

test('a cancelled request stops, shows nothing, and goes on when it is tried again', async () => {
  const slow = held({ name: 'stopped', version: '1.0' })
  const { id, job } = await airlock.ask('stopped')
  await slow.asked
  const before = await hashTree(airlock.root)
  const cancelled = await airlock.cancel(id)
  assert.equal(cancelled.state, 'cancelled')
  assert.deepEqual(await hashTree(airlock.root), before)

  slow.open()
  const again = await airlock.retry(id)
  assert.equal(again.id, id)
  assert.notEqual(again.job, job)
  await airlock.ready(id)
  const { releases } = await uvInstall(['--index-url', airlock.indexUrl, 'stopped'])
  assert.deepEqual(releases, { stopped: '1.0' })
})

test('a request that is cancelled while it is solved stops the solver', async () => {
  const way = gate(file(''))
  index.pages.on('/simple/unanswered/', way.answer)
  const { id } = await airlock.ask('unanswered')
  await way.asked
  assert.equal((await airlock.cancel(id)).state, 'cancelled')
  assert.deepEqual(await readdir(join(airlock.state, 'work')), [])
  way.open()
})

test('cancelling one of two that share a job leaves the other alone; the last one ends it', async () => {
  const slow = held({ name: 'shared', version: '1.0' })
  const [first, second] = [await airlock.ask('shared'), await airlock.ask('shared')]
  assert.equal(first.job, second.job)
  await slow.asked
  assert.equal((await airlock.cancel(first.id)).state, 'cancelled')
  await airlock.wait(second.id, ({ state }) => state === 'downloading')
  slow.open()
  await airlock.ready(second.id)
  assert.equal(await statusOf(`/pip/requests/${second.id}/requirements.txt`), 200)
  assert.equal(await statusOf(`/pip/requests/${first.id}/requirements.txt`), 404)
})

test('what has ended cannot be cancelled, and what has not cannot be tried again', async () => {
  const slow = held({ name: 'ended', version: '1.0' })
  const { id } = await airlock.ask('ended')
  await slow.asked
  const codeOf = (error: unknown) => (error instanceof Refused ? error.problem.code : String(error))
  assert.equal(await airlock.retry(id).catch(codeOf), 'request-unfinished')
  slow.open()
  await airlock.ready(id)
  assert.equal(await airlock.cancel(id).catch(codeOf), 'request-finished')
  assert.equal(await airlock.cancel(99_999).catch(codeOf), 'request-unknown')
})

test('in the end the tree is right and `.incoming` holds nothing that is whole and published', async () => {
  assert.deepEqual((await checkTree(airlock.root)).faults, [])
  const left = await readdir(join(airlock.root, '.incoming'), { recursive: true })
  assert.deepEqual(
    left.filter((name) => name.endsWith('.whl')),
    [],
  )
})
