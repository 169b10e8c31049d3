/** How a job's end is recorded, whatever is in the way: a cancelled one that others join, a decided one, a state that is full. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AirlockError } from '../../server/errors.ts'
import { createQueue } from '../../server/queue.ts'
import { openDatabase } from '../../storage/database.ts'
import { temporaryFolder } from '../support/folders.ts'
import { toyAirlock } from '../support/toy.ts'

const full = () => Object.assign(new Error('full'), { code: 'ENOSPC' })

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (const late = Date.now() + 60_000; !(await isTrue()); await sleep(5))
    if (Date.now() > late) throw new Error('it never came to be')
}

type Toy = Awaited<ReturnType<typeof toyAirlock>>

const stateOf = async (airlock: Toy, { id }: { readonly id: number }) => (await airlock.requests.get(id))!.job.state

test('whoever asks the same while a cancelled job unwinds has a job of their own', async (t) => {
  const [held, inside] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let isFirst = true
  const airlock = await toyAirlock(await temporaryFolder(t), {
    async before(step) {
      if (step !== 'download' || !isFirst) return
      isFirst = false
      inside.resolve()
      await held.promise
    },
  })
  const mine = await airlock.ask('a')
  await inside.promise
  const left = await airlock.requests.leave((await airlock.requests.get(mine.id))!, null)
  const cancelled = airlock.queue.cancel(left!)
  const other = await airlock.ask('a')
  held.resolve()
  await cancelled
  assert.equal((await airlock.settled(other)).job.state, 'ready')
  assert.equal(await stateOf(airlock, mine), 'cancelled')
})

/** A request that is decided and cannot be published: the disk is full, and the server stops. */
async function decided(t: TestContext, onClose: (airlock: Toy, job: number) => void = () => {}) {
  const root = await temporaryFolder(t)
  const db = await openDatabase(':memory:')
  let job = 0
  const airlock: Toy = await toyAirlock(
    root,
    {
      before(step) {
        if (step === 'close') onClose(airlock, job)
        if (step === 'publish') throw full()
      },
    },
    db,
  )
  const request = await airlock.ask('a')
  job = request.job.id
  await until(async () => (await stateOf(airlock, request)) === 'publishing')
  await airlock.stop()
  return { request, next: () => toyAirlock(root, {}, db) }
}

test('what is decided becomes ready, although it was cancelled a moment before and the server stops', async (t) => {
  let cancelled = Promise.resolve()
  const { request, next } = await decided(t, (airlock, job) => {
    cancelled = airlock.queue.cancel(job)
  })
  await cancelled
  const airlock = await next()
  assert.equal(await stateOf(airlock, request), 'publishing')
  await airlock.queue.resume()
  assert.equal((await airlock.settled(request)).job.state, 'ready')
})

test('what is decided waits for its target to come back', async (t) => {
  const { request, next } = await decided(t)
  const without = await next()
  ;(without.ecosystem.targets as Map<string, unknown>).delete('default')
  await without.queue.resume()
  await without.queue.settled(request.job.id)
  assert.equal(await stateOf(without, request), 'publishing')
  const again = await next()
  await again.queue.resume()
  assert.equal((await again.settled(request)).job.state, 'ready')
})

test('an end that the state cannot take is recorded once it can', async (t) => {
  const toy = await toyAirlock(await temporaryFolder(t))
  let tries = 0
  const jobs: typeof toy.jobs = {
    ...toy.jobs,
    async fail(...args) {
      if (++tries < 3) throw new AirlockError('disk-full', { folder: '/s', free: 0, needed: 4096 })
      return toy.jobs.fail(...args)
    },
  }
  const queue = createQueue({
    ...toy,
    jobs,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    passingInterval: 0.02,
    fulfil: () => Promise.reject(new AirlockError('proof-failed', { explanation: 'x' })),
  })
  const wanted = { ecosystem: 'toy', targets: ['default'], asked: ['a'], roots: ['a'], options: {} }
  const [request] = await toy.requests.add({ ...wanted, requester: null, note: null })
  queue.submit(request!.job)
  await queue.settled(request!.job.id)
  assert.deepEqual([await stateOf(toy, request!), queue.depth(), tries], ['failed', 0, 3])
})

test('a server that stops does not wait for a state that can take nothing', async (t) => {
  const toy = await toyAirlock(await temporaryFolder(t))
  const jobs = { ...toy.jobs, fail: () => Promise.reject(full()) }
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const fulfil = () => Promise.reject(new AirlockError('proof-failed', { explanation: 'x' }))
  const queue = createQueue({ ...toy, jobs, log, passingInterval: 3600, fulfil })
  const wanted = { ecosystem: 'toy', targets: ['default'], asked: ['a'], roots: ['a'], options: {} }
  const [request] = await toy.requests.add({ ...wanted, requester: null, note: null })
  queue.submit(request!.job)
  await sleep(20)
  await queue.stop()
  assert.equal(await stateOf(toy, request!), 'queued', 'the next start takes it up')
})
