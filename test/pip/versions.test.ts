import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalSpecifier, isSpecifier, operators, takes } from '../../server/pip/specifiers.ts'
import {
  canonicalVersion,
  compareVersions,
  isVersion,
  sameVersion,
  sortByVersion,
  versionKey,
} from '../../server/pip/versions.ts'
import { askPython } from '../support/python.ts'

const numbers = fc.oneof(fc.nat(3).map(String), fc.constantFrom('00', '01', '10', '2024', '20240101123456789012345'))
const version = fc
  .record({
    v: fc.constantFrom('', '', '', 'v', 'V'),
    epoch: fc.option(numbers, { freq: 5 }),
    release: fc.array(numbers, { minLength: 1, maxLength: 4 }),
    pre: fc.option(
      fc.tuple(
        fc.constantFrom('', '.', '-', '_'),
        fc.constantFrom('a', 'b', 'c', 'rc', 'alpha', 'Beta', 'pre', 'preview'),
        fc.constantFrom('', '0', '1', '.2', '-10'),
      ),
    ),
    post: fc.option(fc.constantFrom('.post1', '-1', 'post', '.rev2', '-r3', '_post.10'), { freq: 3 }),
    dev: fc.option(fc.constantFrom('.dev0', 'dev', '-dev3', '_dev.12'), { freq: 3 }),
    local: fc.option(
      fc.constantFrom('cu118', 'cu121', '1', '01', 'ubuntu.1', 'ubuntu-1', 'Ubuntu_1', 'abc.10', 'abc.9', '1.abc'),
      { freq: 3 },
    ),
  })
  .map(({ v, epoch, release, pre, post, dev, local }) =>
    [
      v,
      epoch === null ? '' : `${epoch}!`,
      release.join('.'),
      ...(pre ?? []),
      post ?? '',
      dev ?? '',
      local === null ? '' : `+${local}`,
    ].join(''),
  )

/** The same versions every time, so that a difference can be looked at. */
function samples<Value>(arbitrary: fc.Arbitrary<Value>, count: number): Value[] {
  return [...new Set(fc.sample(arbitrary, { numRuns: count, seed: 440 }))]
}

const packaging =
  'from pip._vendor.packaging.version import Version, InvalidVersion\nfrom pip._vendor.packaging.specifiers import Specifier, InvalidSpecifier'

test('versions are ordered as pip orders them', () => {
  const versions = samples(version, 3000)
  const theirs = askPython(
    `${packaging}\nimport itertools\nprint(json.dumps([list(group) for _, group in itertools.groupby(sorted(question, key=Version), key=Version)]))`,
    versions,
  ) as string[][]
  for (const [at, group] of theirs.entries()) {
    for (const same of group) assert.ok(sameVersion(same, group[0]!), `${same} is ${group[0]}`)
    const next = theirs[at + 1]?.[0]
    if (next !== undefined) assert.ok(compareVersions(group[0]!, next) < 0, `${group[0]} comes before ${next}`)
  }
})

test('the normal form is the one that pip prints', () => {
  const versions = samples(version, 2000)
  assert.deepEqual(
    versions.map(canonicalVersion),
    askPython(`${packaging}\nprint(json.dumps([str(Version(v)) for v in question]))`, versions),
  )
})

test('a version and its normal form are the same version', () => {
  fc.assert(
    fc.property(version, (text) => {
      const canonical = canonicalVersion(text)!
      assert.equal(versionKey(canonical), versionKey(text))
      assert.equal(canonicalVersion(canonical), canonical)
    }),
  )
})

test('what pip takes for no version is none here', () => {
  const texts = [
    '',
    ' ',
    '1.',
    '.1',
    '1..0',
    '1.0-',
    '1.0+',
    '1.0+a+b',
    '1.0+a..b',
    '1.0 ',
    ' 1.0',
    '1,0',
    '1.0.x',
    'dev',
    'latest',
    '1!',
    '!1',
    '1.0a1a2',
    '1.0.post1.post2',
    '1.0.dev1.post1',
    '1.0+é',
    '1.0\n',
    '١.٠',
    '1.0-rc',
    '1_0',
    '1.0_1',
    'v',
    '1.0rc1.5x',
    '1.0.*',
    '2004d',
    '1.0+_a',
  ]
  const theirs = askPython(
    `${packaging}\ndef ok(v):\n  try:\n    Version(v)\n    return v == v.strip()\n  except InvalidVersion:\n    return False\nprint(json.dumps([ok(v) for v in question]))`,
    texts,
  ) as boolean[]
  // \\d means ASCII digits here
  assert.deepEqual(
    texts.map(isVersion),
    texts.map((text, at) => theirs[at]! && /^[\x20-\x7e]*$/.test(text)),
  )
  assert.equal(texts.filter(isVersion).length, 1)
})

