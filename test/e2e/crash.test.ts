/** kill -9 at any instant: the next start has the ports and the state, goes on, and fetches nothing twice that was whole. */
import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts, livingIn, startAirlock, type Airlock } from '../support/airlock.ts'
import { uvInstall } from '../support/clients.ts'
import { gate } from '../support/gate.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { checkTree } from '../support/tree.ts'
import { file, page, stall } from '../support/upstream.ts'
import { makeWheel } from '../support/wheels.ts'

let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  const [port] = await freePorts(1)
  // a gateway that moved would not show an orphan that holds its port
  airlock = await startAirlock({ index: index.url, config: { gateway: { port } } })
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

const alive = async () => new Set((await livingIn(airlock.folder)).map(({ pid }) => pid))

/** Starts at once where another server has just died; none of `before` may live on. */
async function startAfter(before: ReadonlySet<number>): Promise<void> {
  await airlock.start()
  const now = await alive()
  assert.deepEqual(
    [...before].filter((pid) => now.has(pid)),
    [],
    'nothing of the server that died lives on',
  )
}

/** A project of a small wheel, and one of a large one that upstream stops to send in the middle. */
function halfway(name: string) {
  const big = makeWheel({
    name,
    version: '1.0',
    requires: [`${name}-small`],
    files: { [`${name}/big`]: Buffer.alloc(3 << 20, 'x') },
    method: 'stored',
  })
  const small = makeWheel({ name: `${name}-small`, version: '1.0' })
  index.add(big)
  index.add(small)
  const etag = `"${big.sha256}"`
  const sent = 2_500_000
  index.files.on(index.pathOf(big), stall(big.bytes, sent, { etag }), file(big.bytes, { etag }))
  return {
    small: () => index.files.asked(index.pathOf(small)),
    big: () => index.files.asked(index.pathOf(big)),
    /** Until the small one is whole and of the large one everything that came is here. */
    async arrived(): Promise<void> {
      const folder = join(airlock.root, '.incoming', big.sha256)
      for (;;) {
        const [part, whole] = await Promise.all([
          stat(join(folder, '.part')).catch(() => null),
          stat(join(airlock.root, '.incoming', small.sha256, small.file)).catch(() => null),
        ])
        // written in blocks of 1 MiB
        if (whole !== null && (part?.size ?? 0) >= 2 << 20) return
        await sleep(20)
      }
    },
  }
}

test('killed while it downloads: what was whole is not asked for again, what was not is gone on with by range', async () => {
  const { small, big, arrived } = halfway('download')
  const { id } = await airlock.ask('download')
  await arrived()
  await airlock.wait(id, ({ state }) => state === 'downloading')
  const before = await alive()
  assert.ok(before.size >= 2, 'a server and its mirror')
  await airlock.kill()
  const asked = index.asked().length
  await startAfter(before)
  await airlock.ready(id)
  assert.deepEqual(index.asked().slice(asked), [`GET ${big()[0]!.path}`])
  assert.equal(small().length, 1)
  assert.equal(big().length, 2)
  const from = /^bytes=(\d+)-$/.exec(big()[1]!.headers.range ?? '')?.[1]
  assert.ok(Number(from) >= 2 << 20, `asked for the rest from ${from}`)
  assert.ok(big()[1]!.headers['if-range'])
  const { releases, output } = await uvInstall(['--index-url', airlock.indexUrl, 'download'])
  assert.deepEqual(releases, { download: '1.0', 'download-small': '1.0' }, output)
})

test('killed while it solves: the solver dies too, and the next start solves', { timeout: 300_000 }, async () => {
  const wheel = makeWheel({ name: 'solve', version: '1.0' })
  index.files.on(`/${wheel.file}`, file(wheel.bytes))
  const way = gate(file(''))
  index.pages.on(
    '/simple/solve/',
    way.answer,
    page(`<a href="/${wheel.file}#sha256=${wheel.sha256}">${wheel.file}</a>`),
  )
  const { id } = await airlock.ask('solve')
  await way.asked
  // its page is asked for while the solver starts
  const solvers = async () =>
    (await livingIn(airlock.folder)).filter(({ line }) => /\buv pip compile\b.*\/upstream\//.test(line))
  while ((await solvers()).length === 0) await sleep(20)
  assert.equal((await solvers()).length, 1)
  const before = await alive()
  await airlock.kill()
  await startAfter(before)
  await airlock.ready(id)
  assert.deepEqual(await readdir(join(airlock.state, 'work')), [], 'nor is anything left of its work')
  way.open()
})

test('killed when something is queued behind it: everything that was acknowledged is done', async () => {
  const { arrived } = halfway('behind')
  const names = ['behind-a', 'behind-b', 'behind-c']
  for (const name of names) index.add(makeWheel({ name, version: '1.0' }))
  const first = await airlock.ask('behind')
  await arrived()
  const others = await Promise.all(names.map((name) => airlock.ask(name, 'behind-small')))
  const before = await alive()
  await airlock.kill()
  await startAfter(before)
  for (const { id } of [first, ...others]) await airlock.ready(id)
  assert.deepEqual((await checkTree(airlock.root)).faults, [])
})

test('a second server on the same state refuses, and the first goes on', async () => {
  const { status, output } = await airlock.again()
  assert.equal(status, 3)
  assert.match(output, /Another Airlock owns the state in/)
  assert.equal((await fetch(`${airlock.consoleUrl}/readyz`)).status, 200)
})

test('SIGTERM with a download under way: it ends in order, within 10 s, and the next start goes on by range', async () => {
  const { small, big, arrived } = halfway('term')
  const { id } = await airlock.ask('term')
  await arrived()
  const before = await alive()
  const from = performance.now()
  await airlock.stop()
  assert.ok(performance.now() - from < 10_000)
  assert.deepEqual(await livingIn(airlock.folder), [])
  await startAfter(before)
  await airlock.ready(id)
  assert.equal(small().length, 1)
  assert.deepEqual(
    big().map(({ headers }) => headers.range !== undefined),
    [false, true],
  )
})
