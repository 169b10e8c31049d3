import assert from 'node:assert/strict'
import { test } from 'node:test'
import { race } from '../apt/race.ts'

test('3,000 updates beside a repository that changes every 50 ms: none fails', { timeout: 3_600_000 }, async (t) => {
  const { failures, generations } = await race(t, { updates: 3000, clients: 4, interval: 50, keepsOld: true })
  t.diagnostic(`${generations} generations went by`)
  assert.deepEqual(failures, [])
})
