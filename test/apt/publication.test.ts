import assert from 'node:assert/strict'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { renderPackages } from '../../server/apt/indices.ts'
import { openSigner } from '../../server/apt/sign.ts'
import { publishedStanza } from '../../server/apt/stanza.ts'
import { inTree, poolPath } from '../../storage/layout.ts'
import { startArchive } from '../support/archive.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startAptAirlock, type AptAirlock } from './airlock.ts'
import { createClient } from './client.ts'
import { start, versions } from './moving.ts'
import { snapshotOf } from './tree.ts'

const dateOf = async ({ root }: AptAirlock) =>
  Date.parse(/^Date: (.+)$/m.exec(await readFile(join(root, 'apt/default/Release'), 'utf8'))![1]!)

test('every index can be written again from the state, signatures and times included', async (t) => {
  const { archive, airlock } = await start(t)
  await archive.add({ name: 'aa', depends: 'libaa' }, { name: 'libaa' }, { name: 'bb' })
  await airlock.ask('aa')
  await airlock.ask('bb')
  const before = await snapshotOf(airlock.root)
  const { mtimeMs } = await stat(join(airlock.root, 'apt/default/InRelease'))
  await rm(join(airlock.root, 'apt/default'), { recursive: true })
  for await (const piece of airlock.ecosystem.indexes('apt/default')) await airlock.tree.publish(piece)
  const after = await snapshotOf(airlock.root)
  for (const [path, digest] of Object.entries(after)) assert.equal(digest, before[path], path)
  assert.equal((await stat(join(airlock.root, 'apt/default/InRelease'))).mtimeMs, mtimeMs)
  const lost = Object.keys(before).filter((path) => !(path in after))
  assert.ok(
    lost.every((path) => path.includes('/by-hash/')),
    'only what was superseded',
  )
})

test('Date grows with every publication, whatever the clock does, and never runs ahead', async (t) => {
  let clock = Date.parse('2026-03-01T12:00:00.400Z')
  const { archive, airlock } = await start(t, { updateAfter: 1e9 }, { now: () => new Date(clock) })
  const names = ['aa', 'bb', 'cc', 'dd', 'ee', 'ff', 'gg']
  await archive.add(...names.map((name) => ({ name })))
  await airlock.ask('aa')
  assert.equal(await dateOf(airlock), Date.parse('2026-03-01T12:00:00Z'))
  await airlock.ask('bb')
  assert.equal(await dateOf(airlock), Date.parse('2026-03-01T12:00:01Z'), 'the same second')
  clock -= 2000
  await airlock.ask('cc')
  assert.equal(await dateOf(airlock), Date.parse('2026-03-01T12:00:02Z'), 'a step back')
  clock -= 3_600_000
  const before = await snapshotOf(airlock.root)
  const held = await airlock.submit('default', ['dd'], {})
  while (airlock.queue.waiting(held.job.id)?.code !== 'clock-behind') await setTimeout(10)
  assert.deepEqual(await snapshotOf(airlock.root), before)
  clock += 3_700_000
  assert.equal((await airlock.settled(held)).job.state, 'ready', 'it goes on by itself')
  clock += 1000
  await airlock.ask('ee')
  assert.equal(await dateOf(airlock), Math.floor(clock / 1000) * 1000)
  for (const name of ['InRelease', 'Release', 'Packages', 'Packages.zst'])
    assert.equal((await stat(join(airlock.root, 'apt/default', name))).mtimeMs, Math.floor(clock / 1000) * 1000)
})

test('Date goes on after a restart', async (t) => {
  const clock = Date.parse('2026-03-01T12:00:00Z')
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa' }, { name: 'bb' })
  const folder = await temporaryFolder(t)
  const options = {
    targets: { default: { sources: archive.sources } },
    folder,
    now: () => new Date(clock),
    database: true,
  }
  const first = await startAptAirlock(t, options)
  await first.ask('aa')
  await first.stop()
  const second = await startAptAirlock(t, options)
  await second.ask('bb')
  assert.equal(await dateOf(second), clock + 1000)
})

test('superseded indexes stay a day, files of no repository thirty, then both go and nothing else', async (t) => {
  let days = 0
  const began = Date.now() - 100 * 86_400_000
  const { archive, airlock } = await start(t, { updateAfter: 0 }, { now: () => new Date(began + days * 86_400_000) })
  await archive.add({ name: 'aa', version: '1' }, { name: 'bb' })
  await airlock.ask('aa')
  await archive.add({ name: 'aa', version: '2' })
  days = 1
  await airlock.ask('bb')
  const sweep = async () => {
    const paths: string[] = []
    const gone = await airlock.ecosystem.expire!(async (path) => {
      await rm(inTree(airlock.root, path))
      paths.push(path)
    })
    assert.equal(gone, paths.length)
    return paths
  }
  assert.deepEqual(await sweep(), [])
  days = 2.1
  const indexes = await sweep()
  assert.equal(indexes.length, 3)
  assert.ok(indexes.every((path) => path.startsWith('apt/default/by-hash/SHA256/')))
  days = 30.9
  assert.deepEqual(await sweep(), [])
  days = 31.1
  const [old, ...rest] = await sweep()
  assert.match(old!, /\/aa_1_all\.deb$/)
  assert.deepEqual(rest, [])
  assert.deepEqual(await sweep(), [])
  const client = await createClient(t, airlock)
  for (const name of ['aa', 'bb']) await client.download(name)
})

