import assert from 'node:assert/strict'
import { readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { AptAirlock } from './airlock.ts'
import { createClient } from './client.ts'
import { start, versions } from './moving.ts'
import { snapshotOf } from './tree.ts'

test('a repository does not rot when the archive moves between two requests', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add(
    { name: 'libssl-dev', version: '3.0.1', depends: 'libssl3 (= 3.0.1)' },
    { name: 'libssl3', version: '3.0.1' },
  )
  assert.equal((await airlock.ask('libssl-dev')).job.state, 'ready')
  archive.remove('libssl-dev')
  archive.remove('libssl3')
  await archive.add(
    { name: 'libssl-dev', version: '3.0.2', depends: 'libssl3 (= 3.0.2)' },
    { name: 'libssl3', version: '3.0.2' },
    { name: 'curl', depends: 'libssl3 (>= 3.0.2)' },
  )
  const { job } = await airlock.ask('curl')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.deepEqual(await versions(airlock), ['curl 1.0-1', 'libssl-dev 3.0.2', 'libssl3 3.0.2'])
  const { items } = (await airlock.jobs.closure(job))!
  assert.deepEqual(
    items.map(({ artifact, isRoot, isNew, neededBy }) => [artifact.name, isRoot, isNew, neededBy]),
    [
      ['curl', true, true, []],
      // an update of what is here, for nobody of this request
      ['libssl-dev', false, true, []],
      ['libssl3', false, true, ['curl', 'libssl-dev']],
    ],
  )
  const client = await createClient(t, airlock)
  for (const root of ['libssl-dev', 'curl'])
    assert.match(await client.simulate(root), new RegExp(`^Inst ${root} `, 'm'))
})

test('the control of the rot test: a repository that only accretes does rot', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add(
    { name: 'libssl-dev', version: '3.0.1', depends: 'libssl3 (= 3.0.1)' },
    { name: 'libssl3', version: '3.0.1' },
    { name: 'libssl-dev-new', version: '3.0.2' },
  )
  await archive.addBeside({ name: 'libssl3', version: '3.0.2' })
  const client = await createClient(t, airlock, archive.sources)
  await assert.rejects(
    client.simulate('libssl-dev'),
    /libssl-dev : Depends: libssl3 \(= 3\.0\.1\) but 3\.0\.2 is to be installed/,
  )
})

test('requests that come at once on one target are all ready and all installable', async (t) => {
  const { archive, airlock } = await start(t)
  const names = ['p', 'q', 'r', 's'].map((letter) => `${letter}${letter}`)
  await archive.add(
    ...names.map((name) => ({ name, depends: `lib${name}` })),
    ...names.map((name) => ({ name: `lib${name}` })),
  )
  const ended = await Promise.all(names.map((name) => airlock.ask(name)))
  assert.deepEqual(
    ended.map(({ job }) => job.problem?.message ?? job.state),
    names.map(() => 'ready'),
  )
  const client = await createClient(t, airlock)
  for (const name of names) assert.match(await client.simulate(name), new RegExp(`^Inst ${name} `, 'm'))
})

test('requests that wait for the lane are taken along by the one in it, each with its own closure', async (t) => {
  const { archive, airlock } = await startTogether(t, 4)
  const names = ['pp', 'qq', 'rr', 'ss', 'tt']
  await archive.add(...names.flatMap((name) => [{ name, depends: `lib${name}` }, { name: `lib${name}` }]))
  const ended = await Promise.all(names.map((name) => airlock.ask(name)))
  assert.deepEqual(
    ended.map(({ job }) => job.problem?.message ?? job.state),
    names.map(() => 'ready'),
  )
  for (const { job } of ended) {
    const [root] = job.roots
    const { items } = (await airlock.jobs.closure(job))!
    assert.deepEqual(items.map(({ artifact }) => artifact.name).toSorted(), [`lib${root}`, root])
    assert.equal(job.proved?.[root!], '1.0-1')
  }
  assert.equal(await publications(airlock), 2, 'one alone, four together')
})

test('one that cannot join does not keep the others from it', async (t) => {
  const { archive, airlock } = await startTogether(t, 3)
  await archive.add({ name: 'one' }, { name: 'two' }, { name: 'three', conflicts: 'two' }, { name: 'four' })
  const ended = await Promise.all(['one', 'two', 'three', 'four'].map((name) => airlock.ask(name)))
  const states = Object.fromEntries(ended.map(({ job }) => [job.roots[0], job.problem?.code ?? job.state]))
  const pair = new Set([states['two'], states['three']])
  assert.deepEqual([states['one'], states['four'], pair], ['ready', 'ready', new Set(['apt-conflict', 'ready'])])
})

