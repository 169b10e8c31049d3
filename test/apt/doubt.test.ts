import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { makeArchiveKey, startArchive, type Archive } from '../support/archive.ts'
import { startAptAirlock } from './airlock.ts'
import { snapshotOf } from './tree.ts'

/** A year ago and so on, as Release says it. */
const when = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString().replace('GMT', 'UTC')

const faults: Record<string, readonly [spoil: (archive: Archive) => Promise<void> | void, said: RegExp]> = {
  'an index with other bytes than its Release says': [
    (archive) => {
      archive.spoil = (path, bytes) =>
        bytes && path.endsWith('Packages.gz')
          ? gzipSync(Buffer.from('Package: evil\nVersion: 1\nArchitecture: all\n'))
          : path.endsWith('Packages')
            ? null
            : bytes
    },
    /File has unexpected size|Hash Sum mismatch/,
  ],
  'an index of the right size with other bytes': [
    (archive) => {
      archive.spoil = (path, bytes) => (bytes && /Packages(\.gz)?$/.test(path) ? flipped(bytes) : bytes)
    },
    /Hash Sum mismatch|File has unexpected size/,
  ],
  'a Release that somebody changed': [
    (archive) => {
      archive.spoil = (path, bytes) =>
        bytes && path.endsWith('InRelease')
          ? Buffer.from(bytes.toString().replace('Label: Test', 'Label: Evil'))
          : bytes
    },
    /BADSIG|The following signatures were invalid/,
  ],
  'a Release signed by somebody else': [
    async (archive) => {
      archive.signedWith = await makeArchiveKey()
      archive.touch()
    },
    /NO_PUBKEY|public key is not available/,
  ],
  'a Release that has expired': [
    (archive) => {
      archive.release = { 'Valid-Until': when(-3600) }
      archive.touch()
    },
    /Release file for .* is expired/,
  ],
  'a Release from the future': [
    (archive) => {
      archive.release = { Date: when(7200) }
      archive.touch()
    },
    /is not valid yet/,
  ],
  'an archive that is gone': [
    (archive) => {
      archive.spoil = () => null
    },
    /no longer has a Release file/,
  ],
  'an archive without a signature': [
    (archive) => {
      archive.spoil = (path, bytes) =>
        path.endsWith('InRelease') ? null : path.endsWith('Release') ? Buffer.from('Suite: stable\n') : bytes
    },
    /is no longer signed/,
  ],
}

for (const [what, [spoil, said]] of Object.entries(faults)) {
  test(`${what} is named with its repository and its cause, and nothing of it becomes visible`, async (t) => {
    const archive = await startArchive()
    t.after(() => archive.close())
    await archive.add({ name: 'aa' }, { name: 'bb' })
    const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources, updateAfter: 0 } } })
    assert.equal((await airlock.ask('aa')).job.state, 'ready')
    const before = await snapshotOf(airlock.root)
    await archive.add({ name: 'bb', version: '2' })
    await spoil(archive)
    const { job } = await airlock.ask('bb')
    assert.equal(job.problem?.code, 'apt-update-failed')
    assert.deepEqual(job.problem.fields['repositories'], [`${archive.url} stable`])
    assert.match(job.problem.message, said)
    assert.deepEqual(await snapshotOf(airlock.root), before)
    archive.spoil = (_, bytes) => bytes
    archive.signedWith = archive.key
    archive.release = {}
    archive.touch()
    assert.equal((await airlock.ask('bb')).job.state, 'ready', 'the archive is well again')
  })
}

test('an archive in the middle of a push is looked at again before anybody hears of it', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa' })
  let pushes = 1
  archive.spoil = (path, bytes) => (bytes && path.endsWith('Packages.gz') && pushes-- > 0 ? flipped(bytes) : bytes)
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources } } })
  const { job } = await airlock.ask('aa')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.ok(pushes < 0)
})

