import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Ecosystem, Target } from '../../server/ecosystem.ts'
import { AirlockError } from '../../server/errors.ts'
import type { Artifact, Closure, Job } from '../../storage/records.ts'
import { temporaryFolder } from '../support/folders.ts'
import { artifact, closureOf } from '../support/records.ts'
import { toyAirlock } from '../support/toy.ts'

const index = (root: string) => readFile(join(root, 'toy/simple/index.html'), 'utf8').catch(() => null)
const states = async (airlock: Awaited<ReturnType<typeof toyAirlock>>, job: number) =>
  (await airlock.events.ofJob(job)).map(({ state }) => state)

test('a request goes through every state of the story and is visible at its end', async (t) => {
  const root = await temporaryFolder(t)
  const airlock = await toyAirlock(root)
  const request = await airlock.settled(await airlock.ask('a>b'))
  assert.deepEqual(await states(airlock, request.job.id), [
    'queued',
    'solving',
    'downloading',
    'proving',
    'publishing',
    'ready',
  ])
  assert.equal(await index(root), 'a-1\nb-1')
  assert.deepEqual(request.job.proved, { a: '1', b: '1' })
})

for (const step of ['solve', 'download', 'stage', 'prove'] as const) {
  test(`a failure in ${step} leaves every published byte as it was and keeps its problem`, async (t) => {
    const root = await temporaryFolder(t)
    let fails = false
    const airlock = await toyAirlock(root, {
      before: (at) => {
        if (fails && at === step) throw new AirlockError('proof-failed', { explanation: step })
      },
    })
    await airlock.settled(await airlock.ask('a'))
    const published = await index(root)
    const pool = (await readdir(join(root, 'toy/pool'), { recursive: true })).toSorted()
    fails = true
    const failed = await airlock.settled(await airlock.ask('c'))
    assert.equal(failed.job.state, 'failed')
    assert.equal(failed.job.problem?.code, 'proof-failed')
    assert.equal(await index(root), published)
    assert.deepEqual((await readdir(join(root, 'toy/pool'), { recursive: true })).toSorted(), pool)
    fails = false
    const after = await airlock.settled(await airlock.ask('d'))
    assert.equal(after.job.state, 'ready', 'the lane goes on')
  })
}

test('what was decided is published even where its stage cannot be removed', async (t) => {
  const root = await temporaryFolder(t)
  const airlock = await toyAirlock(root, {
    before: (step) => {
      if (step === 'close') throw Object.assign(new Error('rmdir'), { code: 'EIO' })
    },
  })
  assert.equal((await airlock.settled(await airlock.ask('a'))).job.state, 'ready')
  assert.equal(await index(root), 'a-1')
})

test('an unexpected error keeps nothing of itself in the problem', async (t) => {
  const airlock = await toyAirlock(await temporaryFolder(t), {
    before: () => {
      throw new Error('secret path /x')
    },
  })
  const { job } = await airlock.settled(await airlock.ask('a'))
  assert.equal(job.problem?.code, 'internal')
  assert.ok(!JSON.stringify(job.problem).includes('secret'))
})

test('two requests that change the same index at once are both on it', async (t) => {
  const root = await temporaryFolder(t)
  const airlock = await toyAirlock(root)
  const asked = await Promise.all(['a', 'b', 'c', 'd'].map((name) => airlock.ask(name)))
  for (const request of asked) assert.equal((await airlock.settled(request)).job.state, 'ready')
  assert.equal(await index(root), 'a-1\nb-1\nc-1\nd-1')
})

test('one bad request never breaks another that runs beside it', async (t) => {
  const root = await temporaryFolder(t)
  const airlock = await toyAirlock(root, {
    before: async (_, job) => {
      if (job > 0 && (await airlock.jobs.get(job))?.roots.includes('bad'))
        throw new AirlockError('unsatisfiable', { explanation: 'x' })
    },
  })
  const [good, bad, other] = await Promise.all(['good', 'bad', 'other'].map((name) => airlock.ask(name)))
  assert.equal((await airlock.settled(bad!)).job.state, 'failed')
  for (const request of [good!, other!]) assert.equal((await airlock.settled(request)).job.state, 'ready')
})

test('a stop leaves a job resumable, and the next start goes on without solving again', async (t) => {
  const root = await temporaryFolder(t)
  const held = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const first = await toyAirlock(root, {
    before: async (step) => {
      if (step === 'download') await (reached.resolve(), held.promise)
    },
  })
  const request = await first.ask('a')
  await reached.promise
  const stopped = first.stop()
  held.resolve()
  await stopped
  assert.equal((await first.requests.get(request.id))!.job.state, 'downloading')

  const second = await toyAirlock(root, {}, first.db)
  assert.equal(await second.queue.resume(), 1)
  assert.equal((await second.settled(request)).job.state, 'ready')
  assert.deepEqual(second.solved, [])
})

test('what was decided before a crash is carried out after it, with nothing solved, fetched or proved again', async (t) => {
  const root = await temporaryFolder(t)
  const reached = Promise.withResolvers<void>()
  const first = await toyAirlock(root, {
    tree: (tree) => ({ ...tree, publish: () => (reached.resolve(), Promise.reject(new Error('the disk is gone'))) }),
  })
  const request = await first.ask('a>b')
  await reached.promise
  assert.equal((await first.requests.get(request.id))!.job.state, 'publishing')
  assert.equal(await index(root), null)
  await first.stop()

  const second = await toyAirlock(root, { before: (step) => assert.equal(step, 'publish') }, first.db)
  await second.queue.resume()
  assert.equal((await second.settled(request)).job.state, 'ready')
  assert.equal(await index(root), 'a-1\nb-1')
  assert.deepEqual([second.solved, second.fetched], [[], []])
})

