import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Project } from '../../server/pip/projects.ts'
import type { ProjectFile } from '../../server/pip/simple-read.ts'
import { fitsBuild, runsOnPlatform, sourcesOf, standInFor, type SourceRules } from '../../server/pip/sources.ts'
import { parseWheelName } from '../../server/pip/names.ts'
import { supportedTags } from '../../server/pip/tags.ts'
import type { PipTarget } from '../../server/pip/target.ts'
import type { Build } from '../../storage/records.ts'

const facts = { python: '3.11.7', implementation: 'cpython', platform: 'x86_64-manylinux_2_36' }
const target = { name: 'default', ...facts, tags: supportedTags(facts) } as unknown as PipTarget

const file = (name: string, more: Partial<ProjectFile> = {}): ProjectFile => ({
  file: name,
  url: `http://files.example/${name}`,
  sha256: 'a'.repeat(64),
  size: 1000,
  uploadedAt: null,
  requiresPython: null,
  yanked: false,
  coreMetadata: false,
  ...more,
})
const project = (...files: readonly (string | ProjectFile)[]) =>
  ({
    name: 'aa-b',
    page: { files: files.map((one) => (typeof one === 'string' ? file(one) : one)) },
  }) as unknown as Project

const rules: SourceRules = { target, maxSource: 1e6, reach: 'newest', isPinned: () => false }
const shown = (given: Project, more: Partial<SourceRules> = {}) => {
  const { offered, withheld } = sourcesOf(given, { ...rules, ...more })
  return [offered.map(({ version }) => version), withheld]
}

const wheel = (version: string, tag = 'py3-none-any') => `aa_b-${version}-${tag}.whl`
const sdist = (version: string) => `aa_b-${version}.tar.gz`

test('without any wheel for the target every source is shown', () => {
  assert.deepEqual(shown(project(sdist('1.0'), sdist('2.0'))), [['1.0', '2.0'], false])
  const elsewhere = project(sdist('1.0'), wheel('1.0', 'cp311-cp311-win_amd64'))
  assert.deepEqual(shown(elsewhere), [['1.0'], false])
})

test('a wheel of the same version wins, however the version is written', () => {
  assert.deepEqual(shown(project(sdist('1.0'), wheel('1.0'))), [[], false])
  assert.deepEqual(shown(project(sdist('1.0.0'), wheel('1.0'))), [[], false])
})

test('beside wheels only newer sources are shown, older ones when it must be, and pinned ones always', () => {
  const given = project(sdist('1.0'), wheel('2.0'), sdist('3.0'))
  assert.deepEqual(shown(given), [['3.0'], true])
  assert.deepEqual(shown(given, { reach: 'past' }), [['1.0', '3.0'], false])
  assert.deepEqual(shown(given, { isPinned: (name, version) => name === 'aa-b' && version === '1.0' }), [
    ['1.0', '3.0'],
    false,
  ])
})

test('what has wheels for other platforms is shown when nothing else will do', () => {
  const given = project(wheel('1.0'), sdist('2.0'), wheel('2.0', 'cp39-cp39-manylinux_2_17_x86_64'))
  assert.deepEqual(shown(given), [[], true])
  assert.deepEqual(shown(given, { reach: 'past' }), [[], true])
  assert.deepEqual(shown(given, { reach: 'everything' }), [['2.0'], false])
})

test('a yanked wheel or a pre-release hides no source', () => {
  assert.deepEqual(shown(project(sdist('1.0'), file(wheel('2.0'), { yanked: '' }))), [['1.0'], false])
  assert.deepEqual(shown(project(sdist('1.0'), wheel('2.0rc1'))), [['1.0'], false])
})

for (const [what, given] of [
  ['without a digest', file(sdist('1.0'), { sha256: null })],
  ['for another Python', file(sdist('1.0'), { requiresPython: '>=4' })],
  ['larger than allowed', file(sdist('1.0'), { size: 2e6 })],
  ['of a form that is not read', file('aa_b-1.0.tar.bz2')],
  ['of another project', file('aa_c-1.0.tar.gz')],
  ['of no version', file('aa_b-nightly.tar.gz')],
] as const) {
  test(`a source ${what} is never shown`, () => {
    assert.deepEqual(shown(project(given), { reach: 'everything' }), [[], false])
  })
}

const release = { project: project(), version: '1.0', sdist: file(sdist('1.0')) }
const build = (name: string, platform = facts.platform) =>
  ({ made: { file: name, sha256: 'b'.repeat(64), size: 1 }, builder: { platform } }) as unknown as Build

test('a stand-in is a wheel by name, and another one once there is a build', () => {
  const [before, after] = [standInFor(release, null), standInFor(release, build(wheel('1.0')))]
  for (const { file: name } of [before, after]) {
    const read = parseWheelName(name)
    assert.deepEqual([read?.name, read?.version, read?.tags], ['aa-b', '1.0', ['py3-none-any']])
  }
  assert.notEqual(before.file, after.file)
})

test('a pure result fits every target, a compiled one those of its kind with a C library that is not older', () => {
  const native = wheel('1.0', 'cp311-cp311-linux_x86_64')
  assert.ok(fitsBuild(build(wheel('1.0'), 'aarch64-manylinux_2_40'), target))
  assert.ok(fitsBuild(build(native), target))
  assert.ok(fitsBuild(build(native, 'x86_64-manylinux_2_31'), target))
  assert.ok(!fitsBuild(build(native, 'x86_64-manylinux_2_40'), target))
  assert.ok(!fitsBuild(build(wheel('1.0', 'cp38-cp38-linux_x86_64')), target))
  assert.ok(!fitsBuild(build(wheel('1.0', 'cp312-none-any')), target))
  assert.ok(!fitsBuild({ ...build(native), made: null }, target))
})

test('platforms of other machines, libraries and unknown names do not run each other’s results', () => {
  for (const other of ['aarch64-manylinux_2_31', 'x86_64-unknown-linux-musl', 'riscv64-unknown'])
    assert.ok(!runsOnPlatform(other, facts.platform), other)
})
