/** A full disk: jobs wait and say so, pods go on reading, and once there is room everything goes on by itself. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm, rmdir, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { uvInstall } from '../support/clients.ts'
import { gate } from '../support/gate.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { checkTree } from '../support/tree.ts'
import { file } from '../support/upstream.ts'
import { makeWheel } from '../support/wheels.ts'

const MB = 1 << 20

let index: TestIndex
let disk: string
let airlock: Airlock

before(async () => {
  disk = await mkdtemp(join(tmpdir(), 'airlock-disk-'))
  // needs root, as the project's tests do; where it cannot be had this file fails
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0755', 'tmpfs', disk])
  index = await startIndex()
  index.add(makeWheel({ name: 'early', version: '1.0' }))
  airlock = await startAirlock({
    index: index.url,
    root: join(disk, 'root'),
    config: { download: { keepFree: 0, overlap: 0 } },
  })
  await airlock.ready((await airlock.ask('early')).id)
})

after(async () => {
  await airlock?.close()
  await index?.close()
  execFileSync('umount', [disk])
  await rmdir(disk)
})

afterEach(() => rm(join(disk, 'ballast'), { force: true }))

/** Fills the disk until so many bytes are left. */
async function fill(left: number): Promise<void> {
  const { bavail, bsize } = await statfs(disk)
  await writeFile(join(disk, 'ballast'), Buffer.alloc(bavail * bsize - left))
}

function add(name: string, bytes: number) {
  const wheel = makeWheel({
    name,
    version: '1.0',
    files: { [`${name}/big`]: Buffer.alloc(bytes, name) },
    method: 'stored',
  })
  index.add(wheel)
  const way = gate(file(wheel.bytes, { etag: `"${wheel.sha256}"` }))
  index.files.on(index.pathOf(wheel), way.answer)
  return { wheel, ...way }
}

/** A pod that reads meanwhile. */
async function reads(...names: readonly string[]): Promise<void> {
  const { status, releases, output } = await uvInstall(['--index-url', airlock.indexUrl, ...names])
  assert.equal(status, 0, output)
  assert.deepEqual(Object.keys(releases).toSorted(), names.toSorted())
}

test('a disk that fills while a file is on its way: the job waits, pods read, and it goes on by itself', async () => {
  const { wheel, asked, open: go } = add('large', 6 * MB)
  const { id } = await airlock.ask('large')
  await asked
  await fill(3 * MB)
  go()
  const waiting = await airlock.wait(id, (request) => request.waiting !== null)
  assert.equal(waiting.state, 'downloading')
  assert.equal(waiting.waiting!.code, 'disk-full')
  assert.equal(waiting.waiting!.status, 507)
  assert.match(waiting.waiting!.detail, / free, .* are needed/)
  await reads('early')
  assert.deepEqual((await checkTree(airlock.root)).faults, [])

  await rm(join(disk, 'ballast'))
  const { waiting: none } = await airlock.ready(id)
  assert.equal(none, null)
  await reads('early', 'large')
  assert.ok(index.files.asked(index.pathOf(wheel)).length <= 3)
})

test('a disk that is full when it comes to publishing: the job waits, and what it had begun stays hidden', async () => {
  const { wheel, asked, open: go } = add('late', 2 * MB)
  const { id } = await airlock.ask('late')
  await asked
  // the file has room, and the pages that should name it have not
  await fill(wheel.bytes.length + 16_384)
  go()
  const waiting = await airlock.wait(id, (request) => request.waiting !== null || request.state === 'ready')
  assert.equal(waiting.state, 'publishing')
  assert.equal(waiting.waiting?.code, 'disk-full')
  await reads('early', 'large')
  assert.equal((await fetch(`${airlock.indexUrl}late/`)).status, 404)
  assert.equal(index.files.asked(index.pathOf(wheel)).length, 1)

  await rm(join(disk, 'ballast'))
  await airlock.ready(id)
  await reads('late')
  assert.deepEqual((await checkTree(airlock.root)).faults, [])
})

test('a file that is taken away after the decision, before the disk has room for its page, is fetched again', async () => {
  const { wheel, asked, open: go } = add('taken', 2 * MB)
  const { id } = await airlock.ask('taken')
  await asked
  await fill(wheel.bytes.length + 16_384)
  go()
  const waiting = await airlock.wait(id, (request) => request.waiting !== null || request.state === 'ready')
  assert.equal(waiting.state, 'publishing')
  const files = await readdir(airlock.root, { recursive: true, withFileTypes: true })
  const [found, ...more] = files.filter(({ name }) => name === wheel.file)
  assert.deepEqual(more, [])
  await rm(join(found!.parentPath, wheel.file))

  await rm(join(disk, 'ballast'))
  await airlock.ready(id)
  await reads('taken')
  assert.equal(index.files.asked(index.pathOf(wheel)).length, 2)
  assert.deepEqual((await checkTree(airlock.root)).faults, [])
})

test('a server that is killed while its disk is full starts on it, serves, and goes on when there is room', async () => {
  const { asked, open: go } = add('killed', 4 * MB)
  const { id } = await airlock.ask('killed')
  await asked
  await fill(2 * MB)
  go()
  await airlock.wait(id, (request) => request.waiting !== null)
  await airlock.kill()
  await airlock.start()
  await airlock.wait(id, (request) => request.waiting !== null || request.state === 'failed')
  await reads('early', 'large')
  await rm(join(disk, 'ballast'))
  await airlock.ready(id)
  await reads('killed')
})

test('what can never fit is said at once', async () => {
  add('huge', 30 * MB)
  const { code, detail } = await airlock.problem((await airlock.ask('huge')).id)
  assert.equal(code, 'closure-too-large')
  assert.match(detail, /the disk has room for/)
})
