import assert from 'node:assert/strict'
import { mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AptHost } from '../../server/apt/host.ts'
import { startArchive } from '../support/archive.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startAptAirlock } from './airlock.ts'
import { createClient } from './client.ts'
import { start, versions } from './moving.ts'

const installed = (...packages: readonly (readonly [name: string, version: string, more?: string])[]) =>
  packages
    .map(
      ([name, version, more = '']) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n${more}Description: x\n`,
    )
    .join('\n')

test('what the image has is left out of its solve, and said to be there', async (t) => {
  const { archive, airlock } = await start(t, {
    status: installed(['libaa', '1.0-1'], ['tool', '1.0-1']),
    complete: false,
  })
  const amd64 = { architecture: 'amd64' }
  await archive.add({ name: 'aa', depends: 'libaa' }, { name: 'libaa', ...amd64 }, { name: 'tool', ...amd64 })
  await airlock.ask('aa')
  assert.deepEqual(await versions(airlock), ['aa 1.0-1'])
  const { job } = await airlock.ask('tool')
  assert.equal(job.state, 'ready')
  assert.deepEqual(job.remarks, [
    { code: 'root-installed', fields: { root: 'tool', target: 'default', version: '1.0-1' } },
  ])
  assert.deepEqual(await versions(airlock), ['aa 1.0-1'])
})

test('a complete target also has what a bare pod needs', async (t) => {
  const { archive, airlock } = await start(t, { status: installed(['libaa', '1.0-1']) })
  await archive.add({ name: 'aa', depends: 'libaa' }, { name: 'libaa', architecture: 'amd64' })
  await airlock.ask('aa')
  assert.deepEqual(await versions(airlock), ['aa 1.0-1', 'libaa 1.0-1'])
  const client = await createClient(t, airlock)
  assert.match(await client.simulate('aa'), /^Inst libaa /m)
})

test('the image’s own needs are in the union, where an empty status would lack them', async (t) => {
  // the image has openjdk, whose newer libjvm must come with a newer openjdk-headless that a bare pod never needs
  const status = installed(['jre', '1', 'Depends: libjvm (= 1)\n'], ['libjvm', '1'])
  const { archive, airlock } = await start(t, { status })
  const amd64 = { architecture: 'amd64', version: '2' }
  await archive.add(
    { name: 'app', depends: 'libjvm (>= 2)' },
    { name: 'libjvm', ...amd64 },
    { name: 'jre', depends: 'libjvm (= 2)', ...amd64 },
  )
  const { job } = await airlock.ask('app')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.deepEqual(await versions(airlock), ['app 1.0-1', 'jre 2', 'libjvm 2'])
})

test('nothing of the image is ever removed: a request that would is refused with apt’s words', async (t) => {
  const { archive, airlock } = await start(t, {
    status: installed(['curl', '1', 'Depends: libcurl (= 1)\n'], ['libcurl', '1']),
  })
  await archive.add(
    { name: 'app', depends: 'libcurl (>= 2)' },
    { name: 'libcurl', version: '2', architecture: 'amd64' },
  )
  const { job } = await airlock.ask('app')
  assert.equal(job.problem?.code, 'unsatisfiable')
  assert.match(job.problem.message, /curl/)
})

test('a root that only the image can have is published, with a remark', async (t) => {
  const { archive, airlock } = await start(t, { status: installed(['inhouse', '1']) })
  await archive.add({ name: 'app', depends: 'inhouse' })
  const { job } = await airlock.ask('app')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.equal(job.remarks[0]?.code, 'root-not-bare')
  assert.match(JSON.stringify(job.remarks[0].fields), /inhouse/)
})

test('an image that is newer than the snapshot makes Airlock look again', async (t) => {
  const folder = await temporaryFolder(t)
  const status = join(folder, 'status')
  await writeFile(status, '')
  const { archive, airlock } = await start(t, { status, updateAfter: 3600 })
  await archive.add({ name: 'aa' }, { name: 'bb' })
  await airlock.ask('aa')
  await archive.add({ name: 'bb', version: '2' })
  const soon = new Date(Date.now() + 1000)
  await utimes(status, soon, soon)
  await airlock.ask('bb')
  assert.deepEqual(await versions(airlock), ['aa 1.0-1', 'bb 2'])
})

test('a snapshot is used for its time, then the archive is looked at again', async (t) => {
  let minutes = 0
  const began = Date.now() - 86_400_000
  const now = () => new Date(began + minutes * 60_000)
  const { archive, airlock } = await start(t, { updateAfter: 3600 }, { now })
  await archive.add({ name: 'aa' }, { name: 'bb' })
  const looks = () => archive.asked.filter((path) => path.endsWith('InRelease')).length
  await airlock.ask('aa')
  minutes = 59
  await airlock.ask('bb')
  assert.equal(looks(), 1)
  minutes = 61
  await airlock.ask(['aa', 'bb'])
  assert.equal(looks(), 2)
})

test('targets live side by side, each with what it was asked for', async (t) => {
  const [old, young] = await Promise.all([
    startArchive({ suite: 'old' }),
    startArchive({ suite: 'young', architectures: ['arm64'] }),
  ])
  t.after(() => Promise.all([old.close(), young.close()]))
  await old.add({ name: 'tool', version: '1' })
  await young.add({ name: 'tool', version: '2', architecture: 'arm64' })
  const airlock = await startAptAirlock(t, {
    targets: { old: { sources: old.sources }, young: { sources: young.sources, architectures: ['arm64'] } },
  })
  const ended = await Promise.all([airlock.ask('tool', 'old'), airlock.ask('tool', 'young')])
  assert.deepEqual(
    ended.map(({ job }) => job.problem?.message ?? job.state),
    ['ready', 'ready'],
  )
  assert.deepEqual(await versions(airlock, 'old'), ['tool 1'])
  assert.deepEqual(await versions(airlock, 'young'), ['tool 2'])
  assert.match(await readFile(join(airlock.root, 'apt/young/Release'), 'utf8'), /^Architectures: arm64 all$/m)
})

test('a foreign architecture of a target can be asked for by name', async (t) => {
  const archive = await startArchive({ architectures: ['amd64', 'i386'] })
  t.after(() => archive.close())
  const fields = { 'Multi-Arch': 'same' }
  await archive.add({ name: 'libaa', architecture: 'amd64', fields }, { name: 'libaa', architecture: 'i386', fields })
  const airlock = await startAptAirlock(t, {
    targets: { default: { sources: archive.sources, architectures: ['amd64', 'i386'] } },
  })
  const { job } = await airlock.ask(['libaa', 'libaa:i386'])
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  const { items } = (await airlock.jobs.closure(job))!
  assert.deepEqual(
    items.map(({ artifact, isRoot }) => [artifact.name, isRoot]),
    [
      ['libaa', true],
      ['libaa:i386', true],
    ],
  )
})

test('an archive on this machine’s disk is a source like any other', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa', version: '1:2.0+x~1', depends: 'libaa' }, { name: 'libaa' })
  const folder = join(await temporaryFolder(t), 'archive')
  await archive.writeTo(folder)
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sourcesAt(`file:${folder}/`) } } })
  const { job } = await airlock.ask('aa')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.deepEqual(archive.asked, [])
  assert.deepEqual(await versions(airlock), ['aa 1:2.0+x~1', 'libaa 1.0-1'])
})

test('a link in an archive on the disk leads nowhere outside it', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa' })
  const folder = join(await temporaryFolder(t), 'archive')
  await archive.writeTo(folder)
  const deb = join(folder, 'pool/main/aa_1.0-1_all.deb')
  const outside = join(await temporaryFolder(t), 'secret.deb')
  await writeFile(outside, await readFile(deb))
  await rm(deb)
  await symlink(outside, deb)
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sourcesAt(`file:${folder}/`) } } })
  assert.equal((await airlock.ask('aa')).job.problem?.code, 'upstream-status')
})

test('credentials of auth.conf reach their archive and nothing else', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa' })
  const seen: (string | undefined)[] = []
  const door = createServer((req, res) => {
    seen.push(req.headers.authorization)
    void fetch(new URL(req.url!, archive.url)).then(async (answer) => {
      res.writeHead(answer.status)
      return res.end(Buffer.from(await answer.arrayBuffer()))
    })
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  t.after(() => door.close())
  const { port } = door.address() as AddressInfo
  const text = `machine http://127.0.0.1:${port}/\nlogin us\npassword pa/ss\n`
  const host: AptHost = {
    architectures: ['amd64'],
    recommends: true,
    sources: [],
    preferences: [],
    keyrings: [],
    status: '/nonexistent',
    proxies: new Map(),
    auth: [{ name: 'auth.conf', path: '/etc/apt/auth.conf', text }],
  }
  const sources = archive.sourcesAt(`http://127.0.0.1:${port}/`)
  const airlock = await startAptAirlock(t, { targets: { default: { sources } }, host })
  const { job } = await airlock.ask('aa')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.deepEqual(new Set(seen), new Set([`Basic ${Buffer.from('us:pa/ss').toString('base64')}`]))
  const { items } = (await airlock.jobs.closure(job))!
  assert.ok(!JSON.stringify(items).includes('pa/ss'))
})

