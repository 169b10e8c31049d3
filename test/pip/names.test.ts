import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  compareBuilds,
  isProjectName,
  nearNames,
  normalizeName,
  parseSdistName,
  parseWheelName,
} from '../../server/pip/names.ts'

test('a name has one normal form, whatever its spelling', () => {
  for (const spelling of ['Friendly-Bard', 'FRIENDLY.BARD', 'friendly_bard', 'friendly--bard', 'FrIeNdLy-._.-bArD'])
    assert.equal(normalizeName(spelling), 'friendly-bard')
  const name = fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,20}[A-Za-z0-9])?$/)
  fc.assert(
    fc.property(name, (text) => {
      assert.ok(isProjectName(text))
      const normal = normalizeName(text)
      assert.match(normal, /^[a-z0-9]+(?:-[a-z0-9]+)*$/)
      assert.equal(normalizeName(normal), normal)
    }),
  )
})

test('what is no name of a project is refused', () => {
  const hostile = [
    '',
    '-',
    '.',
    '..',
    '_a',
    'a-',
    'a.',
    '.a',
    'a b',
    'a/b',
    'a\\b',
    '../a',
    'a\0',
    'a\n',
    'é',
    'а',
    'a@b',
    'a;b',
    'a[b]',
    '%61',
    '--help',
    `a${'b'.repeat(127)}c`,
  ]
  for (const text of hostile) assert.ok(!isProjectName(text), JSON.stringify(text))
  assert.ok(isProjectName(`a${'b'.repeat(126)}c`))
})

test('a wheel’s file name says name, version, build and every tag of its compressed set', () => {
  assert.deepEqual(parseWheelName('Some_Pkg-1.0RC1-2b-py2.py3-none-Any.whl'), {
    name: 'some-pkg',
    version: '1.0rc1',
    build: [2, 'b'],
    tags: ['py2-none-any', 'py3-none-any'],
  })
  assert.deepEqual(parseWheelName('torch-2.4.0+cu118-cp311-cp311-linux_x86_64.whl')?.version, '2.4.0+cu118')
  assert.equal(parseWheelName('a-1!2.0.post1.dev3-py3-none-any.whl')?.version, '1!2.0.post1.dev3')
  assert.equal(parseWheelName('a-1.0_1-py3-none-any.whl')?.version, '1.0.post1')
  const { tags } = parseWheelName('a-1-cp38.cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl')!
  assert.deepEqual(tags, [
    'cp38-abi3-manylinux_2_17_x86_64',
    'cp38-abi3-manylinux2014_x86_64',
    'cp39-abi3-manylinux_2_17_x86_64',
    'cp39-abi3-manylinux2014_x86_64',
  ])
})

test('what is no wheel’s file name is refused', () => {
  const hostile = [
    '',
    'a.whl',
    'a-1.0.whl',
    'a-1.0-py3-none.whl',
    'a-1.0-py3-none-any.zip',
    'a-1.0-py3-none-any.whl.metadata',
    'a-1.0-py3-none-any.WHL',
    'a-1.0-build-py3-none-any.whl',
    'a-1.0-1-2-py3-none-any.whl',
    '-1.0-py3-none-any.whl',
    'a--py3-none-any.whl',
    'a-latest-py3-none-any.whl',
    'a-1.0-py3-none-.whl',
    'a-1.0-py3..py2-none-any.whl',
    'a-1.0-py3-none-any.whl\n',
    ' a-1.0-py3-none-any.whl',
    '../a-1.0-py3-none-any.whl',
    'a/../b-1.0-py3-none-any.whl',
    'é-1.0-py3-none-any.whl',
    'a%2F-1.0-py3-none-any.whl',
    '.a-1.0-py3-none-any.whl',
    'a_-1.0-py3-none-any.whl',
    'a-1.0 -py3-none-any.whl',
    `a-1.0-py3-none-${'any.'.repeat(60)}any.whl`,
  ]
  for (const file of hostile) assert.equal(parseWheelName(file), null, JSON.stringify(file))
})

test('a compressed set that explodes is refused', () => {
  const many = (prefix: string) => Array.from({ length: 11 }, (_, at) => `${prefix}${at}`).join('.')
  assert.equal(parseWheelName(`a-1-${many('p')}-${many('a')}-${many('l')}.whl`), null)
})

test('a wheel’s name never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => void parseWheelName(`${text}.whl`)),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9._+!-]{0,80}$/), (text) => void parseWheelName(`${text}-py3-none-any.whl`)),
    { numRuns: 2000 },
  )
})

test('an sdist’s file name says its version, given whose it is', () => {
  assert.deepEqual(parseSdistName('some-pkg-1.0.tar.gz', 'Some.Pkg'), { version: '1.0' })
  assert.deepEqual(parseSdistName('some_pkg-1.0rc1.zip', 'some-pkg'), { version: '1.0rc1' })
  assert.deepEqual(parseSdistName('foo-2-1.0.tar.gz', 'foo-2'), { version: '1.0' })
  assert.deepEqual(parseSdistName('foo-2-1.tar.gz', 'foo'), { version: '2.post1' })
})

test('an sdist of another project, or of no version, is none', () => {
  const cases = [
    ['other-1.0.tar.gz', 'foo'],
    ['foo-bar-1.0.tar.gz', 'foo'],
    ['foo-.tar.gz', 'foo'],
    ['foo-latest.tar.gz', 'foo'],
    ['foo.tar.gz', 'foo'],
    ['foo-1.0.whl', 'foo'],
    ['foo-1.0.exe', 'foo'],
    ['../foo-1.0.tar.gz', 'foo'],
    ['foo-1.0.tar.gz/../x', 'foo'],
    ['foo 1.0.tar.gz', 'foo'],
  ] as const
  for (const [file, project] of cases) assert.equal(parseSdistName(file, project), null, file)
})

test('builds are ordered by number, then by text, none first', () => {
  const builds = [null, [1, ''], [1, 'a'], [1, 'b'], [2, ''], [10, '']] as const
  for (const [at, build] of builds.entries())
    for (const [other, second] of builds.entries())
      assert.equal(Math.sign(compareBuilds(build, second)), Math.sign(at - other))
})

test('names within a slip or two are offered, the closest first, at most three', () => {
  assert.deepEqual(nearNames('nmupy', ['numpy', 'numba', 'pandas', 'numpi']), {
    en: 'Near it: numpy, numpi.',
    zh: '相近的有：numpy、numpi。',
  })
  assert.equal(
    nearNames('Request', ['requests', 'request-s', 'requestz', 'requesty']).en,
    'Near it: requests, requesty, requestz.',
  )
  assert.deepEqual(nearNames('zz', ['numpy', 'zz', 'abcd']), { en: '', zh: '' })
  assert.deepEqual(nearNames('x', []), { en: '', zh: '' })
})
