/** kill -9, EIO and ENOSPC at system calls of a request for apt's packages, from the ask to the last index. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Strike } from '../support/strike.ts'
import { startCrashing, startUpstreams } from './crashing.ts'

type Point = Omit<Strike, 'fault'>

const files = (call: string, ...whens: readonly number[]): Point[] =>
  whens.map((when) => ({ thread: 'files', call, when }))
const database = (call: string, ...whens: readonly number[]): Point[] =>
  whens.map((when) => ({ thread: 'database', call, when }))

/** Ten each: fetched files get their names, then those of the pool, by-hash, indexes, Release, and the 13th is InRelease's. */
const points = {
  SIGKILL: [...files('rename', 2, 4, 6, 9, 12, 13), ...files('fsync', 17, 24), ...database('fsync', 4, 6)],
  EIO: [
    ...files('rename', 1, 5, 13),
    ...files('fsync', 1, 8, 15, 23),
    ...files('openat', 30),
    ...database('fsync', 3, 7),
  ],
  ENOSPC: [...files('mkdir', 5, 60), ...files('pwrite64', 1), ...files('openat', 50), ...files('rename', 7, 11)].concat(
    files('fsync', 12),
    database('pwrite64', 20, 60, 115),
  ),
}

describe('a request for packages of apt', { concurrency: 2 }, () => {
  test('refused by EIO and by ENOSPC at ten each, it says so or gets there, and asked again it gets there', async (t) => {
    const crashing = await startCrashing(t, 'apt', await startUpstreams(t, 22))
    for (const fault of ['EIO', 'ENOSPC'] as const) {
      for (const point of points[fault]) {
        const struck = await crashing.meet({ ...point, fault })
        assert.ok(struck?.isOfDisk, JSON.stringify(point))
        assert.match(struck.ended, /^(?:ready|failed|refused)$/, JSON.stringify(struck))
      }
    }
    await crashing.converge()
  })

  test('killed at ten of its system calls, the next start ends ready', async (t) => {
    const crashing = await startCrashing(t, 'apt', await startUpstreams(t, 12))
    for (const point of points.SIGKILL) {
      const struck = await crashing.meet({ ...point, fault: 'SIGKILL' })
      assert.equal(struck?.ended, 'died', JSON.stringify(point))
    }
    await crashing.converge()
  })

  test('proved, it is published even where the folder of its proof cannot be removed', async (t) => {
    const crashing = await startCrashing(t, 'apt', await startUpstreams(t, 4))
    for (const point of [...files('unlink', 3), ...files('rmdir', 1)]) {
      const struck = await crashing.meet({ ...point, since: 'proof', fault: 'EIO' })
      assert.match(struck!.at, /\/state\/work\//)
      assert.equal(struck!.ended, 'ready', JSON.stringify(point))
    }
    await crashing.converge()
  })

  test('control: were InRelease written first, a kill would show what it leads to', async (t) => {
    const cut = {
      file: 'storage/tree.ts',
      from: 'for (const files of given)',
      to: 'for (const files of given.toReversed())',
    }
    const crashing = await startCrashing(t, 'apt', await startUpstreams(t, 2), [cut])
    await assert.rejects(crashing.meet({ thread: 'files', call: 'rename', when: 5, fault: 'SIGKILL' }), /is not there/)
  })
})
