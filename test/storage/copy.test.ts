/** A copy of the database is of one instant, and made however much is written meanwhile. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { copyDatabase, faultOfCopy } from '../../storage/copy.ts'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createRequests } from '../../storage/requests.ts'
import { temporaryFolder } from '../support/folders.ts'

test('a copy in which there is nothing is no copy of a state', async (t) => {
  const file = join(await temporaryFolder(t), 'airlock.db')
  new Sqlite(file).exec('CREATE TABLE others (id)').close()
  assert.equal(faultOfCopy(file), 'damaged')
})

test('a database that is written to all the time is copied, as it was when that began', async (t) => {
  const folder = await temporaryFolder(t)
  const [file, into] = [join(folder, 'airlock.db'), join(folder, 'copy.db')]
  const db = await openDatabase(file)
  t.after(() => db.destroy())
  const requests = createRequests(db, createEvents(db), () => new Date())
  const roots = ['x'.repeat(4 << 20)]
  const wanted = { ecosystem: 'toy', targets: ['default'], asked: [], roots, options: {}, requester: null, note: null }
  await requests.add(wanted)

  const [enough, copied] = [300, { yet: false }]
  const copying = copyDatabase(file, into).then(() => (copied.yet = true))
  let written = 0
  for (; !copied.yet && written < enough; written++) {
    await requests.add({ ...wanted, roots: [String(written)] })
    await setImmediate()
  }
  await copying
  assert.ok(written < enough, 'the copy was not made before the writing had ended')
  assert.equal(faultOfCopy(into), null)
  const copy = new Sqlite(into, { readonly: true })
  assert.deepEqual(copy.prepare('SELECT count(*) AS rows FROM requests').get(), { rows: 1 })
  copy.close()
})