test('a version longer than any real one is none', () => {
  assert.ok(isVersion('1'.repeat(128)))
  assert.ok(!isVersion('1'.repeat(129)))
})

test('what is no version sorts before every version, and equals only itself', () => {
  assert.ok(compareVersions('banana', '0.dev0') < 0)
  assert.ok(!sameVersion('banana', 'apple'))
  assert.ok(sameVersion('banana', 'banana'))
  assert.ok(!sameVersion('1.0', '1.0+local'))
})

test('files are sorted by version, then by name, and not by how a version is spelled', () => {
  const files = [
    ['1.10', 'a'],
    ['1.9', 'z'],
    ['1.9.0', 'b'],
    ['1.9rc1', 'c'],
    ['1!0.1', 'd'],
    ['1.9+local', 'e'],
  ].map(([version, file]) => ({ version: version!, file: file! }))
  assert.deepEqual(
    sortByVersion(files)
      .map(({ file }) => file)
      .join(''),
    'cbzead',
  )
})

test('specifiers take the versions that pip lets them take', () => {
  const versions = samples(version, 150)
  const specifiers = samples(
    fc
      .tuple(fc.constantFrom(...operators), version, fc.constantFrom('', '', '.*'))
      .map(([operator, text, star]) => ({ operator, version: text.replace(/^v/i, '') + star })),
    1500,
  )
    .filter(isSpecifier)
    // old libraries and new ones differ in prefixes with more than a release
    .filter(({ version: text }) => !/[a-z].*\.\*$|-.*\.\*$/i.test(text))
  assert.ok(specifiers.length > 400)
  // in normal form: the library that old pips carry reads `0!1.0` as another prefix than `1.0`
  const theirs = askPython(
    `${packaging}\nversions, specifiers = question\nprint(json.dumps([[Specifier(s).contains(v, prereleases=True) for v in versions] for s in specifiers]))`,
    [versions, specifiers.map(canonicalSpecifier).map(({ operator, version }) => operator + version)],
  ) as boolean[][]
  for (const [at, specifier] of specifiers.entries())
    for (const [which, candidate] of versions.entries())
      assert.equal(
        takes(specifier, candidate),
        theirs[at]![which],
        `${candidate} in ${specifier.operator}${specifier.version}`,
      )
})

test('specifiers that pip refuses are refused', () => {
  const texts = [
    '==',
    '>=',
    '~=1',
    '~=1.*',
    '>=1.*',
    '<1.0.*',
    '==1.0.*.*',
    '==1.0.dev1.*',
    '==1.0+local.*',
    '>=1.0+local',
    '<1.0+local',
    '~=1.0+local',
    '==1.0.',
    '>=abc',
    '!=1.*.0',
    '>1.0 ',
  ]
  const parsed = texts.map((text) => {
    const operator = operators.find((known) => text.startsWith(known))!
    return { operator, version: text.slice(operator.length) }
  })
  assert.deepEqual(parsed.filter(isSpecifier), [])
  for (const specifier of parsed) assert.throws(() => canonicalSpecifier(specifier), RangeError)
})

test('=== compares texts and takes no more than a plain one', () => {
  assert.ok(takes({ operator: '===', version: '1.0.RC1' }, '1.0.rc1'))
  assert.ok(!takes({ operator: '===', version: '1.0' }, '1.0.0'))
  for (const version of ['', '1.0 ', '1;0', '1.0$', 'é']) assert.ok(!isSpecifier({ operator: '===', version }), version)
})

test('a prefix with a pre-release or a post-release takes what goes on from there', () => {
  const taken = ['1.1a1', '1.1a1.dev1', '1.1.a1.post2', 'v1.1alpha1']
  for (const candidate of taken) assert.ok(takes({ operator: '==', version: '1.1a1.*' }, candidate), candidate)
  for (const candidate of ['1.1', '1.1a2', '1.1a10', '1.1.1a1', '1.1b1', '1!1.1a1', 'nonsense'])
    assert.ok(!takes({ operator: '==', version: '1.1a1.*' }, candidate), candidate)
  assert.ok(takes({ operator: '==', version: '1.0.post1.*' }, '1.0.post1.dev3'))
  assert.ok(!takes({ operator: '==', version: '1.0.post1.*' }, '1.0'))
})
