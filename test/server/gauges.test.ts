/** A folder whose disk is gone has no room, and takes no other figure with it. */
import assert from 'node:assert/strict'
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { addGauges } from '../../server/metrics/gauges.ts'
import { temporaryFolder } from '../support/folders.ts'

test('the figures go on without the folder that cannot be looked at', async (t) => {
  const state = await temporaryFolder(t)
  const root = join(state, 'root')
  await mkdir(root)
  const registry = new Registry()
  addGauges({
    registry,
    requests: { countByState: () => Promise.resolve([]) },
    queue: { depth: () => 3 },
    folders: { root, state },
    mirror: null,
    verified: () => null,
  })
  assert.match(await registry.metrics(), /^airlock_disk_free_bytes\{folder="root"\} [1-9]\d*$/m)
  await rmdir(root)
  const without = await registry.metrics()
  assert.match(without, /^airlock_disk_free_bytes\{folder="state"\} \d+$/m)
  assert.match(without, /^airlock_queue_jobs 3$/m)
  assert.match(without, /^airlock_disk_free_bytes\{folder="root"\} 0$/m)
})
