/** What people wait for while they type or turn a page takes as long in a large state as in a small one. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import Sqlite from 'better-sqlite3'
import { openDatabase } from '../../storage/database.ts'
import { createPackages } from '../../storage/packages.ts'
import { createVisible } from '../../storage/visible.ts'
import { temporaryFolder } from '../support/folders.ts'

const at = '2026-01-01T00:00:00.000Z'

/** A hundred releases a package, and so many jobs that all needed the first packages. */
async function state(t: TestContext, packages: number, jobs: number) {
  const file = join(await temporaryFolder(t), 'airlock.db')
  const db = await openDatabase(file)
  t.after(() => db.destroy())
  const rows = new Sqlite(file)
  const artifact = rows.prepare(
    `INSERT INTO artifacts (ecosystem, sha256, file, name, version, size, origin, url, facts) VALUES ('pip', ?, ?, ?, ?, 1, '', '', '{}')`,
  )
  const listing = rows.prepare(`INSERT INTO listings VALUES ('pip/simple', ?, ?, ?, '${at}')`)
  const job = rows.prepare(
    `INSERT INTO jobs (ecosystem, target, roots, options, identity, state, created_at) VALUES ('pip', 'default', '[]', '{}', '', 'ready', '${at}')`,
  )
  const item = rows.prepare(`INSERT INTO closure_items VALUES (?, ?, ?, 0, 0, '[]')`)
  rows.transaction(() => {
    for (let id = 1; id <= packages * 100; id++) {
      const [name, file] = [`p${String(id % packages).padStart(4, '0')}`, `${id}.whl`]
      artifact.run(String(id), file, name, String(id))
      listing.run(file, name, id)
    }
    for (let id = 1; id <= jobs; id++) {
      job.run()
      for (let position = 1; position <= 10; position++) item.run(id, position, position)
    }
  })()
  rows.close()
  return { packages: createPackages(db), visible: createVisible(db) }
}

type State = Awaited<ReturnType<typeof state>>

/** ms, of the quickest of several. */
async function quickest(work: () => Promise<unknown>): Promise<number> {
  let best = Infinity
  for (let turn = 0; turn < 10; turn++) {
    const begun = performance.now()
    await work()
    best = Math.min(best, performance.now() - begun)
  }
  return best
}

const looks: Readonly<Record<string, (state: State) => Promise<unknown>>> = {
  'what is here of the packages that everybody needs': ({ visible }) =>
    visible.releases('pip', 'default', 'pip/simple', ['p0001', 'p0002', 'p0003']),
  'the first page of packages': ({ packages }) => packages.list('pip', { limit: 10 }),
}

test('a look takes no longer in a state many times as large', async (t) => {
  const [small, large] = [await state(t, 10, 30), await state(t, 300, 3000)]
  for (const [name, look] of Object.entries(looks)) {
    const [before, after] = [await quickest(() => look(small)), await quickest(() => look(large))]
    assert.ok(after < 5 * before + 2, `${name}: ${before.toFixed(1)} ms, then ${after.toFixed(1)} ms`)
  }
})

test('only what a ready job of the target had is here, and pages of packages follow each other', async (t) => {
  const { packages, visible } = await state(t, 12, 1)
  assert.deepEqual(await visible.releases('pip', 'default', 'pip/simple', ['p0001', 'p0011']), [
    { name: 'p0001', version: '1' },
  ])
  assert.deepEqual(await visible.releases('pip', 'other', 'pip/simple', ['p0001']), [])
  assert.deepEqual(await visible.releases('pip', 'default', 'pip/other', ['p0001']), [])
  const page = await packages.list('pip', { limit: 5, after: 'p0004' })
  assert.deepEqual(
    page.map(({ name }) => name),
    ['p0005', 'p0006', 'p0007', 'p0008', 'p0009'],
  )
  assert.deepEqual(page[0], { name: 'p0005', files: 100, bytes: 100, addedAt: at })
  assert.deepEqual((await packages.list('pip', { limit: 5, text: '11' })).length, 1)
})
