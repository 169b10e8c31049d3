import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createJobs } from '../../storage/jobs.ts'
import { createListings } from '../../storage/listings.ts'
import { createRequests, type NewRequest } from '../../storage/requests.ts'
import type { Job } from '../../storage/records.ts'
import { artifact, closureOf } from '../support/records.ts'

async function store() {
  const db = await openDatabase(':memory:')
  let at = Date.parse('2026-01-01T00:00:00Z')
  const now = () => new Date((at += 1000))
  const events = createEvents(db)
  return {
    db,
    events,
    requests: createRequests(db, events, now),
    jobs: createJobs(db, events, now),
    listings: createListings(db),
  }
}

function asking(roots: readonly string[], more: Partial<NewRequest> = {}): NewRequest {
  return {
    ecosystem: 'toy',
    targets: ['default'],
    asked: roots,
    roots,
    options: {},
    requester: null,
    note: null,
    ...more,
  }
}

async function publish({ jobs }: Awaited<ReturnType<typeof store>>, job: Job, ...files: ReturnType<typeof artifact>[]) {
  await jobs.keepClosure(job, 'toy/simple', closureOf(...files))
  await jobs.intend(job, { lane: 'toy/simple', artifacts: files, neededBy: {}, remarks: [], picked: {} })
  await jobs.finish(job, 'ready')
}

test('the same asked of a target that is another by now is another job, and its answer is not the earlier one', async () => {
  const airlock = await store()
  const { requests } = airlock
  const kinds = (kind: string) => ({ kinds: new Map([['default', kind]]) })
  const [old] = await requests.add(asking(['a'], kinds('3.11')))
  const [other] = await requests.add(asking(['a'], kinds('3.12')))
  assert.notEqual(old!.job.id, other!.job.id)
  await publish(airlock, old!.job, artifact('a-1.0-cp311-cp311-any.whl'))
  const wanted = { ecosystem: 'toy', target: 'default', roots: ['a'], options: {} }
  assert.equal((await requests.answered({ ...wanted, kind: '3.11' }))?.job, old!.job.id)
  assert.equal(await requests.answered({ ...wanted, kind: '3.12' }), null)
  const again = await requests.retry((await requests.get(old!.id))!, { kind: '3.12', requester: null })
  await publish(airlock, again.job, artifact('a-1.0-cp312-cp312-any.whl'))
  assert.equal((await requests.answered({ ...wanted, kind: '3.11' }))?.job, old!.job.id)
  assert.equal((await requests.answered({ ...wanted, kind: '3.12' }))?.job, again.job.id)
})

test('identical requests share a job while it runs, and each keeps its own id', async () => {
  const { requests } = await store()
  const [one] = await requests.add(asking(['a', 'b']))
  const [two] = await requests.add(asking(['a', 'b'], { requester: 'lin' }))
  assert.notEqual(one!.id, two!.id)
  assert.equal(one!.job.id, two!.job.id)
  assert.deepEqual(
    (await requests.askers(one!.job.id)).map(({ id }) => id),
    [one!.id, two!.id],
  )
})

test('requests that differ in target, roots or options have jobs of their own', async () => {
  const { requests } = await store()
  const wanted = [
    asking(['a']),
    asking(['b']),
    asking(['a'], { targets: ['other'] }),
    asking(['a'], { options: { constraints: ['c'] } }),
  ]
  const jobs = new Set<number>()
  for (const one of wanted) for (const { job } of await requests.add(one)) jobs.add(job.id)
  assert.equal(jobs.size, wanted.length)
})

test('nobody joins a job whose publication is decided: its askers are fixed', async () => {
  const { requests, jobs } = await store()
  const [one] = await requests.add(asking(['a']))
  const file = artifact('a-1')
  await jobs.keepClosure(one!.job, 'toy/simple', closureOf(file))
  await jobs.intend(one!.job, { lane: 'toy/simple', artifacts: [file], neededBy: {}, remarks: [], picked: {} })
  const [two] = await requests.add(asking(['a']))
  assert.notEqual(two!.job.id, one!.job.id)
})

test('one POST for several targets makes one request a target, in one batch', async () => {
  const { requests } = await store()
  const added = await requests.add(asking(['a'], { targets: ['x', 'y'] }))
  assert.deepEqual(
    added.map(({ target }) => target),
    ['x', 'y'],
  )
  assert.equal(new Set(added.map(({ batch }) => batch)).size, 1)
})

