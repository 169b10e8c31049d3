/**
 * A server whose disks lose their power at chosen instants while it serves pip and apt. Each instant is looked at alone:
 * what had been acknowledged is on the disks, a server that starts on them gets everything there, and pods can install it.
 */
import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { hasEnded, startAirlock, type Airlock } from '../support/airlock.ts'
import { openDisks, type Disk, type Disks } from '../support/disks.ts'
import { temporaryFolder } from '../support/folders.ts'
import { sabotageOf, type Cut } from '../support/sabotage.ts'
import {
  faultsBetween,
  faultsOf,
  installs,
  isVisible,
  nameOf,
  startUpstreams,
  targetsOf,
  type Ecosystem,
} from './crashing.ts'

/** Of a request that is asked for then: as soon as it is acknowledged, as soon as it is ready, or so many ms after the ask. */
export type Instant = { readonly ecosystem: Ecosystem; readonly at: 'acknowledged' | 'ready' | number }

type Known = { readonly id: number; readonly name: string; readonly ecosystem: Ecosystem; ready: boolean }

/** What was acknowledged before the power was lost, and the images as they were then. */
type Lost = {
  readonly instant: Instant
  readonly known: readonly Known[]
  readonly root: string
  readonly state: string
}

export type PowerOptions = {
  readonly instants: readonly Instant[]
  /** Whether tree and state lie on one disk, where each sync of the one brings the other's names along. */
  readonly disks?: 'one' | 'two'
  readonly cuts?: readonly Cut[]
}

/** Requests that are under way at once. */
const atOnce = 3
/** For one request, in ms: the machine may have other work. */
const patience = 120_000

/** Throws what is wrong after the first instant at which anything is. */
export async function losePower(
  t: TestContext,
  { instants, disks: how = 'two', cuts = [] }: PowerOptions,
): Promise<void> {
  const upstreams = await startUpstreams(t, instants.length + 1)
  const env = { AIRLOCK_MIRROR_LISTEN: 'off', NODE_COMPILE_CACHE: await temporaryFolder(t) }
  const options = {
    env,
    index: upstreams.index.url,
    config: { download: { keepFree: 0 }, targets: targetsOf(upstreams.archive) },
  }
  const disks = await openDisks()
  try {
    const tree = disks.make('root')
    const state = how === 'one' ? tree : disks.make('state')
    const airlock = await startAirlock({
      ...options,
      root: join(tree.folder, 'root'),
      state: join(state.folder, 'state'),
      preload: ['sabotage.ts'],
      env: { ...env, ...sabotageOf(cuts) },
    })
    const lost: Lost[] = []
    try {
      await takeInstants(airlock, instants, { tree, state }, lost)
    } finally {
      await airlock.close()
    }
    const left = lost.values()
    const worker = async () => {
      for (const one of left) await look(t, disks, one, options, nameOf(instants.length))
    }
    const workers = await Promise.allSettled([worker(), worker()])
    for (const ended of workers) if (ended.status === 'rejected') throw ended.reason
  } finally {
    await disks.close()
  }
}

async function takeInstants(
  airlock: Airlock,
  instants: readonly Instant[],
  { tree, state }: { readonly tree: Disk; readonly state: Disk },
  lost: Lost[],
): Promise<void> {
  const known: Known[] = []
  const going: Promise<unknown>[] = []
  for (const [count, instant] of instants.entries()) {
    const { ecosystem, at } = instant
    const name = nameOf(count)
    const asked = airlock.askFor({ ecosystem, requirements: [name] }).then(([request]) => {
      const one = { id: request!.id, name, ecosystem, ready: false }
      known.push(one)
      return one
    })
    const ready = (async () => {
      const one = await asked
      await getsReady(airlock, one.id)
      one.ready = true
    })()
    going.push(ready)
    ready.catch(() => {})
    await (at === 'acknowledged' ? asked : at === 'ready' ? ready : sleep(at))
    const before = known.map((one) => ({ ...one }))
    // no call begins any more: both disks are of one instant
    process.kill(airlock.pid(), 'SIGSTOP')
    try {
      await isStopped(airlock.pid())
      const root = tree.copy()
      lost.push({ instant, known: before, root, state: state === tree ? root : state.copy() })
    } finally {
      process.kill(airlock.pid(), 'SIGCONT')
    }
    // a few at once; in a long line nothing would happen at an instant
    await going.at(-atOnce)
  }
  await Promise.all(going)
}