test('an index that is asked for by its digest is kept for good, but not if its bytes were wrong once', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  archive.release = { 'Acquire-By-Hash': 'yes' }
  await archive.add({ name: 'aa' })
  const byHash = (path: string) => path.includes('/by-hash/')
  archive.spoil = (path, bytes) => (bytes && byHash(path) ? flipped(bytes) : bytes)
  const airlock = await startAptAirlock(t, {
    targets: { default: { sources: archive.sources }, other: { sources: archive.sources } },
  })
  assert.equal((await airlock.ask('aa')).job.problem?.code, 'apt-update-failed')
  archive.spoil = (_, bytes) => bytes
  assert.equal((await airlock.ask('aa')).job.state, 'ready')
  const asked = archive.asked.filter(byHash).length
  assert.equal((await airlock.ask('aa', 'other')).job.state, 'ready')
  assert.equal(archive.asked.filter(byHash).length, asked, 'the other target is given what is kept')
})

test('a .deb of the right size with other bytes is refused by its digest', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa' })
  archive.spoil = (path, bytes) => (bytes && path.endsWith('.deb') ? flipped(bytes) : bytes)
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources } } })
  const { job } = await airlock.ask('aa')
  assert.equal(job.problem?.code, 'digest-mismatch')
  assert.deepEqual(await snapshotOf(airlock.root), {})
})

test('a .deb that is another package than the index says is refused', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  const [deb] = await archive.add({ name: 'aa' })
  archive.put({ ...deb!, control: deb!.control.replace('Package: aa', 'Package: bb'), name: 'bb' })
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources } } })
  const { job } = await airlock.ask('bb')
  assert.equal(job.problem?.code, 'artifact-invalid')
  assert.match(job.problem.message, /its package is aa, the archive says bb/)
  assert.deepEqual(await snapshotOf(airlock.root), {})
})

test('an index without SHA-256 is refused by name', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa' })
  archive.digests = false
  archive.touch()
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources } } })
  const { job } = await airlock.ask('aa')
  assert.equal(job.state, 'failed')
  assert.ok(['digest-missing', 'package-not-found'].includes(job.problem!.code), job.problem!.code)
})

test('a third-party repository may need what lies in the main archive', async (t) => {
  const [main, vendor] = await Promise.all([startArchive(), startArchive({ suite: 'vendor' })])
  t.after(() => Promise.all([main.close(), vendor.close()]))
  await main.add({ name: 'libmain', version: '2:1.0-1' })
  await vendor.add({ name: 'driver', depends: 'libmain (>= 2:1.0)' })
  const sources = [main.sources, vendor.sources]
  const airlock = await startAptAirlock(t, { targets: { default: { sources } } })
  const { job } = await airlock.ask('driver')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  const { items } = (await airlock.jobs.closure(job))!
  const origins = Object.fromEntries(items.map(({ artifact }) => [artifact.name, artifact.origin]))
  assert.deepEqual(origins, { driver: new URL(vendor.url).host, libmain: new URL(main.url).host })
})

test('of two archives the one that is in trouble is named', async (t) => {
  const [main, vendor] = await Promise.all([startArchive(), startArchive({ suite: 'vendor' })])
  t.after(() => Promise.all([main.close(), vendor.close()]))
  await main.add({ name: 'aa' })
  vendor.signedWith = await makeArchiveKey()
  const airlock = await startAptAirlock(t, { targets: { default: { sources: [main.sources, vendor.sources] } } })
  const { job } = await airlock.ask('aa')
  assert.deepEqual(job.problem?.fields['repositories'], [`${vendor.url} vendor`])
})

test('an update that fails leaves the snapshot that solves work with whole', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa' }, { name: 'bb' })
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources, updateAfter: 3600 } } })
  await airlock.ask('aa')
  archive.spoil = (path, bytes) => (path.endsWith('InRelease') ? null : bytes)
  const failed = await airlock.settled(await airlock.submit('default', [], { refresh: true }))
  assert.equal(failed.job.problem?.code, 'apt-update-failed')
  const { job } = await airlock.ask('bb')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.match(await readFile(join(airlock.root, 'apt/default/Packages'), 'utf8'), /Package: bb/)
})

/** One byte differs, the size does not. */
function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.length - 1]! ^= 1
  return copy
}