test('who leaves a shared job is cancelled alone; the last one to leave names the job to abort', async () => {
  const { requests } = await store()
  const [one] = await requests.add(asking(['a']))
  const [two] = await requests.add(asking(['a']))
  assert.equal(await requests.leave(one!, null), null)
  assert.equal((await requests.get(one!.id))!.job.state, 'cancelled')
  assert.equal((await requests.get(two!.id))!.job.state, 'queued')
  assert.equal(await requests.leave((await requests.get(two!.id))!, null), two!.job.id)
})

test('who cancels a moment too late is told so, and nothing says that it was cancelled', async () => {
  const { requests, jobs } = await store()
  const [one] = await requests.add(asking(['a']))
  await requests.add(asking(['a']))
  await jobs.keepClosure(one!.job, 'toy/simple', closureOf(artifact('a')))
  for (const end of ['publishing', 'ready'] as const) {
    await jobs.enter(one!.job, end)
    // read before that
    await assert.rejects(requests.leave(one!, 'lin'), { code: 'request-finished', fields: { id: one!.id, state: end } })
  }
  assert.deepEqual(await requests.acts(one!.id), [])
  assert.equal((await requests.get(one!.id))!.job.state, 'ready')
  assert.equal((await requests.answered({ ecosystem: 'toy', target: 'default', roots: ['a'], options: {} }))?.job, 1)
})

test('of two who try again at once one does, and the other is told that it runs', async () => {
  const { requests, jobs } = await store()
  const [one] = await requests.add(asking(['a']))
  await jobs.fail(one!.job, { code: 'internal', message: '', hint: '', fields: {} })
  const failed = (await requests.get(one!.id))!
  const tries = await Promise.allSettled(['lin', 'zhou'].map((requester) => requests.retry(failed, { requester })))
  assert.deepEqual(
    tries.map((tried) => (tried.status === 'rejected' ? (tried.reason as { code: string }).code : tried.status)),
    ['fulfilled', 'request-unfinished'],
  )
  assert.deepEqual(
    (await requests.acts(one!.id)).map(({ requester }) => requester),
    ['lin'],
  )
})

test('who tried again and who cancelled is kept for ever, in order', async () => {
  const { requests, jobs, db } = await store()
  const [one] = await requests.add(asking(['a'], { requester: 'lin' }))
  await jobs.fail(one!.job, { code: 'internal', message: '', hint: '', fields: {} })
  assert.deepEqual(await requests.acts(one!.id), [])
  const again = await requests.retry((await requests.get(one!.id))!, { requester: 'zhou' })
  await requests.leave(again, null)
  await jobs.finish(again.job, 'cancelled')
  await requests.retry((await requests.get(one!.id))!, { requester: 'lin' })
  await jobs.forget('2030-01-01T00:00:00.000Z')
  const acts = await requests.acts(one!.id)
  assert.deepEqual(
    acts.map(({ act, requester }) => [act, requester]),
    [
      ['retried', 'zhou'],
      ['cancelled', null],
      ['retried', 'lin'],
    ],
  )
  assert.deepEqual(
    acts.map(({ at }) => at),
    acts.map(({ at }) => at).toSorted(),
  )
  assert.equal((await requests.get(one!.id))!.requester, 'lin', 'who asked is who asked')
  await assert.rejects(db.deleteFrom('requests').execute(), /FOREIGN KEY/)
})

test('a retry is a new job of the same request', async () => {
  const { requests, jobs } = await store()
  const [one] = await requests.add(asking(['a']))
  await jobs.fail(one!.job, { code: 'internal', message: '', hint: '', fields: {} })
  const again = await requests.retry((await requests.get(one!.id))!, { requester: null })
  assert.equal(again.id, one!.id)
  assert.notEqual(again.job.id, one!.job.id)
  assert.equal(again.job.state, 'queued')
})

test('lists are newest first, paged by id, and filtered by state, requester and text, in which % and _ mean themselves', async () => {
  const { requests, jobs } = await store()
  for (let n = 1; n <= 5; n++)
    await requests.add(asking([`pkg${n}`], { requester: n % 2 ? 'lin' : 'zhou', note: n === 3 ? '100%_sure' : null }))
  const ids = async (filter: object) => (await requests.list({ limit: 10, ...filter })).map(({ id }) => id)
  assert.deepEqual(await ids({}), [5, 4, 3, 2, 1])
  assert.deepEqual(await ids({ limit: 2, before: 4 }), [3, 2])
  assert.deepEqual(await ids({ requester: 'lin' }), [5, 3, 1])
  assert.deepEqual(await ids({ text: 'pkg2' }), [2])
  assert.deepEqual(await ids({ text: '%_s' }), [3])
  assert.deepEqual(await ids({ text: 'p_g' }), [])
  await jobs.enter((await requests.get(2))!.job, 'solving')
  assert.deepEqual(await ids({ state: 'solving' }), [2])
})

