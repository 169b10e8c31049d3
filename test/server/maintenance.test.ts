/** What an admin asks for, in the state that a crash left. */
import assert from 'node:assert/strict'
import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ecosystem } from '../../server/ecosystem.ts'
import { createLanes } from '../../server/lanes.ts'
import { createMaintenance } from '../../server/maintenance.ts'
import { poolPath } from '../../storage/layout.ts'
import { createTree } from '../../storage/tree.ts'
import { temporaryFolder } from '../support/folders.ts'
import { toyAirlock } from '../support/toy.ts'

test('a rebuild after a crash past the decision brings the files that its indexes name', async (t) => {
  const root = await temporaryFolder(t)
  let isDown = true
  const airlock = await toyAirlock(root, {
    before(step) {
      if (step === 'publish' && isDown) throw new Error('killed')
    },
  })
  const request = await airlock.ask('a')
  while ((await airlock.requests.get(request.id))!.job.state !== 'publishing') await sleep(5)
  await airlock.stop()
  isDown = false
  const ecosystem: Ecosystem = {
    ...airlock.ecosystem,
    async *indexes(lane) {
      const listed = await airlock.listings.listed(lane)
      yield [
        [{ path: `${lane}/index.html`, bytes: Buffer.from(listed.map(({ artifact }) => artifact.file).join('\n')) }],
      ]
    },
  }
  const { rebuild } = createMaintenance({
    ...airlock,
    ecosystems: new Map([['toy', ecosystem]]),
    tree: createTree(root),
    lanes: createLanes(),
    standing: () => [],
    verify: () => assert.fail('nobody asked for that'),
    stopping: new AbortController().signal,
  })
  await rebuild()
  const [listing] = await airlock.listings.listed('toy/simple')
  assert.equal(await readFile(join(root, 'toy/simple/index.html'), 'utf8'), 'a-1')
  await access(join(root, poolPath('toy', listing!.artifact.sha256, 'a-1')))
})

test('a rebuild goes on where history goes meanwhile: an attempt that nobody refers to has no folder', async (t) => {
  const root = await temporaryFolder(t)
  const airlock = await toyAirlock(root)
  const request = await airlock.settled(await airlock.ask('a'))
  await airlock.requests.retry(request, { requester: null })
  const jobs: typeof airlock.jobs = {
    ...airlock.jobs,
    async ready() {
      const ready = await airlock.jobs.ready()
      assert.equal(await airlock.jobs.forget('2100-01-01T00:00:00.000Z'), 1)
      return ready
    },
  }
  const { rebuild } = createMaintenance({
    ...airlock,
    jobs,
    ecosystems: new Map([['toy', airlock.ecosystem]]),
    tree: createTree(root),
    lanes: createLanes(),
    standing: () => [],
    verify: () => assert.fail('nobody asked for that'),
    stopping: new AbortController().signal,
  })
  assert.deepEqual(await rebuild(), { checked: 0, written: 0, damaged: [], unknown: [] })
})