test('one that is cancelled while another takes it along leaves no root behind', async (t) => {
  const { archive, airlock } = await startTogether(t, 2, async (airlock) => {
    const guest = (await airlock.jobs.unfinished()).find(({ state }) => state === 'downloading')
    await airlock.queue.cancel(guest!.id)
  })
  await archive.add({ name: 'one' }, { name: 'two' }, { name: 'three' }, { name: 'four' })
  const ended = await Promise.all(['one', 'two', 'three'].map((name) => airlock.ask(name)))
  const states = ended.map(({ job }) => job.state)
  assert.deepEqual(states.toSorted(), ['cancelled', 'ready', 'ready'])
  const wanted = ended.filter(({ job }) => job.state === 'ready').flatMap(({ job }) => job.roots)
  const roots = (await airlock.state.roots('apt/default')).map(({ root }) => root)
  assert.deepEqual(roots.toSorted(), wanted.toSorted())
  await airlock.ask('four')
  const here = (await versions(airlock)).map((line) => line.split(' ')[0])
  assert.deepEqual(here, [...wanted, 'four'].toSorted())
})

test('a proof that fails leaves every published byte and root as it was', async (t) => {
  let fails = false
  const { archive, airlock } = await start(
    t,
    {},
    {
      wrap: (ecosystem) => ({
        ...ecosystem,
        // the package that a dependency needs is lost on the way to the stage
        stage: async (job, target, closure, signal) => {
          const stage = await ecosystem.stage(job, target, closure, signal)
          if (fails) await spoilStage(stage as never)
          return stage
        },
      }),
    },
  )
  await archive.add({ name: 'aa', depends: 'libaa' }, { name: 'libaa' }, { name: 'bb' })
  await airlock.ask('bb')
  const before = await snapshotOf(airlock.root)
  fails = true
  const { job } = await airlock.ask('aa')
  assert.equal(job.problem?.code, 'proof-failed')
  assert.deepEqual(await snapshotOf(airlock.root), before)
  assert.deepEqual(
    (await airlock.state.roots('apt/default')).map(({ root }) => root),
    ['bb'],
  )
  fails = false
  assert.equal((await airlock.ask('aa')).job.state, 'ready')
})

test('a .deb that has vanished upstream makes Airlock look again, once', async (t) => {
  const { archive, airlock } = await start(t, { updateAfter: 3600 })
  await archive.add({ name: 'aa', version: '1' }, { name: 'bb' })
  await airlock.ask('bb')
  await archive.add({ name: 'aa', version: '2' })
  const { job } = await airlock.ask('aa')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.deepEqual(await versions(airlock), ['aa 2', 'bb 1.0-1'])
})

test('a .deb that stays away ends the request with the file’s name, after a second look', async (t) => {
  const { archive, airlock } = await start(t, { updateAfter: 3600 })
  await archive.add({ name: 'aa' })
  archive.spoil = (path, bytes) => (path.endsWith('.deb') ? null : bytes)
  const { job } = await airlock.ask('aa')
  assert.equal(job.state, 'failed')
  assert.equal(job.problem?.code, 'upstream-status')
  assert.match(job.problem.message, /404.*aa_1\.0-1_all\.deb/)
  assert.equal(archive.asked.filter((path) => path.endsWith('InRelease')).length, 2)
})

test('the same version with other bytes is refused, whatever happened in between', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add({ name: 'aa', files: { 'usr/share/a': 'one' } }, { name: 'bb' })
  await airlock.ask('aa')
  await archive.add({ name: 'aa', files: { 'usr/share/a': 'two' } })
  const before = await snapshotOf(airlock.root)
  const { job } = await airlock.ask('bb')
  assert.equal(job.problem?.code, 'digest-changed')
  assert.deepEqual(await snapshotOf(airlock.root), before)
})

/** Empties the staged index as a broken disk might: the signature no longer fits. */
async function spoilStage(stage: { folder: string }): Promise<void> {
  await truncate(join(stage.folder, 'tree/apt/default/Packages'), 0)
  for (const name of ['Packages.gz', 'Packages.zst']) await truncate(join(stage.folder, 'tree/apt/default', name), 0)
  await rm(join(stage.folder, 'tree/apt/default/by-hash'), { recursive: true })
}

/** The first job waits in the lane until so many others have fetched what they need; `staged` runs once those that join are staged. */
async function startTogether(
  t: TestContext,
  others: number,
  staged: (airlock: AptAirlock) => Promise<void> = async () => {},
) {
  let stages = 0
  const started = await start(
    t,
    { updateAfter: 3600 },
    {
      wrap: (ecosystem) => ({
        ...ecosystem,
        stage: async (...args) => {
          const at = stages++
          if (at === 0) await untilWaiting(started.airlock, others)
          const stage = await ecosystem.stage(...args)
          if (at === 1) await staged(started.airlock)
          return stage
        },
      }),
    },
  )
  return started
}

/** Resolves when so many jobs have fetched everything and wait for the lane. */
async function untilWaiting({ jobs, downloads }: AptAirlock, count: number): Promise<void> {
  for (;;) {
    const others = (await jobs.unfinished()).filter(({ state }) => state === 'downloading')
    const closures = await Promise.all(others.map((job) => jobs.closure(job)))
    const whole = closures.filter((closure) => closure?.items.every(({ artifact }) => downloads.has(artifact)))
    if (whole.length >= count) return
    await setTimeout(10)
  }
}

/** How often the index changed: each time leaves three files by hash. */
async function publications({ root }: AptAirlock): Promise<number> {
  return (await readdir(join(root, 'apt/default/by-hash/SHA256'))).length / 3
}
