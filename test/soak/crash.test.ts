/** kill -9, EIO and ENOSPC at every system call by which a request for pip or apt changes a file, from the ask to the last index. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startCrashing, startUpstreams, type Struck } from '../e2e/crashing.ts'

const calls = {
  files: ['openat', 'mkdir', 'write', 'pwrite64', 'fsync', 'rename', 'chmod', 'fchmod', 'utimensat', 'unlink', 'rmdir'],
  database: ['pwrite64', 'fsync'],
} as const

/** After so many requests the server is stopped and started, and everything that was asked for has to get there. */
const batch = 25
/** Requests for one server; then another one begins, so that the last is not slower than the first. */
const most = 150
/** 1: every one. More is for a look in between. */
const stride = Number(process.env['CRASH_STRIDE'] ?? 1)

/** The calls one after the other, each from the first on, until whoever meets them says that there was no such one any more. */
function* points(): Generator<{ thread: 'files' | 'database'; call: string; when: number; isLast: boolean }> {
  for (const thread of ['files', 'database'] as const) {
    for (const call of calls[thread]) {
      for (let when = 1; ; when += stride) {
        const point = { thread, call, when, isLast: false }
        yield point
        if (point.isLast) break
      }
    }
  }
}

describe('at every system call', { concurrency: 2 }, () => {
  for (const ecosystem of ['pip', 'apt'] as const) {
    for (const fault of ['EIO', 'ENOSPC', 'SIGKILL'] as const) {
      test(`${fault}, ${ecosystem}: no broken link or digest, no false success, every rerun converges`, async (t) => {
        const seen: Struck[] = []
        let crashing = await startCrashing(t, ecosystem, await startUpstreams(t, most + 1))
        let met = 0
        for (const point of points()) {
          if (met === most) {
            await crashing.airlock.stop()
            crashing = await startCrashing(t, ecosystem, await startUpstreams(t, most + 1))
            met = 0
          }
          const struck = await crashing.meet({ ...point, fault })
          if (struck === null) point.isLast = true
          else seen.push(struck)
          if (++met % batch === 0) await crashing.converge()
        }
        await crashing.converge()
        const ofDisk = seen.filter(({ isOfDisk }) => isOfDisk)
        const ended = Map.groupBy(ofDisk, (struck) => struck.ended)
        const counts = Object.fromEntries([...ended].map(([state, all]) => [state, all.length]))
        t.diagnostic(JSON.stringify({ points: ofDisk.length, ...counts, others: seen.length - ofDisk.length }))
        assert.ok(ofDisk.length * stride >= 200, `${ofDisk.length} points`)
        if (fault !== 'SIGKILL') assert.equal(ended.get('died')?.length ?? 0, 0, JSON.stringify(ended.get('died')))
      })
    }
  }
})
