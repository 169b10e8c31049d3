import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Ecosystem } from '../../server/ecosystem.ts'
import { createTryOut } from '../../server/try-out.ts'
import type { Jobs } from '../../storage/jobs.ts'
import type { Job, Remark, State } from '../../storage/records.ts'

type Tried = (job: Job) => Promise<readonly Remark[]>

/** Jobs that are all ready, of an ecosystem whose trying is played; what is said of which, and what is warned of. */
function rig(tryOut: Tried | undefined, { target = 'default', solved = true } = {}) {
  const said: [number, readonly Remark[]][] = []
  const warned: object[] = []
  const stopping = new AbortController()
  const targets = new Map([['default', { name: 'default' }]])
  const ecosystem = { name: 'toy', targets, ...(tryOut && { tryOut }) } as unknown as Ecosystem
  const jobs = {
    get: (id: number) => Promise.resolve(id === 404 ? null : { id, ecosystem: 'toy', target }),
    closure: () => Promise.resolve(solved ? { items: [], remarks: [] } : null),
    remark(job: Job, remarks: readonly Remark[]) {
      said.push([job.id, remarks])
      return Promise.resolve()
    },
  } as unknown as Jobs
  const log = { debug() {}, info() {}, error() {}, warn: (fields: object) => void warned.push(fields) }
  const made = createTryOut({
    ecosystems: new Map([['toy', ecosystem]]),
    jobs,
    log,
    stopping: stopping.signal,
  })
  const tell = (job: number, state: State = 'ready') => made.on({ id: job, job, state, at: '' })
  /** Until everything that was told has been dealt with. */
  const settle = async () => {
    for (let n = 0; n < 50; n++) await turn()
  }
  return { ...made, tell, settle, said, warned, stopping }
}

const remark: Remark = { code: 'imports', fields: {} }

test('what is ready is tried and what is found is kept; no other state is', async () => {
  const { tell, settle, said } = rig(() => Promise.resolve([remark]))
  for (const state of ['queued', 'publishing', 'failed', 'cancelled'] as const) tell(1, state)
  tell(2)
  await settle()
  assert.deepEqual(said, [[2, [remark]]])
})

test('one after the other', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const begun: number[] = []
  const { tell, settle, said } = rig(async ({ id }) => {
    begun.push(id)
    await gate
    return [remark]
  })
  for (const id of [1, 2, 3]) tell(id)
  await settle()
  assert.deepEqual([begun, said], [[1], []])
  open()
  await settle()
  assert.deepEqual(
    [begun, said.map(([id]) => id)],
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
  )
})

test('a trial that fails is warned of, and the next one goes on', async () => {
  const { tell, settle, said, warned } = rig(({ id }) =>
    id === 1 ? Promise.reject(new Error('no room')) : Promise.resolve([remark]),
  )
  tell(1)
  tell(2)
  await settle()
  assert.deepEqual(
    said.map(([id]) => id),
    [2],
  )
  assert.equal(warned.length, 1)
  assert.partialDeepStrictEqual(warned[0], { job: 1 })
})

test('nothing found is nothing said; nor of what is gone, was not solved, or cannot be tried', async () => {
  const all = [
    rig(() => Promise.resolve([])),
    rig(undefined),
    rig(() => Promise.resolve([remark]), { target: 'removed' }),
    rig(() => Promise.resolve([remark]), { solved: false }),
  ]
  for (const { tell } of all) for (const id of [1, 404]) tell(id)
  for (const { settle, said, warned } of all) {
    await settle()
    assert.deepEqual([said, warned], [[], []])
  }
})

test('a flood is forgotten beyond what anybody would wait for', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const { tell, settle, said } = rig(async () => {
    await gate
    return [remark]
  })
  for (let id = 1; id <= 500; id++) tell(id)
  open()
  for (let n = 0; n < 20; n++) await settle()
  assert.equal(said.length, 101)
})

test('the end lets those go that wait, warns of nothing, and waits for the one under way', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const begun: number[] = []
  const { tell, settle, end, said, warned, stopping } = rig(async ({ id }) => {
    begun.push(id)
    await gate
    throw new Error('stopped')
  })
  tell(1)
  tell(2)
  await settle()
  stopping.abort()
  let ended = false
  const ending = end().then(() => (ended = true))
  await settle()
  assert.equal(ended, false)
  open()
  await ending
  assert.deepEqual([begun, said, warned], [[1], [], []])
})