async function getsReady(airlock: Airlock, id: number): Promise<void> {
  const { state, problem } = await airlock.wait(id, hasEnded, patience)
  assert.equal(state, 'ready', `${JSON.stringify(problem)}\n${airlock.log().slice(-3000)}`)
}

async function isStopped(pid: number): Promise<void> {
  while (!/^State:\tT/m.test(await readFile(`/proc/${pid}/status`, 'utf8'))) await sleep(2)
}

/** On the disks as they were, before a server has touched them and after. */
async function look(
  t: TestContext,
  disks: Disks,
  { instant, known, root: rootImage, state: stateImage }: Lost,
  options: Parameters<typeof startAirlock>[0],
  another: string,
): Promise<void> {
  const when = `power lost at ${instant.ecosystem} ${instant.at}`
  const tree = disks.mount(rootImage)
  const other = stateImage === rootImage ? tree : disks.mount(stateImage)
  const [root, state] = [join(tree, 'root'), join(other, 'state')]
  try {
    const states = await statesIn(state)
    for (const { id, name, ecosystem, ready } of known) {
      assert.ok(states.has(id), `${when}: ${name} was acknowledged and its row is lost`)
      if (!ready) continue
      assert.equal(states.get(id), 'ready', `${when}: ${name} was ready`)
      assert.ok(await isVisible(root, ecosystem, name), `${when}: ${name} was ready and is not visible`)
    }
    assert.deepEqual(await faultsBetween(root, 'p\\d+'), [], when)

    const airlock = await startAirlock({ ...options, root, state })
    try {
      for (const { id } of known) await getsReady(airlock, id)
      for (const ecosystem of ['pip', 'apt'] as const) {
        const [request] = await airlock.askFor({ ecosystem, requirements: [another] })
        await getsReady(airlock, request!.id)
        const names = known.filter((one) => one.ecosystem === ecosystem).map(({ name }) => name)
        await installs(t, airlock, ecosystem, [...names, another])
      }
      assert.deepEqual(await faultsOf(root), [], when)
      const { damaged, unknown } = await airlock.call<{ damaged: []; unknown: [] }>('/api/maintenance/verify', {})
      assert.deepEqual([damaged, unknown], [[], []], when)
    } finally {
      await airlock.close()
    }
  } finally {
    disks.unmount(tree)
    if (other !== tree) disks.unmount(other)
    disks.remove(rootImage)
    if (stateImage !== rootImage) disks.remove(stateImage)
  }
}

/** Request -> its job's state, read from a copy, so that the server finds everything as it was left. */
async function statesIn(state: string): Promise<ReadonlyMap<number, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-rows-'))
  try {
    for (const name of await readdir(state)) {
      if (/^airlock\.db(?:-wal)?$/.test(name)) await copyFile(join(state, name), join(folder, name))
    }
    const db = new Sqlite(join(folder, 'airlock.db'))
    try {
      const tables = db.prepare("SELECT name FROM sqlite_schema WHERE name = 'requests'").all()
      if (tables.length === 0) return new Map()
      const rows = db
        .prepare('SELECT requests.id, jobs.state FROM requests JOIN jobs ON jobs.id = requests.job_id')
        .all()
      return new Map((rows as { id: number; state: string }[]).map((row) => [row.id, row.state]))
    } finally {
      db.close()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
