import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AirlockError } from '../../server/errors.ts'
import { parseRequirementsFile } from '../../server/pip/requirements-file.ts'
import { ownTime } from '../support/own-time.ts'

const a = 'a'.repeat(64)
const b = 'b'.repeat(64)
const read = (text: string, constraints: readonly string[] = []) =>
  parseRequirementsFile(text, { constraints, isUpstream: (url) => url === 'https://wheels.example/simple/' })

function refusal(text: string): AirlockError {
  try {
    read(text)
  } catch (error) {
    assert.ok(error instanceof AirlockError)
    return error
  }
  throw new assert.AssertionError({ message: `taken: ${text}` })
}

test('names, comments, blank lines, markers, extras and continuations are read as pip reads them', () => {
  const { roots, options, lines } = read(
    [
      '# the service',
      '',
      'Fast_API[standard]>=0.110 ; python_version >= "3.8"  # why',
      'numpy \\',
      '  >=1.20, \\',
      '  <2',
      'urllib3==2.2.1',
    ].join('\r\n'),
  )
  assert.deepEqual(
    roots,
    ['fast-api[standard]>=0.110 ; python_version >= "3.8"', 'numpy<2,>=1.20', 'urllib3==2.2.1'].map((one) =>
      roots.find((root) => root.replaceAll(' ', '') === one.replaceAll(' ', ''))!,
    ),
  )
  assert.deepEqual(options, {})
  assert.equal(lines.length, 3)
})

test('hashes restrict the files of their project, over continuations and however they are written', () => {
  const { roots, options } = read(
    `six==1.16.0 \\\n    --hash=sha256:${a} \\\n    --hash sha256:${b.toUpperCase()}\nidna==3.7 --hash=sha256:${b}\n`,
  )
  assert.deepEqual(roots, ['idna==3.7', 'six==1.16.0'])
  assert.deepEqual(options, { hashes: { idna: [b], six: [a, b] } })
})

test('constraints are kept beside the roots, canonical and sorted', () => {
  assert.deepEqual(read('pandas', ['NumPy<2', '', '# no', 'numpy<2']).options, { constraints: ['numpy<2'] })
})

test('a configured index may be named, and options that ask for what is so anyway', () => {
  const text =
    '-i https://wheels.example/simple/\n--extra-index-url=https://wheels.example/simple/\n--require-hashes\n--only-binary=:all:\n--prefer-binary\nnumpy'
  assert.deepEqual(read(text).roots, ['numpy'])
})

const refused: readonly [line: string, code: string][] = [
  ['-r other.txt', 'requirement-refused'],
  ['-c constraints.txt', 'requirement-refused'],
  ['-e .', 'requirement-refused'],
  ['--index-url https://elsewhere.example/simple/', 'requirement-refused'],
  ['--extra-index-url https://wheels.example/other/', 'requirement-refused'],
  ['--find-links https://wheels.example/simple/', 'requirement-refused'],
  ['--no-binary :all:', 'requirement-refused'],
  ['--pre', 'requirement-refused'],
  ['--trusted-host wheels.example', 'requirement-refused'],
  ['numpy @ https://files.example/numpy.whl', 'requirement-refused'],
  ['git+https://git.example/x.git', 'requirement-refused'],
  ['./wheels/x.whl', 'requirement-refused'],
  ['numpy==1 --hash=md5:abc', 'requirement-refused'],
  [`numpy==1 --hash=sha512:${a}`, 'requirement-refused'],
  ['numpy==1 --hash=sha256:abc', 'requirement-refused'],
  ['numpy==1 --install-option=x', 'requirement-refused'],
  ['num py', 'requirement-invalid'],
  ['numpy==', 'requirement-invalid'],
  ['数值', 'requirement-invalid'],
]

for (const [line, code] of refused) {
  test(`“${line}” is refused with its line's number`, () => {
    const error = refusal(`six\n\n# a comment\n${line}\nidna`)
    assert.equal(error.code, code)
    assert.equal(error.fields.line, 4)
    assert.match(error.message, /^Line 4: /)
  })
}

test('a file of too many lines is refused, and none of them is left out in silence', () => {
  const many = Array.from({ length: 5000 }, (_, at) => `pkg${at}==1`)
  assert.equal(read(many.join('\n')).roots.length, 5000)
  assert.equal(refusal([...many, '-e ./more'].join('\n')).code, 'requirement-invalid')
  assert.match(refusal([...many, 'six'].join('\n')).message, /more than 5000 lines/)
})

test('a continued line is told by where it begins', () => {
  assert.equal(refusal('six\nnumpy \\\n  ==\\\n\nidna').fields.line, 2)
})

test('lines are joined in a time that grows with their number, and no joined line is longer than any release needs', () => {
  const began = ownTime()
  const few = `six\nnumpy>=1 ${'\\\n'.repeat(60_000)}\n`
  assert.deepEqual(read(few).roots, ['numpy>=1', 'six'])
  for (const many of [
    `numpy ${'\\\n'.repeat(500_000)}`,
    `numpy${' '.repeat(70_000)}`,
    `numpy${' #'.repeat(500_000)}\u2028x`,
  ]) {
    const error = refusal(`six\n${many}\nidna`)
    assert.deepEqual([error.code, error.fields.line], ['requirement-invalid', 2])
    assert.match(error.message, /longer than 64000 characters/)
  }
  const hashes = Array.from({ length: 500 }, (_, at) => at.toString(16).padStart(64, '0'))
  const { options } = read(`numpy==1 \\\n${hashes.map((hash) => `    --hash=sha256:${hash}`).join(' \\\n')}\n`)
  assert.deepEqual(options, { hashes: { numpy: hashes } })
  assert.ok(ownTime() - began < 3000)
})

test('a file without requirements is refused', () => {
  for (const text of ['', '\n\n', '# only a comment', '--require-hashes'])
    assert.equal(refusal(text).code, 'requirement-invalid')
})

test('a byte order mark and a last line without an end are no trouble', () => {
  assert.deepEqual(read('\uFEFFnumpy\nsix \\').roots, ['numpy', 'six'])
})
