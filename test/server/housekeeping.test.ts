/** What goes by itself goes, whatever else cannot; and a full disk keeps no server from its start. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Ecosystem } from '../../server/ecosystem.ts'
import { AirlockError } from '../../server/errors.ts'
import { createHousekeeping } from '../../server/housekeeping.ts'
import { temporaryFolder } from '../support/folders.ts'
import { toyAirlock } from '../support/toy.ts'

const steps = ['pages', 'unwanted', 'history', 'expired'] as const

/** One whose parts fail as they are told. */
async function housekeeping(t: TestContext, { fails, publish }: { fails?: string; publish?: () => Promise<number> }) {
  const toy = await toyAirlock(await temporaryFolder(t))
  const [done, said]: [string[], string[]] = [[], []]
  const step = (name: (typeof steps)[number]) => () => {
    done.push(name)
    return name === fails ? Promise.reject(new Error(name)) : Promise.resolve(0)
  }
  async function* indexes() {
    yield [[{ path: 'toy/simple/index.html', bytes: Buffer.from('') }]]
  }
  const ecosystem: Ecosystem = { ...toy.ecosystem, indexes, expire: step('expired') }
  const keep = (_: unknown, words: string) => void said.push(words)
  const { round, atStart } = createHousekeeping({
    ...toy,
    ecosystems: new Map([['toy', ecosystem]]),
    tree: { publish: publish ?? (() => Promise.resolve(0)), remove: () => Promise.resolve() },
    log: { debug: keep, info: keep, warn: keep, error: keep } as never,
    standing: () => [],
    sweepIncoming: () => Promise.resolve([]),
    dropUnwanted: step('unwanted'),
    sweepPages: step('pages'),
    forgetBefore: step('history'),
    keepDays: 30,
  })
  return { round, atStart, done, said }
}

for (const fails of steps) {
  test(`all else goes where ${fails} cannot, and that is said`, async (t) => {
    const { round, done, said } = await housekeeping(t, { fails })
    await round()
    assert.deepEqual(done, steps)
    assert.equal(said.length, 1)
  })
}

test('a start on a full disk makes what it can, says what it cannot, and goes on', async (t) => {
  let tries = 0
  const full = new AirlockError('disk-full', { folder: '/tree', free: 0, needed: 1 })
  const { atStart, said } = await housekeeping(t, { publish: () => (tries++, Promise.reject(full)) })
  await atStart()
  assert.deepEqual([tries, said.length], [2, 2])
})

test('any other disk that refuses at a start is no disk to start on', async (t) => {
  const broken = Object.assign(new Error('EIO'), { code: 'EIO' })
  const { atStart } = await housekeeping(t, { publish: () => Promise.reject(broken) })
  await assert.rejects(atStart(), broken)
})
