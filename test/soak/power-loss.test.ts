/** The power goes at 60 instants spread over requests for pip and apt, on two disks and on one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { powerCuts } from '../e2e/power-cuts.ts'
import { losePower, type Instant } from '../e2e/power.ts'

/** From the ask on in steps, well past the end; then when it is acknowledged and when it is ready, of each ecosystem. */
const instants: readonly Instant[] = (['pip', 'apt'] as const).flatMap((ecosystem) => [
  ...Array.from({ length: 12 }, (_, step) => ({ ecosystem, at: 20 + step * (ecosystem === 'pip' ? 35 : 75) })),
  { ecosystem, at: 'acknowledged' },
  { ecosystem, at: 'ready' },
  { ecosystem, at: 'ready' },
])

for (const disks of ['two', 'one'] as const) {
  const where = disks === 'two' ? 'tree and state on disks of their own' : 'tree and state on one disk'
  test(`power lost at ${instants.length} instants, ${where}: nothing acknowledged is lost, every rerun converges`, async (t) => {
    // side by side in turns, so that each instant falls into both kinds of work
    const half = instants.length / 2
    const mixed = Array.from({ length: half }, (_, at) => [instants[at]!, instants[half + at]!]).flat()
    await losePower(t, { instants: mixed, disks })
    t.diagnostic(`${mixed.length} instants`)
  })
}

for (const { without, cuts, at, seen } of powerCuts) {
  test(`control: without ${without} something is lost`, async (t) => {
    await assert.rejects(losePower(t, { instants: [at], cuts }), seen)
  })
}
