import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { together } from '../../server/apt/solver.ts'
import { startArchive } from '../support/archive.ts'
import { startAptAirlock } from './airlock.ts'
import { snapshotOf } from './tree.ts'

test('a request becomes a signed flat repository of what it needs and no more', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'jq', depends: 'libjq1 (>= 1.0)' }, { name: 'libjq1' }, { name: 'unrelated' })
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources } } })
  const { job } = await airlock.ask('jq')
  assert.equal(job.state, 'ready')
  assert.deepEqual(job.proved, { jq: '1.0-1', libjq1: '1.0-1' })
  const { items } = (await airlock.jobs.closure(job))!
  assert.deepEqual(
    items.map(({ artifact, isRoot, neededBy }) => [artifact.name, isRoot, neededBy]),
    [
      ['jq', true, []],
      ['libjq1', false, ['jq']],
    ],
  )
  const folder = join(airlock.root, 'apt/default')
  const release = await readFile(join(folder, 'Release'), 'utf8')
  for (const line of ['Suite: default', 'Codename: default', 'Architectures: amd64 all', 'Acquire-By-Hash: yes'])
    assert.ok(release.split('\n').includes(line), line)
  const listed = [...release.matchAll(/^ ([0-9a-f]{64}) (\d+) (\S+)$/gm)]
  assert.deepEqual(new Set(listed.map(([, , , name]) => name)), new Set(['Packages', 'Packages.gz', 'Packages.zst']))
  for (const [, sha256, size, name] of listed) {
    assert.equal((await stat(join(folder, name!))).size, Number(size))
    assert.deepEqual(await readFile(join(folder, 'by-hash/SHA256', sha256!)), await readFile(join(folder, name!)))
  }
  const packages = await readFile(join(folder, 'Packages'), 'utf8')
  assert.deepEqual(
    [...packages.matchAll(/^Package: (.+)$/gm)].map(([, name]) => name),
    ['jq', 'libjq1'],
  )
  for (const [, path] of packages.matchAll(/^Filename: (.+)$/gm)) await stat(join(airlock.root, 'apt', path!))
  assert.match(await readFile(join(airlock.root, 'homepod/airlock.asc'), 'utf8'), /BEGIN PGP PUBLIC KEY/)
  assert.equal((await stat(join(airlock.folder, 'state/keys/apt.asc'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(join(airlock.folder, 'state/work')), [])
})

for (const [what, asked, code, said] of [
  ['a name that does not exist', 'jqq', 'package-not-found', /Near it: jq\./],
  ['a part of a name', 'libjq', 'package-not-found', /libjq1/],
  ['a virtual package', 'editor', 'apt-package-virtual', /others provide it\. Ask for one of them: vim\./],
  ['a name that apt would take as a pattern', 'libjq.', 'package-not-found', /libjq1/],
  ['a name that apt would take as a removal', 'jq-', 'package-not-found', /Near it: jq\./],
  ['a version that is not there', 'jq=2.0-1', 'apt-version-missing', /Versions there: 1\.0-1\./],
  ['an architecture that the target has not', 'jq:arm64', 'apt-architecture-unknown', /amd64/],
  [
    'a package that cannot be installed',
    'broken',
    'unsatisfiable',
    /broken : Depends: nowhere but it is not installable/,
  ],
] as const) {
  test(`${what} fails with ${code} and changes nothing that is published`, async (t) => {
    const archive = await startArchive()
    t.after(() => archive.close())
    await archive.add(
      { name: 'jq', depends: 'libjq1' },
      { name: 'libjq1' },
      { name: 'vim', provides: 'editor' },
      { name: 'broken', depends: 'nowhere' },
    )
    const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources } } })
    assert.equal((await airlock.ask('vim')).job.state, 'ready')
    const before = await snapshotOf(airlock.root)
    const { job } = await airlock.ask(asked)
    assert.equal(job.state, 'failed')
    assert.equal(job.problem?.code, code)
    assert.match(`${job.problem?.message} ${job.problem?.hint}`, said)
    assert.deepEqual(await snapshotOf(airlock.root), before)
  })
}

test('a name that ends in a plus is asked for as it is', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'g++', version: '4:12.2.0~rc1-3+b1' }, { name: 'g' })
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources } } })
  const { job } = await airlock.ask('g++=4:12.2.0~rc1-3+b1')
  assert.equal(job.state, 'ready', job.problem?.message ?? '')
  assert.deepEqual(job.proved, { 'g++': '4:12.2.0~rc1-3+b1' })
  const packages = await readFile(join(airlock.root, 'apt/default/Packages'), 'utf8')
  assert.match(packages, /^Filename: pool\/..\/[0-9a-f]{64}\/g\+\+_12\.2\.0~rc1-3\+b1_all\.deb$/m)
})

test('the published paragraph is the archive’s own, without its phasing', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  archive.stanza = () => 'Phased-Update-Percentage: 10\nX-Origin-Says: hello\n'
  await archive.add({ name: 'jq', fields: { 'Multi-Arch': 'foreign' } })
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources } } })
  await airlock.ask('jq')
  const packages = await readFile(join(airlock.root, 'apt/default/Packages'), 'utf8')
  assert.match(packages, /^X-Origin-Says: hello$/m)
  assert.match(packages, /^Multi-Arch: foreign$/m)
  assert.doesNotMatch(packages, /Phased/)
})

test('a package that is asked for by the target’s own architecture is the same package', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'jq', version: '2.0-1', depends: 'libjq1' }, { name: 'libjq1' })
  const status = 'Package: jq\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\n\n'
  const airlock = await startAptAirlock(t, { targets: { default: { sources: archive.sources, status } } })
  for (const root of ['jq:amd64', 'jq', 'jq:amd64']) {
    const { job } = await airlock.ask(root)
    assert.equal(job.state, 'ready', JSON.stringify(job.problem))
    const { items, remarks } = (await airlock.jobs.closure(job))!
    assert.deepEqual(
      items.map(({ artifact, isRoot, neededBy }) => [artifact.name, isRoot, neededBy]),
      [
        ['jq', true, []],
        ['libjq1', false, ['jq']],
      ],
    )
    // what comes is newer
    assert.deepEqual(remarks, [])
  }
})

test('a version of a package is asked for once, however its architecture is written', () => {
  assert.deepEqual(together(['jq', 'jq:amd64=1.0-1', 'jq:arm64'], 'amd64'), ['jq:amd64=1.0-1', 'jq:arm64'])
})
