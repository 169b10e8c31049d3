/** Ten minutes of what test/e2e/load.test.ts does for half a minute, and what a job costs meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, median } from '../e2e/load.ts'

const most = 1.5

test(
  'ten minutes of 256 clients: no error, at most 200 MB, nothing left open, and jobs take at most 1.5 times as long',
  { timeout: 1_800_000 },
  async (t) => {
    const seconds = Number(process.env['LOAD_SECONDS'] ?? 600)
    const { seen, peak, left, alone, beside } = await load(t, { seconds, pause: 2000, each: 2, cores: 'apart' })
    const ratio = median(beside) / median(alone)
    t.diagnostic(JSON.stringify({ ...seen, peak, ratio, alone: alone.length, beside: beside.length }))
    assert.deepEqual(seen.errors, [])
    assert.ok(peak <= 200, `${peak} MB`)
    assert.deepEqual(left, [])
    assert.ok(alone.length >= seconds / 20, 'too few jobs to tell')
    assert.ok(ratio <= most, `${ratio}`)
  },
)

test('control: pods and mirror on the core that jobs have are seen in their time', { timeout: 300_000 }, async (t) => {
  const { alone, beside } = await load(t, { seconds: 30, each: 2, cores: 'same' })
  const ratio = median(beside) / median(alone)
  t.diagnostic(`${ratio}`)
  assert.ok(ratio > most, `${ratio}`)
})