test('what is asked for again while the sweep comes to it stays, or is brought again', async (t) => {
  let days = 0
  const began = Date.now() - 100 * 86_400_000
  const { archive, airlock } = await start(t, { updateAfter: 0 }, { now: () => new Date(began + days * 86_400_000) })
  const [first] = await archive.add({ name: 'aa', version: '1' })
  await archive.add({ name: 'bb' })
  await airlock.ask('aa')
  await archive.add({ name: 'aa', version: '2' })
  await airlock.ask('bb')
  archive.put(first!)
  days = 40
  // the sweep has read its list, and before it comes to the file somebody asks
  const again: Promise<unknown>[] = []
  await airlock.ecosystem.expire!(async (path) => {
    if (again.length === 0) again.push(airlock.ask('aa=1'))
    await setTimeout(50)
    await airlock.tree.remove(path)
  })
  await Promise.all(again)
  const client = await createClient(t, airlock)
  assert.deepEqual(await versions(airlock), ['aa 1', 'bb 1.0-1'])
  for (const name of ['aa', 'bb']) await client.download(name)
})

for (const [what, lose] of [
  ['has lost', (file: string) => rm(file)],
  ['has a part of', (file: string) => rm(file).then(() => writeFile(file, '!<arch>'))],
] as const)
  for (const updateAfter of [0, 3600])
    test(`a file that the pool ${what} is brought again with the next request that needs it, ${updateAfter ? 'with' : 'without'} a snapshot that is still young`, async (t) => {
      const { archive, airlock } = await start(t, { updateAfter })
      await archive.add({ name: 'aa', depends: 'libaa' }, { name: 'libaa' })
      await airlock.ask('aa')
      const stanza = (await airlock.state.stanzas('apt/default')).find(({ name }) => name === 'libaa')!
      const file = inTree(airlock.root, poolPath('apt', stanza.sha256, stanza.file))
      const bytes = await readFile(file)
      await lose(file)
      assert.equal((await airlock.ask('aa')).job.state, 'ready')
      assert.ok(bytes.equals(await readFile(file)))
      assert.equal((await stat(file)).mode & 0o777, 0o444)
    })

test('what comes back within its days of grace is not swept', async (t) => {
  let days = 0
  const began = Date.now() - 100 * 86_400_000
  const { archive, airlock } = await start(t, {}, { now: () => new Date(began + days * 86_400_000) })
  const [first] = await archive.add({ name: 'aa', version: '1' })
  await archive.add({ name: 'bb' }, { name: 'cc' })
  await airlock.ask('aa')
  days = 1
  await archive.add({ name: 'aa', version: '2' })
  await airlock.ask('bb')
  days = 2
  archive.put(first!)
  await airlock.ask('cc')
  days = 60
  const paths: string[] = []
  await airlock.ecosystem.expire!(async (path) => void paths.push(path))
  assert.deepEqual(
    paths.filter((path) => path.includes('/pool/')).map((path) => path.split('/').at(-1)),
    ['aa_2_all.deb'],
  )
})

test('the three forms of an index hold the same, and the same stanzas give the same bytes', async () => {
  const stanzas = Array.from({ length: 300 }, (_, index) => ({
    file: `p${index}_1_all.deb`,
    name: `p${index}`,
    architecture: 'all',
    version: '1',
    sha256: String(index).padStart(64, '0'),
    size: 1,
    stanza: `Package: p${index}\nFilename: pool/x/${index}.deb\nDescription: ${'é'.repeat(200)}`,
  }))
  const [plain, gzip, zstd] = await renderPackages(stanzas)
  assert.deepEqual(gunzipSync(gzip!.bytes), plain!.bytes)
  assert.deepEqual(zstdDecompressSync(zstd!.bytes), plain!.bytes)
  assert.deepEqual(
    (await renderPackages(stanzas)).map(({ sha256 }) => sha256),
    [plain, gzip, zstd].map((index) => index!.sha256),
  )
  assert.deepEqual(plain!.bytes.toString().split('\n\n').length, 301)
  assert.deepEqual((await renderPackages([]))[0]!.bytes.length, 0)
})

test('only Filename and the phasing change in a paragraph, over several lines too', () => {
  const stanza =
    'Package: a\nPhased-Update-Percentage:\n 10\n more\nFilename: old\nDescription: x\n Filename: not this\n .\n end'
  assert.equal(
    publishedStanza(stanza, 'pool/new'),
    'Package: a\nFilename: pool/new\nDescription: x\n Filename: not this\n .\n end',
  )
})

test('the key is made once, kept from others, and what is no key is refused by name', async (t) => {
  const file = join(await temporaryFolder(t), 'keys/apt.asc')
  const now = () => new Date('2026-01-01T00:00:00Z')
  const first = await openSigner(file, now)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const second = await openSigner(file, now)
  assert.equal(second.publicKey, first.publicKey)
  const date = new Date('2026-02-01T00:00:00Z')
  assert.deepEqual(await first.sign('Suite: x\n', date), await second.sign('Suite: x\n', date))
  await writeFile(file, 'not a key')
  await assert.rejects(openSigner(file, now), { code: 'state-unusable' })
})
