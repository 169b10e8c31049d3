/** kill -9 by the kernel's own count: before a sync of the database or of the tree, wherever that falls. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RequestView } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { uvInstall } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { checkTree } from '../support/tree.ts'
import { makeWheel } from '../support/wheels.ts'

type Point = { readonly what: 'database' | 'tree'; readonly when: number }

/** A request makes 9 syncs of the database and some 26 of files and folders: these are spread over them. */
const points: readonly Point[] = [
  ...[2, 5, 7].map((when) => ({ what: 'database', when }) as const),
  ...[11, 16, 21].map((when) => ({ what: 'tree', when }) as const),
]

let index: TestIndex

before(async () => {
  index = await startIndex()
})

after(() => index?.close())

/** Counted by thread: one thread for files makes the count theirs, and the main one syncs fewer than ten times. */
function tracer({ state }: Airlock, { what, when }: Point): readonly string[] {
  // -D: the server stays our child. Not --seccomp-bpf, with which strace 6.1 injects no signals.
  const strace = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync']
  const files = ['airlock.db', 'airlock.db-wal'].flatMap((name) => ['-P', join(state, name)])
  return [...strace, ...(what === 'database' ? files : []), '-e', `inject=fsync:signal=SIGKILL:when=${when}`]
}

async function killAt(all: readonly Point[]): Promise<void> {
  const env = { AIRLOCK_MIRROR_LISTEN: 'off', UV_THREADPOOL_SIZE: '1' }
  const airlock = await startAirlock({ index: index.url, env })
  const ready: string[] = []
  try {
    for (const point of all) {
      const name = `${point.what}-${point.when}`
      index.add(makeWheel({ name, version: '1.0', requires: [`${name}-lib`] }))
      index.add(makeWheel({ name: `${name}-lib`, version: '1.0' }))
      await airlock.stop()
      await airlock.start({ before: tracer(airlock, point) })
      const acknowledged = await airlock.ask(name).catch(() => null)
      assert.equal((await airlock.died()).signal, 'SIGKILL')

      await airlock.start()
      const { requests } = await airlock.call<{ requests: RequestView[] }>(`/api/requests?text=${name}`)
      // one that was never acknowledged may be there or not; one that was is there
      assert.ok(requests.length === 1 || acknowledged === null, name)
      for (const { id } of requests) {
        await airlock.ready(id)
        ready.push(name)
      }
      assert.deepEqual((await checkTree(airlock.root)).faults, [], name)
    }
    const { releases, output } = await uvInstall(['--index-url', airlock.folderUrl, ...ready])
    assert.equal(Object.keys(releases).length, 2 * ready.length, output)
    assert.ok(ready.length >= all.length - 1)
    const { damaged, unknown } = await airlock.call<{ damaged: []; unknown: [] }>('/api/maintenance/verify', {})
    assert.deepEqual([damaged, unknown], [[], []])
  } finally {
    await airlock.close()
  }
}

test(`killed at ${points.length} syncs of the database and of the tree, the next start ends ready`, async () => {
  const halves = [0, 1].map((odd) => killAt(points.filter((_, at) => at % 2 === odd)))
  await Promise.allSettled(halves)
  await Promise.all(halves)
})