test('a full disk holds a job up, says so, and lets it go on by itself', async (t) => {
  let full = true
  const airlock = await toyAirlock(await temporaryFolder(t), {
    before: (step) => {
      if (step === 'download' && full) throw new AirlockError('disk-full', { folder: '/x', free: 1, needed: 2 })
    },
  })
  const request = await airlock.ask('a')
  while (airlock.queue.waiting(request.job.id)?.code !== 'disk-full')
    await new Promise((resolve) => setTimeout(resolve, 1))
  assert.equal((await airlock.requests.get(request.id))!.job.state, 'downloading')
  full = false
  assert.equal((await airlock.settled(request)).job.state, 'ready')
  assert.equal(airlock.solved.length, 1)
})

test('a cancelled job ends cancelled and shows nothing', async (t) => {
  const root = await temporaryFolder(t)
  const held = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const airlock = await toyAirlock(root, {
    before: async (step) => {
      if (step === 'prove') await (reached.resolve(), held.promise)
    },
  })
  const request = await airlock.ask('a')
  await reached.promise
  const cancelled = airlock.queue.cancel(request.job.id)
  held.resolve()
  await cancelled
  assert.equal((await airlock.requests.get(request.id))!.job.state, 'cancelled')
  assert.equal(await index(root), null)
  assert.deepEqual(await airlock.listings.names('toy/simple'), [])
})

test('identical requests are fulfilled by one job', async (t) => {
  const airlock = await toyAirlock(await temporaryFolder(t))
  const [one, two] = await Promise.all([airlock.ask('a'), airlock.ask('a')])
  assert.equal((await airlock.settled(one)).job.state, 'ready')
  assert.equal((await airlock.settled(two)).job.state, 'ready')
  assert.equal(airlock.solved.length, 1)
})

test('a job for a target that the configuration no longer has fails by name', async (t) => {
  const airlock = await toyAirlock(await temporaryFolder(t))
  const [request] = await airlock.requests.add({
    ecosystem: 'toy',
    targets: ['gone'],
    asked: ['a'],
    roots: ['a'],
    options: {},
    requester: null,
    note: null,
  })
  airlock.queue.submit(request!.job)
  assert.equal((await airlock.settled(request!)).job.problem?.code, 'target-unknown')
})

/** A toy whose answers hold `sources` until they are built, one a solve. */
async function buildingToy(root: string, sources: readonly string[], fails?: string) {
  const built: string[] = []
  const airlock = await toyAirlock(root)
  const { solve } = airlock.ecosystem
  Object.assign(airlock.ecosystem, {
    async solve(...given: Parameters<typeof solve>) {
      const closure = await solve(...given)
      const next = sources.find((source) => !built.includes(source))
      return next === undefined ? closure : closureOf(...closure.items.map(({ artifact: one }) => one), artifact(next))
    },
    builds: {
      of: ({ items }: Closure) => items.map((item) => item.artifact).filter(({ file }) => sources.includes(file)),
      run(_: Job, __: Target, given: readonly Artifact[]) {
        for (const { file } of given) built.push(file)
        if (fails !== undefined && built.includes(fails)) throw new AirlockError('builds-too-many', { limit: 1 })
        return Promise.resolve()
      },
    },
  } satisfies Partial<Ecosystem>)
  return { ...airlock, built }
}

test('what is source is fetched, built, and solved again, until nothing is left to build', async (t) => {
  const root = await temporaryFolder(t)
  const airlock = await buildingToy(root, ['x-1', 'y-1'])
  const { job } = await airlock.settled(await airlock.ask('a'))
  const round = ['solving', 'downloading', 'building']
  const end = ['solving', 'downloading', 'proving', 'publishing', 'ready']
  assert.deepEqual(await states(airlock, job.id), ['queued', ...round, ...round, ...end])
  assert.deepEqual(airlock.built, ['x-1', 'y-1'])
  assert.deepEqual(
    ['x-1', 'y-1'].filter((file) => !airlock.fetched.includes(file)),
    [],
  )
  assert.equal(await index(root), 'a-1', 'sources are not listed')
})

test('a build that ends the job leaves nothing visible', async (t) => {
  const root = await temporaryFolder(t)
  const airlock = await buildingToy(root, ['x-1', 'y-1'], 'y-1')
  const { job } = await airlock.settled(await airlock.ask('a'))
  assert.deepEqual([job.state, job.problem?.code], ['failed', 'builds-too-many'])
  assert.equal(await index(root), null)
})

test('what is asked while the queue is still being resumed is not put back', async (t) => {
  const reached = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const airlock = await toyAirlock(await temporaryFolder(t), {
    before(step) {
      if (step !== 'solve') return
      reached.resolve()
      return held.promise
    },
  })
  const request = await airlock.ask('early')
  await reached.promise
  assert.equal(await airlock.queue.resume(), 0)
  held.resolve()
  const { job } = await airlock.settled(request)
  assert.equal(job.state, 'ready')
  const states = (await airlock.events.ofJob(job.id)).map(({ state }) => state)
  assert.deepEqual(
    states.filter((state) => state === 'queued' || state === 'solving'),
    ['queued', 'solving'],
  )
})
