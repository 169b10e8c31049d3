import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBuilds } from '../../storage/builds.ts'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createJobs } from '../../storage/jobs.ts'
import { createRequests } from '../../storage/requests.ts'
import type { NewBuild } from '../../storage/records.ts'
import { artifact, closureOf } from '../support/records.ts'

const at = '2026-10-07T08:00:00.000Z'

async function state() {
  const db = await openDatabase(':memory:')
  const events = createEvents(db)
  const now = () => new Date(at)
  const asked = { ecosystem: 'pip', targets: ['default'], asked: ['a'], roots: ['a'], options: {} }
  const [request] = await createRequests(db, events, now).add({ ...asked, requester: null, note: null })
  const { job } = request!
  const source = { ...artifact('a-1.tar.gz'), size: 10 }
  const tool = { ...artifact('tool-1.whl'), size: 20 }
  const build: NewBuild = {
    ecosystem: 'pip',
    name: 'a',
    version: '1',
    job: job.id,
    target: 'default',
    materials: [source, tool],
    builder: { python: '3.11.7' },
    made: { file: 'a-1.whl', sha256: 'f'.repeat(64), size: 5 },
    problem: null,
    log: 'all of it',
    beganAt: at,
    endedAt: at,
  }
  return { builds: createBuilds(db), jobs: createJobs(db, events, now), job, build, source, tool }
}

test('a build is found by its id with its log, by its source and in the list without', async () => {
  const { builds, build, source } = await state()
  const { log, ...rest } = build
  const added = await builds.add(build)
  assert.deepEqual(added, { ...rest, id: 1 })
  assert.deepEqual(await builds.get(1), { ...added, log })
  assert.deepEqual(await builds.of('pip', [source.sha256]), [added])
  assert.deepEqual(await builds.those([1, 9]), [added])
  assert.deepEqual(await builds.list({ limit: 5 }), [added])
})

test('a failed one is in the list and by its id, and is no build of its source', async () => {
  const { builds, build, source } = await state()
  const problem = { code: 'build-failed', message: 'no', hint: '', fields: {} }
  const added = await builds.add({ ...build, made: null, problem })
  assert.deepEqual((await builds.get(added.id))?.problem, problem)
  assert.deepEqual(await builds.of('pip', [source.sha256]), [])
  assert.deepEqual(await builds.list({ limit: 5 }), [added])
})

test('nothing is asked for and nothing is found without names; another ecosystem has none of it', async () => {
  const { builds, build, source } = await state()
  await builds.add(build)
  assert.deepEqual([await builds.of('pip', []), await builds.those([])], [[], []])
  assert.deepEqual(await builds.of('apt', [source.sha256]), [])
  assert.equal(await builds.get(9), null)
})

test('the list goes from the newest on, a page at a time', async () => {
  const { builds, build } = await state()
  for (let count = 0; count < 3; count++) await builds.add(build)
  assert.deepEqual(
    (await builds.list({ limit: 2 })).map(({ id }) => id),
    [3, 2],
  )
  assert.deepEqual(
    (await builds.list({ before: 2, limit: 2 })).map(({ id }) => id),
    [1],
  )
})

test('what listed files were made of is kept, each once; that of others is not', async () => {
  const { builds, jobs, job, build, source, tool } = await state()
  const made = { ...artifact('a-1.whl'), ecosystem: 'pip', sha256: build.made!.sha256, size: 5 }
  await builds.add(build)
  await builds.add({ ...build, materials: [tool] })
  await builds.add({ ...build, made: { ...build.made!, sha256: 'e'.repeat(64) }, materials: [artifact('other')] })
  assert.deepEqual(await builds.materials(), [])
  await jobs.keepClosure(job, 'pip/simple', closureOf(made))
  await jobs.intend(job, { lane: 'pip/simple', artifacts: [made], neededBy: {}, remarks: [], picked: {} })
  assert.deepEqual(
    (await builds.materials()).map(({ file }) => file).toSorted((a, b) => (a < b ? -1 : 1)),
    [source.file, tool.file],
  )
})
