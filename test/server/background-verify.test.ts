/** The look at every byte in the background: where it goes on, what it remembers, how fast it reads. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { poolPath } from '../../storage/layout.ts'
import type { Listing } from '../../storage/records.ts'
import type { Verifying } from '../../storage/verifying.ts'
import { createBackgroundVerify } from '../../server/background-verify.ts'
import { artifact } from '../support/records.ts'

const day = 86_400_000
const files = Array.from({ length: 120 }, (_, at) =>
  artifact(`f${String(at).padStart(3, '0')}-1.0-py3-none-any.whl`, {
    sha256: String(at).padStart(64, '0'),
    size: 1000,
  }),
)
const listed = files.map((one) => ({ lane: 'pip/simple', artifact: one }) as Listing)

/** A pool of 120 files of which some are damaged, and a look at it that is stopped when it is told. */
function look({ damaged = [], state, rate = 1e12, now = 0 }: Partial<Look> = {}) {
  const stop = new AbortController()
  const kept: Verifying[] = []
  const read: string[] = []
  const logged: object[] = []
  let current: Verifying = state ?? { after: null, damaged: [], ended: null }
  let stopAfter = Number.POSITIVE_INFINITY
  const done = Promise.withResolvers<void>()
  const log = { error: (fields: object) => logged.push(fields), info() {}, warn() {}, debug() {} }
  const verify = createBackgroundVerify({
    listings: {
      page: (after, limit) => {
        const from = after === null ? 0 : listed.findIndex((one) => one.artifact.file === after.file) + 1
        return Promise.resolve(listed.slice(from, from + limit))
      },
    },
    isWhole: (one) => {
      read.push(one.file)
      if (read.length >= stopAfter) stop.abort()
      return Promise.resolve(damaged.includes(one.file) ? (one.file.startsWith('f00') ? false : null) : true)
    },
    verifying: {
      get: () => Promise.resolve(current),
      set(next) {
        current = next
        kept.push(next)
        if (next.after === null) done.resolve()
        return Promise.resolve()
      },
    },
    now: () => new Date(now),
    log: log as never,
    rate,
    every: 7,
    stopping: stop.signal,
  })
  return {
    verify,
    kept,
    read,
    logged,
    done: done.promise,
    stop: () => stop.abort(),
    stopAfter: (count: number) => (stopAfter = count),
    state: () => current,
  }
}
type Look = { damaged: string[]; state: Verifying; rate: number; now: number }

test('every listed file is read once a round, and what is damaged or missing is named', async () => {
  const [first, last] = [files[3]!.file, files[119]!.file]
  const it = look({ damaged: [first, last] })
  it.verify.begin()
  await it.done
  it.stop()
  await it.verify.ended()
  assert.deepEqual(
    it.read,
    files.map(({ file }) => file),
  )
  assert.deepEqual(it.verify.last(), { at: new Date(0).toISOString(), damaged: 2 })
  assert.deepEqual(
    it.logged,
    [files[3]!, files[119]!].map((one) => ({ file: poolPath(one.ecosystem, one.sha256, one.file) })),
  )
})

test('a look that was stopped goes on where it was, with what it had found', async () => {
  const before = look({ damaged: [files[3]!.file] })
  before.stopAfter(70)
  before.verify.begin()
  await before.verify.ended()
  assert.equal(before.state().after?.file, files[49]!.file)
  const it = look({ state: before.state() })
  it.verify.begin()
  await it.done
  it.stop()
  assert.equal(it.read[0], files[50]!.file)
  assert.equal(it.verify.last()?.damaged, 1)
})

test('the next round waits for its day', async () => {
  const ended = { at: new Date(10 * day).toISOString(), damaged: 0 }
  const early = look({ state: { after: null, damaged: [], ended }, now: 12 * day })
  early.verify.begin()
  await new Promise((resolve) => setTimeout(resolve, 30))
  early.stop()
  await early.verify.ended()
  assert.deepEqual(early.read, [])
  assert.deepEqual(early.verify.last(), ended)
  const due = look({ state: { after: null, damaged: [], ended }, now: 17 * day })
  due.verify.begin()
  await due.done
  due.stop()
  assert.equal(due.read.length, 120)
})

test('it reads no faster than its rate, and not at all at 0', async () => {
  const slow = look({ rate: 1000 * 120 * 4 })
  const begun = performance.now()
  slow.verify.begin()
  await slow.done
  slow.stop()
  // 120 kB at 480 kB a second: no load can make it quicker than that
  assert.ok(performance.now() - begun >= 240)
  // a file that takes longer than any timer
  const slowest = look({ rate: 1e-7 })
  slowest.verify.begin()
  await sleep(100)
  slowest.stop()
  assert.equal(slowest.read.length, 1)
  const off = look({ rate: 0 })
  off.verify.begin()
  await off.verify.ended()
  assert.deepEqual(off.read, [])
})
