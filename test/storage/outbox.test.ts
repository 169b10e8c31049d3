import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { AirlockError } from '../../server/errors.ts'
import { createNotices } from '../../server/notices/notices.ts'
import type { Deliver, Hook } from '../../server/notices/deliver.ts'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createJobs } from '../../storage/jobs.ts'
import { createOutbox } from '../../storage/outbox.ts'
import { createRequests } from '../../storage/requests.ts'

const minute = 60_000
const day = 1440 * minute

/** A state with an outbox, a clock of the test's own, and one request that has failed. */
async function outboxOf(
  t: TestContext,
  names: readonly string[] = ['team'],
  on: Hook['on'] = ['ready', 'failed', 'held'],
) {
  const db = await openDatabase(':memory:')
  t.after(() => db.destroy())
  let time = Date.parse('2026-03-01T10:00:00Z')
  const now = () => new Date(time)
  const hooks = names.map((name): Hook => ({
    name,
    kind: 'json',
    url: 'https://hook.example/',
    secret: 's',
    on,
    language: 'en',
  }))
  const outbox = createOutbox(db, hooks, now)
  const events = createEvents(db, outbox.note)
  const jobs = createJobs(db, events, now)
  const requests = createRequests(db, events, now)
  async function fail(count = 1): Promise<void> {
    const asked = Array.from({ length: count }, (_, at) => `name${at}`)
    const wanted = {
      ecosystem: 'pip',
      targets: ['default'],
      asked,
      roots: asked,
      options: {},
      requester: 'lin',
      note: null,
    }
    const [request] = await requests.add(wanted)
    await jobs.fail(request!.job, { code: 'unsatisfiable', message: 'm', hint: 'h', fields: {} })
  }
  return { db, outbox, events, jobs, requests, hooks, now, fail, pass: (ms: number) => (time += ms) }
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const late = Date.now() + 60_000; !(await holds()); await sleep(2)) assert.ok(Date.now() < late, 'not in time')
}

test('a change of state and what is to be told of it are one transaction', async (t) => {
  const { outbox, events, jobs, fail, db } = await outboxOf(t)
  await fail()
  const row = await outbox.next('team')
  assert.deepEqual([row?.notice.event, row?.notice.requests[0]?.requester, row?.tries], ['failed', 'lin', 0])
  assert.equal(row?.notice.problem?.code, 'unsatisfiable')
  const [job] = await db.selectFrom('jobs').select('id').execute()
  await assert.rejects(
    events.commit(async (_, append) => {
      await append(job!.id, 'ready', '2026-03-01T10:00:00.000Z')
      throw new Error('the disk is full')
    }),
    /the disk is full/,
  )
  assert.equal((await outbox.waiting()).get('team')?.count, 1, 'what was not committed is not told')
  await jobs.finish((await jobs.get(job!.id))!, 'cancelled')
  assert.equal((await outbox.waiting()).get('team')?.count, 1, 'nobody asked to hear of that')
})

test('who wants to hear of other things hears nothing, and long requests are cut', async (t) => {
  const { outbox, fail } = await outboxOf(t, ['team'], ['ready'])
  await fail()
  assert.equal(await outbox.next('team'), null)
  const long = await outboxOf(t)
  await long.fail(80)
  const [request] = (await long.outbox.next('team'))!.notice.requests
  assert.deepEqual([request?.requirements.length, request?.more], [50, 30])
})

test('what is for a hook that is no longer there is dropped, and what ended long ago is forgotten', async (t) => {
  const { outbox, fail, db, now, pass } = await outboxOf(t, ['team', 'gone'])
  await fail()
  const left = createOutbox(db, [{ name: 'team', on: ['failed'] }], now)
  await left.sweep(new Date(now().getTime() - day))
  assert.deepEqual([...(await left.waiting()).keys()], ['team'])
  await outbox.end((await outbox.next('team'))!.id, 'sent')
  pass(2 * day)
  await left.sweep(new Date(now().getTime() - day))
  assert.deepEqual(await db.selectFrom('outbox').selectAll().execute(), [])
})

test('a hook that never takes it is tried with longer and longer waits, for three days and no longer', async (t) => {
  const state = await outboxOf(t)
  await state.fail()
  const tries: number[] = []
  const dropped: object[] = []
  const deliver: Deliver = () => {
    tries.push(state.now().getTime())
    return Promise.reject(new AirlockError('notice-failed', { hook: 'team', reason: 'no' }))
  }
  const log = { ...silent, error: (fields: object) => void dropped.push(fields) }
  const notices = createNotices({ ...state, deliver, log })
  notices.begin()
  await until(() => tries.length === 1)
  for (let count = 1; dropped.length === 0; count++) {
    assert.ok(count < 200, 'it has an end')
    await until(async () => dropped.length > 0 || (await state.outbox.next('team'))?.tries === count)
    const row = await state.outbox.next('team')
    if (!row) break
    state.pass(Date.parse(row.dueAt) - state.now().getTime())
    notices.wake()
    await until(() => tries.length === count + 1)
  }
  await until(() => dropped.length > 0)
  await notices.close()
  const waits = tries.slice(1).map((at, index) => at - tries[index]!)
  assert.deepEqual(waits.slice(0, 4), [2000, 4000, 8000, 16_000])
  assert.equal(Math.max(...waits), 60 * minute)
  assert.ok(tries.at(-1)! - tries[0]! <= 3 * day && tries.at(-1)! - tries[0]! > 2.9 * day)
  assert.deepEqual(await state.outbox.waiting(), new Map())
})

test('what is written while the outbox is read wakes its loop all the same', async (t) => {
  const state = await outboxOf(t)
  const told: string[] = []
  const deliver: Deliver = (_, notice) => Promise.resolve(void told.push(notice.event))
  let asked = 0
  const outbox = {
    ...state.outbox,
    async next(hook: string) {
      const row = await state.outbox.next(hook)
      // after the look, before the rest
      if (asked++ === 0) {
        await state.fail()
        notices.wake()
      }
      return row
    },
  }
  const notices = createNotices({ ...state, outbox, deliver, log: silent as never })
  notices.begin()
  await until(() => told.length === 1)
  await notices.close()
})

test('one hook’s silence is no other’s, and the end waits for none of them', async (t) => {
  const state = await outboxOf(t, ['mute', 'team'])
  await state.fail()
  const told: string[] = []
  const deliver: Deliver = (hook, _, __, signal) => {
    if (hook.name === 'team') return Promise.resolve(void told.push(hook.name))
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  }
  const notices = createNotices({ ...state, deliver, log: silent as never })
  notices.begin()
  await until(() => told.length === 1)
  const began = performance.now()
  await notices.close()
  assert.ok(performance.now() - began < 10_000)
  const [mute] = await notices.list()
  assert.deepEqual([mute?.waiting, mute?.problem], [1, null], 'it is told after the next start, and was not refused')
})
