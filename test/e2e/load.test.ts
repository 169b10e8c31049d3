/**
 * The mirror with 256 clients beside running jobs, half a minute of it: no error, bounded memory, nothing left open. How
 * long jobs take beside it is told only: other tests run at the same time; the soak holds it to a figure.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, median } from './load.ts'

test(
  '256 clients, 64 of them downloading, beside jobs: no error, at most 200 MB, nothing left open',
  { timeout: 400_000 },
  async (t) => {
    const { seen, peak, left, alone, beside } = await load(t, { seconds: 30, cores: 'apart' })
    t.diagnostic(
      `${JSON.stringify(seen)}; ${Math.round(peak)} MB; jobs ${median(alone)} ms alone, ${median(beside)} beside`,
    )
    assert.deepEqual(seen.errors, [])
    assert.ok(seen.pages > 1000 && seen.files > 20 && seen.brokenOff > 10, 'it was no load')
    assert.ok(seen.connections <= 256 + seen.brokenOff, 'connections are kept')
    assert.ok(peak <= 200, `${peak} MB`)
    assert.deepEqual(left, [])
  },
)

test(
  'control: a mirror that forgets to close, keeps memory and errs by one byte is seen',
  { timeout: 200_000 },
  async (t) => {
    const sabotaged = { seconds: 4, readers: 16, downloads: 32, jobs: false, preload: ['leaky-mirror.ts'] } as const
    const { seen, peak, left } = await load(t, sabotaged)
    assert.ok(
      seen.errors.some((error) => error.endsWith('wrong bytes at 0')),
      seen.errors.join('\n'),
    )
    assert.ok(peak > 200, `${peak} MB`)
    assert.ok(left.some((one) => one.includes('/pip/pool/')))
  },
)
