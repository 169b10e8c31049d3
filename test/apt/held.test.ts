import assert from 'node:assert/strict'
import { test } from 'node:test'
import { held, start, versions } from './moving.ts'
import { snapshotOf } from './tree.ts'

test('a pin that has vanished upstream is held with its reason, its neighbours are not', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add({ name: 'aa', version: '1' }, { name: 'bb', version: '1' })
  const pinned = await airlock.ask('aa=1')
  await airlock.ask('bb')
  await archive.add({ name: 'aa', version: '2' }, { name: 'bb', version: '2' }, { name: 'cc' })
  const { job } = await airlock.ask('cc')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.deepEqual(await held(airlock), ['aa=1'])
  assert.deepEqual(await versions(airlock), ['bb 2', 'cc 1.0-1'])
  assert.equal((await airlock.settled(pinned)).job.state, 'ready')
  const [notice] = await airlock.ecosystem.notices!(pinned.job)
  assert.equal(notice?.code, 'root-held')
  assert.match(JSON.stringify(notice?.fields['reason']), /aa has no version 1 on default/)
})

test('a held root stands again when the archive allows it', async (t) => {
  const { archive, airlock } = await start(t)
  const old = await archive.add({ name: 'aa', version: '1' })
  await archive.add({ name: 'bb' })
  await airlock.ask('aa=1')
  await archive.add({ name: 'aa', version: '2' })
  await airlock.ask('bb')
  assert.deepEqual(await held(airlock), ['aa=1'])
  archive.put(old[0]!)
  await airlock.settled(await airlock.submit('default', [], { refresh: true }))
  assert.deepEqual(await held(airlock), [])
  assert.deepEqual(await versions(airlock), ['aa 1', 'bb 1.0-1'])
})

test('of a conflicting pair the later request fails with apt’s words and the earlier one stays', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add(
    { name: 'exim', conflicts: 'mta', provides: 'mta' },
    { name: 'postfix', conflicts: 'mta', provides: 'mta' },
  )
  assert.equal((await airlock.ask('exim')).job.state, 'ready')
  const before = await snapshotOf(airlock.root)
  const { job } = await airlock.ask('postfix')
  assert.equal(job.problem?.code, 'apt-conflict')
  assert.match(job.problem.message, /exim : Conflicts: mta|postfix : Conflicts: mta/)
  assert.deepEqual(await snapshotOf(airlock.root), before)
})

test('of two roots that come to conflict the later one is held, and its request stays ready', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add({ name: 'one' }, { name: 'two' }, { name: 'three' })
  await airlock.ask('one')
  const later = await airlock.ask('two')
  await archive.add({ name: 'one', version: '2', conflicts: 'two' }, { name: 'two', version: '2' })
  assert.equal((await airlock.ask('three')).job.state, 'ready')
  assert.deepEqual(await held(airlock), ['two'])
  const [notice] = await airlock.ecosystem.notices!(later.job)
  assert.match(JSON.stringify(notice?.fields['explanation']), /one : Conflicts: two/)
  assert.deepEqual(await versions(airlock), ['one 2', 'three 1.0-1'])
})

test('another version of a package that is asked for already is a conflict, not apt’s silent choice', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add({ name: 'aa', version: '1' })
  await archive.addBeside({ name: 'aa', version: '2' })
  assert.equal((await airlock.ask('aa=1')).job.state, 'ready')
  const { job } = await airlock.ask('aa=2')
  assert.equal(job.problem?.code, 'apt-conflict')
  assert.match(job.problem.message, /aa=1 was asked for earlier/)
  assert.equal((await airlock.ask('aa')).job.state, 'ready', 'without a version it is met by the pin')
  assert.deepEqual(await versions(airlock), ['aa 1'])
})

test('of two that conflict and come at once one is ready, the other fails', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add({ name: 'one', conflicts: 'two' }, { name: 'two' })
  const ended = await Promise.all(['one', 'two'].map((name) => airlock.ask(name)))
  assert.deepEqual(ended.map(({ job }) => job.state).toSorted(), ['failed', 'ready'])
  assert.equal(ended.find(({ job }) => job.state === 'failed')?.job.problem?.code, 'apt-conflict')
})

test('an admin can withdraw a root: what only it needed goes, the rest stays', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add(
    { name: 'aa', depends: 'libaa, common' },
    { name: 'libaa' },
    { name: 'common' },
    { name: 'bb', depends: 'common' },
  )
  await airlock.ask('aa')
  await airlock.ask('bb')
  const target = airlock.targets.get('default')!
  const { roots, options } = await airlock.ecosystem.withdrawal!(['aa'], target)
  const { job } = await airlock.settled(await airlock.submit('default', roots, options))
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.deepEqual(await versions(airlock), ['bb 1.0-1', 'common 1.0-1'])
  assert.deepEqual((await airlock.listings.names('apt/default')).toSorted(), ['bb', 'common'])
  await assert.rejects(airlock.ecosystem.withdrawal!(['aa'], target), { code: 'apt-root-unknown' })
})

test('what was held for a conflict stands again when the other is withdrawn', async (t) => {
  const { archive, airlock } = await start(t, { updateAfter: 3600 })
  await archive.add({ name: 'one' }, { name: 'two' }, { name: 'three' })
  await airlock.ask('one')
  await airlock.ask('two')
  await archive.add({ name: 'one', version: '2', conflicts: 'two' })
  await airlock.ask('three', 'default', { refresh: true })
  assert.deepEqual(await held(airlock), ['two'])
  const { roots, options } = await airlock.ecosystem.withdrawal!(['one'], airlock.targets.get('default')!)
  await airlock.settled(await airlock.submit('default', roots, options))
  assert.deepEqual(await held(airlock), [])
  assert.deepEqual(await versions(airlock), ['three 1.0-1', 'two 1.0-1'])
})
