/**
 * Everything that can be wrong with a .deb, met by a whole request: it fails with the fault's own problem, and what pods
 * saw stays, byte for byte. Then the fault passes: the file is fetched, and some of them once more by a whole request.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importSabotaged, type Cut } from '../support/sabotage.ts'
import { errorOf } from '../upstream/fixture.ts'
import { createClient } from './client.ts'
import type * as airlocks from './airlock.ts'
import { faults, type Fault } from './deb-faults.ts'
import { openDebRoom, type DebRoom } from './deb-room.ts'

/** Throws where the fault, as long as it stays, is not what it should be. */
async function checkStaying(room: DebRoom, index: number, { answers, code, said, passes }: Fault): Promise<void> {
  const asked = room.upstream.requests.length
  if (answers) room.always(index, answers(room.deb(index).bytes)[0]!)
  const problem = await room.ask(index, 'default')
  assert.deepEqual([problem?.code, said.test(problem?.message ?? '')], [code, true], problem?.message ?? 'it is ready')
  assert.ok(await room.isUntouched(index), 'what pods saw stays')
  if (passes !== 'stays') assert.equal(room.has(index), false)
  assert.ok(room.upstream.requests.length - asked < 200)
  assert.ok(process.memoryUsage.rss() < 512 << 20)
}

/** The fault once, and then the .deb. */
async function checkPassing(
  room: DebRoom,
  index: number,
  { name, answers, code, passes, wholly }: Fault,
): Promise<void> {
  const once = answers!(room.deb(index).bytes)
  room.send(index, ...(name === 'a redirect to itself' ? Array.from({ length: 4 }, () => once[0]!) : once))
  if (wholly) {
    const problem = await room.ask(index, 'own')
    assert.equal(problem?.code, passes === 'next' ? code : undefined, problem?.message ?? '')
    if (problem) assert.equal(await room.ask(index, 'own'), null)
  } else {
    if (passes !== 'within') assert.equal((await errorOf(room.fetch(index))).code, code)
    await room.fetch(index)
  }
  assert.ok(room.has(index))
}

test('there are enough faults', () => assert.ok(faults.length >= 40))

// side by side, since some of them wait for a limit to pass
test('a .deb, when the archive has', { concurrency: 3, timeout: 600_000 }, async (t) => {
  const room = await openDebRoom(t, faults)
  const tests = faults.map((fault, index) =>
    t.test(fault.name, async () => {
      await checkStaying(room, index, fault)
      if (fault.passes !== 'stays') await checkPassing(room, index, fault)
    }),
  )
  await Promise.all(tests)

  const client = await createClient(t, room.airlock)
  assert.match(await client.simulate('base'), /^Inst base /m, 'pods can still install what they could')
})

const controls: readonly (readonly [what: string, cut: Cut, fault: string])[] = [
  [
    'a digest that nobody compares',
    { file: 'server/upstream/transfer.ts', from: 'if (found !== sha256)', to: 'if (found === null)' },
    'a .deb with one wrong bit',
  ],
  [
    'a control file that nobody compares with its paragraph',
    { file: 'server/apt/deb.ts', from: 'own.get(name) !== listed.get(name)', to: 'own.get(name) === undefined' },
    'a .deb of another version than its paragraph',
  ],
  [
    'a redirect that nobody judges',
    { file: 'server/upstream/hosts.ts', from: 'if (reason !== null) throw', to: 'if (reason === undefined) throw' },
    'a redirect to this machine',
  ],
]

for (const [what, cut, name] of controls)
  test(`the control: ${what} is found by “${name}”`, async (t) => {
    const fault = faults.find((one) => one.name === name)!
    const rooms = await importSabotaged<typeof airlocks>('test/apt/airlock.ts', [cut])
    const room = await openDebRoom(t, [fault], rooms)
    await assert.rejects(checkStaying(room, 0, fault), assert.AssertionError)
  })
