/** A publication takes as long in a state of 100,000 artifacts as in an empty one: none of its statements reads what it does not want. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import * as jobsModule from '../../storage/jobs.ts'
import * as listingsModule from '../../storage/listings.ts'
import { createRequests } from '../../storage/requests.ts'
import { artifact, closureOf } from '../support/records.ts'
import { importSabotaged } from '../support/sabotage.ts'

type Modules = {
  readonly createJobs: typeof jobsModule.createJobs
  readonly createListings: typeof listingsModule.createListings
}

/** What SQLite says of how it would find the rows of each statement of a publication. */
async function plansOf({ createJobs, createListings }: Modules): Promise<string[]> {
  const db = await openDatabase(':memory:')
  const prepare = Sqlite.prototype.prepare
  const plans: string[] = []
  Sqlite.prototype.prepare = function (this: Sqlite.Database, source: string) {
    if (/^(?:select|insert|update|delete)/i.test(source)) {
      const steps = prepare
        .call(this, `explain query plan ${source}`)
        .all(Array.from({ length: source.split('?').length - 1 }, () => null))
      plans.push(...(steps as { detail: string }[]).map(({ detail }) => `${detail} <- ${source}`))
    }
    return prepare.call(this, source)
  } as typeof prepare
  try {
    const now = () => new Date('2026-01-01T00:00:00Z')
    const events = createEvents(db)
    const jobs = createJobs(db, events, now)
    const files = [artifact('aa'), artifact('bb')]
    const who = { requester: null, note: null }
    const [request] = await createRequests(db, events, now).add({
      ecosystem: 'toy',
      targets: ['default'],
      asked: ['aa', 'bb'],
      roots: ['aa', 'bb'],
      options: {},
      ...who,
    })
    const { job } = request!
    plans.length = 0
    await jobs.keepClosure(job, 'toy/simple', closureOf(...files))
    await jobs.intend(job, { lane: 'toy/simple', artifacts: files, neededBy: {}, remarks: [], picked: {} })
    await jobs.closure(job)
    await createListings(db).listed('toy/simple', ['aa'])
    await createListings(db).generation('toy/simple')
    await jobs.finish(job, 'ready')
  } finally {
    Sqlite.prototype.prepare = prepare
    await db.destroy()
  }
  assert.ok(plans.length > 10, 'the statements were not seen')
  return plans
}

const wide = [
  /^SCAN (?!.*VALUES CLAUSE$)/,
  /^SEARCH listings .*\(lane=\?\)$/,
  // there is one for each job that ever needed it; a foreign key is looked up in the index alone
  /^SEARCH closure_items USING INDEX .*\(artifact_id=\?\)$/,
]

/** Reading a whole table, all that one lane lists, or all that ever needed an artifact. */
function isWide(plan: string): boolean {
  const [step = ''] = plan.split(' <- ')
  return wide.some((one) => one.test(step))
}

test('no statement of a publication reads a whole table or a whole lane', async () => {
  const plans = await plansOf({ ...jobsModule, ...listingsModule })
  assert.deepEqual(plans.filter(isWide), [])
})

const cuts = {
  'without the first column of the key, all artifacts are read': {
    file: 'storage/jobs.ts',
    from: ".where('ecosystem', 'in', [...new Set(rows.map(({ ecosystem }) => ecosystem))])",
    to: '',
  },
  'sorted by SQLite, a lane is read in the order of its files': {
    file: 'storage/listings.ts',
    from: "query.where('listings.name', 'in', names).execute()",
    to: "query.where('listings.name', 'in', names).orderBy('listings.name').orderBy('listings.file').execute()",
  },
  'asked by lane, all that it lists is read': {
    file: 'storage/jobs.ts',
    from: ".where('artifact_id', 'in', some)",
    to: ".where('lane', '=', lane)",
  },
  'asked by artifact, all closures that hold it are read': {
    file: 'storage/jobs.ts',
    from: ".where('position', '=', position)",
    to: ".where('artifact_id', '=', ids.get(keyOf(artifact))!)",
  },
}

for (const [name, cut] of Object.entries(cuts)) {
  test(`control: ${name}`, async () => {
    const { createJobs } = await importSabotaged<typeof jobsModule>(
      'storage/jobs.ts',
      cut.file === 'storage/jobs.ts' ? [cut] : [],
    )
    const { createListings } = await importSabotaged<typeof listingsModule>(
      'storage/listings.ts',
      cut.file === 'storage/listings.ts' ? [cut] : [],
    )
    assert.notDeepEqual((await plansOf({ createJobs, createListings })).filter(isWide), [])
  })
}
