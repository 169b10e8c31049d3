/** The power goes at five instants: whatever was acknowledged is on the disks, and the next start gets the rest there. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { losePower } from './power.ts'
import { powerCuts } from './power-cuts.ts'

describe('loss of power', { concurrency: 2 }, () => {
  test('at five instants of requests for pip and apt: no acknowledged row or file is lost, and every rerun converges', async (t) => {
    await losePower(t, {
      instants: [
        { ecosystem: 'pip', at: 'acknowledged' },
        { ecosystem: 'apt', at: 'ready' },
        { ecosystem: 'pip', at: 150 },
        { ecosystem: 'apt', at: 400 },
        { ecosystem: 'pip', at: 'ready' },
      ],
    })
  })

  // the others are in the soak
  for (const { without, cuts, at, seen } of powerCuts.slice(0, 2)) {
    test(`control: without ${without} something is lost`, async (t) => {
      await assert.rejects(losePower(t, { instants: [at], cuts }), seen)
    })
  }
})
