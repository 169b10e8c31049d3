import assert from 'node:assert/strict'
import { test } from 'node:test'
import { race } from './race.ts'

test('apt-get update never fails while generations change under it', async (t) => {
  const { failures, generations, seen } = await race(t, { updates: 200, clients: 4, interval: 50, keepsOld: true })
  t.diagnostic(`${generations} generations, seen at the end: ${seen.map((one) => one.seen).join(', ')}`)
  assert.deepEqual(failures, [])
  assert.ok(generations > 50)
  for (const one of seen) assert.ok(one.seen >= one.atLeast, `${one.seen} is stale: ${one.atLeast} was there`)
})

test('the control: without the superseded index files it fails', async (t) => {
  const { failures } = await race(t, { updates: 24, clients: 4, interval: 20, keepsOld: false })
  t.diagnostic(`${failures.length} of 24 failed`)
  assert.ok(failures.length > 0)
})