test('what was typed is found as it was typed, quotes and all, and not by what lies between the lines', async () => {
  const { requests } = await store()
  await requests.add(asking(['a ; python_version < "3.9"', 'b']))
  const found = async (text: string) => (await requests.list({ limit: 10, text })).length
  assert.deepEqual([await found('< "3.9"'), await found('","'), await found('\\')], [1, 0, 0])
})

test('a closure remembers what was not listed before it, and its sizes are known to lists', async () => {
  const all = await store()
  const { requests, jobs } = all
  const [one] = await requests.add(asking(['a']))
  const shared = artifact('b-1')
  await publish(all, one!.job, artifact('a-1'), shared)
  const [two] = await requests.add(asking(['c']))
  await jobs.keepClosure(two!.job, 'toy/simple', closureOf(artifact('c-1', { size: null }), shared))
  const { items } = (await jobs.closure(two!.job))!
  assert.deepEqual(
    items.map(({ artifact: { file }, isNew }) => [file, isNew]),
    [
      ['c-1', true],
      ['b-1', false],
    ],
  )
  const sizes = await jobs.closureSizes([one!.job.id, two!.job.id])
  assert.deepEqual(sizes.get(one!.job.id), { files: 2, bytes: 6 })
  assert.deepEqual(sizes.get(two!.job.id), { files: 2, bytes: null })
})

test('a job without a solution has no closure', async () => {
  const { requests, jobs } = await store()
  const [one] = await requests.add(asking(['a']))
  assert.equal(await jobs.closure(one!.job), null)
})

test('the same file name with other bytes is refused in an index, and nothing of that decision stays', async () => {
  const all = await store()
  const { requests, jobs, listings } = all
  const [one] = await requests.add(asking(['a']))
  await publish(all, one!.job, artifact('a-1'))
  const [two] = await requests.add(asking(['a', 'z']))
  const changed = [artifact('z-1'), artifact('a-1', { sha256: 'f'.repeat(64) })]
  await jobs.keepClosure(two!.job, 'toy/simple', closureOf(...changed))
  await assert.rejects(
    jobs.intend(two!.job, { lane: 'toy/simple', artifacts: changed, neededBy: {}, remarks: [], picked: {} }),
    { code: 'digest-changed' },
  )
  assert.deepEqual(await listings.names('toy/simple'), ['a'])
  assert.equal(await listings.generation('toy/simple'), 1)
  assert.equal((await jobs.get(two!.job.id))!.state, 'queued')
})

test('a lane moves to its next generation with each decision, and lists by name and file', async () => {
  const all = await store()
  const { requests, listings } = all
  for (const root of ['b', 'a']) {
    const [request] = await requests.add(asking([root]))
    await publish(all, request!.job, artifact(`${root}-2`), artifact(`${root}-1`))
  }
  assert.equal(await listings.generation('toy/simple'), 2)
  assert.deepEqual(
    (await listings.listed('toy/simple')).map(({ artifact: { file } }) => file),
    ['a-1', 'a-2', 'b-1', 'b-2'],
  )
  assert.deepEqual(
    (await listings.listed('toy/simple', ['b'])).map(({ artifact: { file } }) => file),
    ['b-1', 'b-2'],
  )
  assert.deepEqual(await listings.listed('toy/simple', []), [])
})

test('old history goes: changes of state of jobs that ended long ago, and attempts that nothing refers to', async () => {
  const it = await store()
  const { db, requests, jobs, events } = it
  const [request] = await requests.add(asking(['a']))
  await jobs.keepClosure(request!.job, 'toy/simple', closureOf(artifact('a-1.0.whl')))
  await jobs.fail(request!.job, { code: 'internal', message: '', hint: '', fields: {} })
  const again = (await requests.retry((await requests.get(request!.id))!, { requester: null })).job
  await publish(it, again, artifact('a-1.0.whl'))
  const [running] = await requests.add(asking(['b']))
  const future = '2027-01-01T00:00:00.000Z'

  assert.equal(await jobs.forget('2025-01-01T00:00:00.000Z'), 0)
  assert.equal(await events.forget('2025-01-01T00:00:00.000Z'), 0)
  assert.equal((await events.ofJob(request!.job.id)).length > 0, true)

  assert.equal(await jobs.forget(future), 1)
  assert.equal(await jobs.get(request!.job.id), null)
  assert.equal((await requests.get(request!.id))!.job.state, 'ready')
  assert.ok((await events.forget(future)) > 0)
  assert.deepEqual(await events.ofJob(again.id), [])
  assert.equal((await jobs.closure(again))!.items.length, 1)
  assert.equal((await events.ofJob(running!.job.id)).length, 1)
  await db.destroy()
})
