/** A clean bookworm becomes a client of Airlock in one line; and the newest pip. The soak has the other shells, suites and pips. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startFilled, wholeRound, withPip } from '../homepod/real.ts'
import { hostPython } from '../support/clients.ts'

const minutes = 60_000
let filled: Awaited<ReturnType<typeof startFilled>>
before(async () => {
  filled = await startFilled()
})
after(() => filled?.close())

for (const how of ['from the folder', 'over HTTP'] as const)
  test(`a clean bookworm, ${how}: set up, installed, told what is missing, undone`, { timeout: 5 * minutes }, (t) =>
    wholeRound(t, filled.airlock, { suite: 'bookworm', shell: 'dash', how }),
  )

test('the newest pip that this machine’s Python takes', { timeout: 3 * minutes }, async (t) => {
  assert.ok(await withPip(t, filled.airlock, hostPython().version.split('.').slice(0, 2).join('.'), null))
})
