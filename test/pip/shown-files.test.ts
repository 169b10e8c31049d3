/** What of a project's page a solve is shown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shownFiles } from '../../server/pip/shown-files.ts'
import type { ProjectFile } from '../../server/pip/simple-read.ts'
import { supportedTags } from '../../server/pip/tags.ts'

const tags = supportedTags({ python: '3.11.7', implementation: 'cpython', platform: 'x86_64-manylinux_2_36' })
const projectFile = (file: string): ProjectFile => ({
  file,
  url: `http://files.example/${file}`,
  sha256: 'a'.repeat(64),
  size: 1000,
  uploadedAt: null,
  requiresPython: null,
  yanked: false,
  coreMetadata: false,
})
const shown = (...files: string[]) =>
  shownFiles(
    files.map((file) => projectFile(file)),
    tags,
  ).map(({ file }) => file)

test('of a release with wheels that the target accepts these alone are shown, without its source', () => {
  const wanted = [
    'a-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    'a-1.0-cp38-abi3-manylinux_2_28_x86_64.whl',
    'a-1.0-py3-none-any.whl',
  ]
  const others = [
    'a-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    'a-1.0-cp311-cp311-musllinux_1_2_x86_64.whl',
    'a-1.0-cp311-cp311-macosx_11_0_arm64.whl',
    'a-1.0-pp310-pypy310_pp73-manylinux_2_17_x86_64.whl',
    'a-1.0.tar.gz',
    'some-a-1.0.zip',
  ]
  assert.deepEqual(shown(...others.slice(0, 2), ...wanted, ...others.slice(2)), wanted)
})

test('a release with none is shown whole, for the solver to explain itself with', () => {
  const files = [
    'a-2.0-cp39-cp39-win_amd64.whl',
    'a-2.0-cp39-cp39-macosx_11_0_arm64.whl',
    'a-2.0.tar.gz',
    'a-1.0.post1.zip',
  ]
  assert.deepEqual(shown('a-1.0-py3-none-any.whl', ...files), ['a-1.0-py3-none-any.whl', ...files])
})

test('a build tag, upper case and odd names lead nobody astray', () => {
  const files = ['a-1.0-1-py3-none-any.whl', 'A-1.1-CP311-CP311-LINUX_X86_64.whl', 'a-3-x.whl', 'whl.whl', 'a.zip']
  assert.deepEqual(shown(...files), files)
})

test('what has no digest is not shown, and hides nothing', () => {
  const unnamed = { ...projectFile('a-1.0-py3-none-any.whl'), sha256: null }
  const other = projectFile('a-1.0-cp39-cp39-win_amd64.whl')
  assert.deepEqual(shownFiles([unnamed, other], tags), [other])
})
