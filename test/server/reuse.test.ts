/** When an answer is given again: for as many hours as is set, a lock's always, and never one that is no longer all here. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Ecosystem, Parsed } from '../../server/ecosystem.ts'
import { kindOf } from '../../server/kind.ts'
import { parseRequirementsFile } from '../../server/pip/requirements-file.ts'
import { requestOf } from '../../server/pip/lock-pins.ts'
import { createReuse } from '../../server/reuse.ts'
import { temporaryFolder } from '../support/folders.ts'
import { artifact, closureOf } from '../support/records.ts'
import { toyAirlock } from '../support/toy.ts'

const hour = 3_600_000
const file = (text: string): Parsed => parseRequirementsFile(text, { constraints: [], isUpstream: () => false })
const lock = requestOf('pylock.toml', [{ name: 'a', version: '1', marker: null, hashes: [`sha256:${'a'.repeat(64)}`] }])

/** Whether what was asked `after` ms ago and made ready is given again. */
async function isGivenAgain(t: TestContext, parsed: Parsed, hours: number, after: number, isHere = true) {
  const toy = await toyAirlock(await temporaryFolder(t))
  const { roots, options } = parsed
  const wanted = { ecosystem: 'toy', targets: ['default'], asked: roots, roots, options }
  const kinds = new Map([['default', kindOf(toy.ecosystem.targets.get('default')!)]])
  const [request] = await toy.requests.add({ ...wanted, kinds, requester: null, note: null })
  const [{ job }, made, lane] = [request!, artifact('a'), 'toy/simple']
  await toy.jobs.keepClosure(job, lane, closureOf(made))
  await toy.jobs.intend(job, { lane, artifacts: [made], neededBy: {}, remarks: [], picked: {} })
  await toy.jobs.finish(job, 'ready')
  const pathOf = () => (isHere ? '/pool' : null)
  const reuse = createReuse({ ...toy, pathOf, hours, now: () => Date.now() + after })
  // as pip says it
  const ecosystem: Ecosystem = { ...toy.ecosystem, exact: (given) => given['locked'] === true }
  return (await reuse(ecosystem, 'default', { roots, options })) === job.id
}

test('an answer is given again for as many hours as is set, and not a moment longer', async (t) => {
  assert.equal(await isGivenAgain(t, file('a'), 24, 23 * hour), true)
  assert.equal(await isGivenAgain(t, file('a'), 24, 25 * hour), false)
  assert.equal(await isGivenAgain(t, file('a'), 24, hour, false), false)
})

test('a pin is solved again like everything else: what it needs may have newer releases', async (t) => {
  assert.equal(await isGivenAgain(t, file('a==1'), 24, 25 * hour), false)
  assert.equal(await isGivenAgain(t, file('a==1'), 0, 1), false)
})

test('a lock has no other answer, so that it is given again at any time', async (t) => {
  assert.equal(await isGivenAgain(t, lock, 0, 25 * hour), true)
  assert.equal(await isGivenAgain(t, lock, 0, 25 * hour, false), false)
})
