/**
 * kill -9, EIO and ENOSPC at every system call by which what pip or apt asked for becomes visible, from the decision to the
 * last index; and at some of those of a whole request, from the ask on.
 */
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
/** Of a whole request's calls each so many-th is met; 1 takes half a day. */
const stride = Number(process.env['CRASH_STRIDE'] ?? 12)
const parts = [
  { part: 'a publication', since: 'proof', stride: 1, least: 100 },
  { part: 'a whole request', since: 'ask', stride, least: 200 / stride },
] as const

/** The calls one after the other, each from the first on, until whoever meets them says that there was no such one any more. */
function* points(
  stride: number,
): Generator<{ thread: 'files' | 'database'; call: string; when: number; isLast: boolean }> {
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

for (const { part, since, stride, least } of parts) {
  describe(
    `system calls of ${part}, each ${stride === 1 ? 'one' : `${stride}th`}`,
    { concurrency: 2, timeout: 10_800_000 },
    () => {
      for (const ecosystem of ['pip', 'apt'] as const) {
        for (const fault of ['EIO', 'ENOSPC', 'SIGKILL'] as const) {
          test(
            `${fault}, ${ecosystem}: no broken link or digest, no false success, every rerun converges`,
            { timeout: 10_800_000 },
            async (t) => {
              const seen: Struck[] = []
              let crashing = await startCrashing(t, ecosystem, await startUpstreams(t, most + 1))
              let met = 0
              for (const point of points(stride)) {
                if (met === most) {
                  await crashing.airlock.stop()
                  crashing = await startCrashing(t, ecosystem, await startUpstreams(t, most + 1))
                  met = 0
                }
                const struck = await crashing.meet({ ...point, since, fault })
                if (struck === null) point.isLast = true
                else seen.push(struck)
                if (++met % batch === 0) await crashing.converge()
              }
              await crashing.converge()
              const ofDisk = seen.filter(({ isOfDisk }) => isOfDisk)
              const ended = Map.groupBy(ofDisk, (struck) => struck.ended)
              const counts = Object.fromEntries([...ended].map(([state, all]) => [state, all.length]))
              t.diagnostic(JSON.stringify({ points: ofDisk.length, ...counts, others: seen.length - ofDisk.length }))
              assert.ok(ofDisk.length >= least, `${ofDisk.length} points`)
              if (fault !== 'SIGKILL')
                assert.equal(ended.get('died')?.length ?? 0, 0, JSON.stringify(ended.get('died')))
            },
          )
        }
      }
    },
  )
}
