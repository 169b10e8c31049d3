/** kill -9, EIO and ENOSPC at every system call by which a request for pip or apt changes a file, from the ask to the last index. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startCrashing, startUpstreams, type Struck } from '../e2e/crashing.ts'

const calls = {
  files: ['openat', 'mkdir', 'write', 'pwrite64', 'fsync', 'rename', 'chmod', 'fchmod', 'utimensat', 'unlink', 'rmdir'],
  database: ['pwrite64', 'fsync'],
} as const

/** After so many the server is stopped and started, and everything that was asked for has to get there. */
const batch = 25
/** Of one call, more than a request makes. */
const most = 180
/** 1: every one. More is for a look in between. */
const stride = Number(process.env['CRASH_STRIDE'] ?? 1)

describe('at every system call', { concurrency: 2 }, () => {
  for (const ecosystem of ['pip', 'apt'] as const) {
    for (const fault of ['EIO', 'ENOSPC', 'SIGKILL'] as const) {
      test(`${fault}, ${ecosystem}: no broken link or digest, no false success, every rerun converges`, async (t) => {
        const seen: Struck[] = []
        for (const thread of ['files', 'database'] as const) {
          for (const call of calls[thread]) {
            const crashing = await startCrashing(t, ecosystem, await startUpstreams(t, most / stride + 2))
            for (let when = 1; ; when += stride) {
              const struck = await crashing.meet({ thread, call, fault, when })
              if (struck === null) break
              seen.push(struck)
              if (when % batch === 0) await crashing.converge()
            }
            await crashing.converge()
            await crashing.airlock.stop()
          }
        }
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