test('recommends are the target’s own setting', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa', recommends: 'extra' }, { name: 'extra' })
  const airlock = await startAptAirlock(t, {
    targets: { all: { sources: archive.sources }, lean: { sources: archive.sources, recommends: false } },
  })
  await Promise.all([airlock.ask('aa', 'all'), airlock.ask('aa', 'lean')])
  assert.deepEqual(await versions(airlock, 'all'), ['aa 1.0-1', 'extra 1.0-1'])
  assert.deepEqual(await versions(airlock, 'lean'), ['aa 1.0-1'])
})

test('preferences choose among archives as in the pod', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa', version: '1' })
  await archive.addBeside({ name: 'aa', version: '2' })
  const preferences = ['Package: aa\nPin: version 1\nPin-Priority: 900\n']
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources, preferences } } })
  await airlock.ask('aa')
  assert.deepEqual(await versions(airlock), ['aa 1'])
})

test('a restart keeps the key, the snapshot and what is published', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'aa' }, { name: 'bb' })
  const folder = await temporaryFolder(t)
  await mkdir(folder, { recursive: true })
  const options = { targets: { default: { sources: archive.sources } }, folder }
  const first = await startAptAirlock(t, options)
  await first.ask('aa')
  const key = await readFile(join(first.root, 'homepod/airlock.asc'), 'utf8')
  const looks = archive.asked.length
  const second = await startAptAirlock(t, options)
  assert.equal(second.apt.publicKey, key)
  assert.equal((await second.ask('bb')).job.state, 'ready')
  assert.deepEqual(archive.asked.slice(looks), ['pool/main/bb_1.0-1_all.deb'], 'the snapshot is still young')
})
