/** A notice that was taken is not sent again because the state could not be told: whoever reads a chat would see it again and again. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { AirlockError } from '../../server/errors.ts'
import { createNotices } from '../../server/notices/notices.ts'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createJobs } from '../../storage/jobs.ts'
import { createOutbox } from '../../storage/outbox.ts'
import { createRequests } from '../../storage/requests.ts'

const full = new AirlockError('disk-full', { folder: '/state', free: 0, needed: 4096 })

/** One notice, a hook, and a state that refuses so many times to hear that it was taken. */
async function sending(t: TestContext, refusals: number) {
  const db = await openDatabase(':memory:')
  t.after(() => db.destroy())
  const now = () => new Date()
  const hook = { name: 'team', kind: 'slack', url: '', on: ['ready'], language: 'en' } as const
  const outbox = createOutbox(db, [{ ...hook, on: [...hook.on] }], now)
  const events = createEvents(db, outbox.note)
  const wanted = { ecosystem: 'toy', targets: ['default'], asked: ['a'], roots: ['a'], options: {} }
  const [request] = await createRequests(db, events, now).add({ ...wanted, requester: null, note: null })
  await createJobs(db, events, now).finish(request!.job, 'ready')
  const keys: string[] = []
  const ended = Promise.withResolvers<void>()
  const notices = createNotices({
    hooks: [{ ...hook, on: [...hook.on] }],
    outbox: {
      ...outbox,
      async end(id, state) {
        if (refusals-- > 0) throw full
        await outbox.end(id, state)
        ended.resolve()
      },
    },
    deliver: (_hook, _notice, key) => Promise.resolve(void keys.push(key)),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    now,
    firstWait: 1,
  })
  notices.begin()
  const waking = setInterval(notices.wake, 5)
  await ended.promise
  clearInterval(waking)
  await notices.close()
  return keys
}

test('it is sent once, however often the state cannot be told', async (t) => {
  assert.equal((await sending(t, 3)).length, 1)
})
