/** test/e2e/flood.test.ts with a thousand requests and three kills. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distinctJobs, flood } from '../e2e/flood.ts'

test(
  '1,000 requests at once and three kills: none is lost, none done twice, no file fetched again',
  { timeout: 3_600_000 },
  async (t) => {
    const { requests, jobs, ...wrong } = await flood(t, { requests: 1000, kills: 3, patience: 120 })
    assert.equal(requests, 1000)
    assert.equal(jobs, distinctJobs(1000))
    assert.deepEqual(wrong, { lost: [], twice: [], refetched: [], tree: [], left: [], alsoThere: 0 })
  },
)
