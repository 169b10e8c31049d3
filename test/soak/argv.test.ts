/** test/server/argv.test.ts with every listed word in every place, and 100,000 words by chance. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedByChance, startRig } from '../server/argv.ts'
import { temporaryFolder } from '../support/folders.ts'
import { hostileWords } from '../support/hostile-words.ts'

test(
  'no word of the list reaches a child as anything but what it should be, in any place',
  { timeout: 3_600_000 },
  async (t) => {
    const { slots, faults } = await startRig(await temporaryFolder(t))
    for (const { feed } of slots) for (const word of hostileWords) await feed(word)
    assert.deepEqual(faults, [])
  },
)

test('nor does any of 100,000 words by chance', { timeout: 3_600_000 }, async (t) => {
  const rig = await startRig(await temporaryFolder(t))
  await feedByChance(rig, 100_000)
  assert.deepEqual(rig.faults, [])
  t.diagnostic(`${rig.started()} children`)
})
