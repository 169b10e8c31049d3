import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createFlights } from '../../server/upstream/flights.ts'
import { createTurns } from '../../server/upstream/turns.ts'
import { never } from './fixture.ts'

test('a flight that has landed is over: the next one flies anew', async () => {
  const flights = createFlights<number>()
  let started = 0
  const start = () => Promise.resolve(++started)
  assert.deepEqual(await Promise.all([flights.join('a', never, start), flights.join('a', never, start)]), [1, 1])
  assert.equal(await flights.join('a', never, start), 2)
})

test('a failure reaches everyone aboard, and nobody later', async () => {
  const flights = createFlights<number>()
  const failing = () => Promise.reject(new Error('no'))
  const [a, b] = await Promise.allSettled([flights.join('a', never, failing), flights.join('a', never, failing)])
  assert.deepEqual([a.status, b.status], ['rejected', 'rejected'])
  assert.equal(await flights.join('a', never, () => Promise.resolve(1)), 1)
})

test('the last to leave waits until the flight has put its things away', async () => {
  const flights = createFlights<never>()
  const { promise, reject } = Promise.withResolvers<never>()
  const leaving = new AbortController()
  let ended = false
  let left = false
  const joined = flights
    .join('a', leaving.signal, (signal) => {
      signal.addEventListener('abort', () => (ended = true))
      return promise
    })
    .catch((error: unknown) => {
      left = true
      return error
    })
  leaving.abort(new Error('changed my mind'))
  await turn()
  assert.deepEqual([ended, left], [true, false])
  reject(new Error('stopped'))
  assert.equal(((await joined) as Error).message, 'changed my mind')
})

test('who comes with an aborted signal does not join', async () => {
  const flights = createFlights<number>()
  const start = () => assert.fail('it flew')
  await assert.rejects(flights.join('a', AbortSignal.abort(new Error('too late')), start), /too late/)
})

test('turns go in order, and who leaves the line is passed over', async () => {
  const turns = createTurns(1)
  const order: string[] = []
  const leaving = new AbortController()
  const done = await turns.turn('a', never)
  const second = turns.turn('a', leaving.signal)
  const third = turns.turn('a', never).then((over) => {
    order.push('third')
    return over()
  })
  const elsewhere = await turns.turn('b', never)
  order.push('elsewhere')
  leaving.abort(new Error('changed my mind'))
  await assert.rejects(second, /changed my mind/)
  done()
  done()
  await third
  elsewhere()
  await turns.turn('a', never)
  assert.deepEqual(order, ['elsewhere', 'third'])
  await assert.rejects(turns.turn('a', AbortSignal.abort(new Error('too late'))), /too late/)
})

test('what is landing is not ended by the last to leave, and may still be joined', async () => {
  const flights = createFlights<number>()
  const { promise, resolve } = Promise.withResolvers<number>()
  const leaving = new AbortController()
  const left = flights.join('a', leaving.signal, (signal, lands) => {
    lands()
    signal.addEventListener('abort', () => assert.fail('it was ended'))
    return promise
  })
  leaving.abort(new Error('seen'))
  await assert.rejects(left, /seen/)
  const joined = flights.join('a', never, () => assert.fail('it flew anew'))
  resolve(7)
  assert.equal(await joined, 7)
})
