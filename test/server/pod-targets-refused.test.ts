/** A target that the disk refuses is not there, and can be added once there is room. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ecosystem, Target } from '../../server/ecosystem.ts'
import { createLanes } from '../../server/lanes.ts'
import { createPodTargets } from '../../server/pod-targets.ts'
import { createTargets } from '../../storage/targets.ts'
import { describePod, pythonSections, system } from '../support/description.ts'
import { temporaryFolder } from '../support/folders.ts'
import { toyAirlock } from '../support/toy.ts'

test('nothing is kept of a target whose part of the tree cannot be written', async (t) => {
  const toy = await toyAirlock(await temporaryFolder(t))
  const offered = new Map<string, Target>()
  const ecosystem: Ecosystem = {
    ...toy.ecosystem,
    targets: offered,
    fromPod: (name) => ({ name, lane: `toy/${name}`, summary: '', source: 'a pod’s description', facts: {} }),
    admit: (target) => Promise.resolve(void offered.set(target.name, target)),
    dismiss: (name) => Promise.resolve(void offered.delete(name)),
  }
  let isFull = true
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
  const targets = createTargets(toy.db, () => new Date())
  const podTargets = createPodTargets({
    ...toy,
    ecosystems: new Map([['toy', ecosystem]]),
    targets,
    lanes: createLanes(),
    tree: { publish: () => (isFull ? Promise.reject(full) : Promise.resolve(0)), remove: () => Promise.resolve() },
    standing: () => [],
    stopping: t.signal,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
  const description = describePod(...system, ...pythonSections('/p'))
  const wanted = { name: 'pod', description, python: null, index: 'simple', ecosystems: ['toy'] }
  await assert.rejects(podTargets.add(wanted), full)
  assert.deepEqual([offered.size, await targets.all(), podTargets.addedAt('pod')], [0, [], null])
  isFull = false
  await podTargets.add(wanted)
  assert.deepEqual([offered.size, (await targets.all()).length], [1, 1])
})
