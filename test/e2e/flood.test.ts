/** Many requests at once and a kill in the midst; one small request among large ones. The soak has a thousand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beFair, distinctJobs, flood } from './flood.ts'

test(
  '40 requests at once and a kill: none is lost, none done twice, no file fetched again',
  { timeout: 400_000 },
  async (t) => {
    const { requests, jobs, ...wrong } = await flood(t, { requests: 40, kills: 1, patience: 60 })
    assert.equal(requests, 40)
    assert.equal(jobs, distinctJobs(40))
    assert.deepEqual(wrong, { lost: [], twice: [], refetched: [], tree: [], left: [], alsoThere: 0 })
  },
)

test('control: requests that are not resumed are seen', { timeout: 120_000 }, async (t) => {
  const cuts = [{ file: 'server/queue.ts', from: 'for (const job of others) submit(job)', to: '' }]
  const { lost } = await flood(t, { requests: 10, kills: 1, patience: 5, cuts })
  assert.ok(lost.length > 0)
})

test(
  'control: identical requests that do not meet, files that nobody looks for are seen',
  { timeout: 120_000 },
  async (t) => {
    const cuts = [
      { file: 'storage/requests.ts', from: "filter((state) => state !== 'publishing')", to: 'filter(() => false)' },
      {
        file: 'server/upstream/download.ts',
        from: 'const { artifact } = wanted\n',
        to: `const { artifact } = wanted
          const again = flights.join(artifact.sha256, signal, (shared, lands) => depart(artifact, shared, lands))
          const errand = flying.get(artifact.sha256)
          if (errand) line.add(errand)
          await again\n`,
      },
    ]
    const { jobs, refetched } = await flood(t, { requests: 20, kills: 0, patience: 30, cuts })
    assert.ok(jobs > distinctJobs(20))
    assert.ok(refetched.length > 0)
  },
)

test('a small request is ready before the large ones that were asked for earlier', { timeout: 120_000 }, async (t) => {
  assert.equal(await beFair(t, { large: 3, files: 60, pace: 400 }), 0)
})

test(
  'control: where files are fetched in the order of arrival, the small request waits',
  { timeout: 120_000 },
  async (t) => {
    const cuts = [{ file: 'server/upstream/slots.ts', from: 'turn = (turn + 1) % lines.length', to: 'turn = tried' }]
    assert.ok((await beFair(t, { large: 3, files: 30, cuts })) > 0)
  },
)
