import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLanes } from '../../server/lanes.ts'

const never = new AbortController().signal

test('work in one lane runs one after the other, in order of arrival; lanes run side by side', async () => {
  const lanes = createLanes()
  const begun: string[] = []
  const first = Promise.withResolvers<void>()
  const work =
    (name: string, until: Promise<void> = Promise.resolve()) =>
    async () => {
      begun.push(name)
      await until
    }
  const ended = [lanes.enter('a', never, work('a1', first.promise)), lanes.enter('a', never, work('a2'))]
  await lanes.enter('b', never, work('b1'))
  assert.deepEqual(begun, ['a1', 'b1'])
  first.resolve()
  await Promise.all(ended)
  assert.deepEqual(begun, ['a1', 'b1', 'a2'])
})

test('what is aborted while it waits leaves the line at once and never begins', async () => {
  const lanes = createLanes()
  const first = Promise.withResolvers<void>()
  const abort = new AbortController()
  const running = lanes.enter('a', never, () => first.promise)
  const waiting = lanes.enter('a', abort.signal, () => assert.fail('it began'))
  abort.abort(new Error('changed my mind'))
  await assert.rejects(waiting, /changed my mind/)
  first.resolve()
  await running
})

test('an aborted signal does not begin', async () => {
  const lanes = createLanes()
  const entering = lanes.enter('a', AbortSignal.abort(new Error('too late')), () => assert.fail('it began'))
  await assert.rejects(entering, /too late/)
})

test('what is aborted while it works keeps the lane until it has put its things away', async () => {
  const lanes = createLanes()
  const abort = new AbortController()
  const told: string[] = []
  const begun = Promise.withResolvers<void>()
  const away = Promise.withResolvers<void>()
  const work = lanes.enter('a', abort.signal, async () => {
    begun.resolve()
    await away.promise
    told.push('put away')
    abort.signal.throwIfAborted()
  })
  const next = lanes.enter('a', never, async () => void told.push('next'))
  const ending = assert.rejects(work, /stop/).then(() => told.push('rejected'))
  await begun.promise
  abort.abort(new Error('stop'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(told, [])
  away.resolve()
  await Promise.all([ending, next])
  assert.equal(told[0], 'put away')
})

test('work that cannot be stopped any more ends as it ends, whoever aborts', async () => {
  const lanes = createLanes()
  const abort = new AbortController()
  const decided = Promise.withResolvers<void>()
  const work = lanes.enter('a', abort.signal, async () => {
    await decided.promise
    return 'published'
  })
  await new Promise((resolve) => setImmediate(resolve))
  abort.abort(new Error('too late'))
  decided.resolve()
  assert.equal(await work, 'published')
})
