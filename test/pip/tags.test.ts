import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bestWheel, hasAcceptedTag, readPlatform, supportedTags } from '../../server/pip/tags.ts'
import { askPython } from '../support/python.ts'

const cpython = (python: string, platform: string) => supportedTags({ python, implementation: 'cpython', platform })

test('the tags of this machine’s own Python are those that its pip lists, in the same order', () => {
  const pip = askPython(
    [
      'import platform',
      'from pip._internal.utils.compatibility_tags import get_supported',
      'print(json.dumps({"tags": [str(tag) for tag in get_supported()], "version": platform.python_version(),',
      '  "machine": platform.machine(), "libc": platform.libc_ver()[1]}))',
    ].join('\n'),
  ) as { tags: string[]; version: string; machine: string; libc: string }
  assert.deepEqual(cpython(pip.version, `${pip.machine}-manylinux_${pip.libc.replace('.', '_')}`), pip.tags)
})

test('the tags of other Pythons, processors and C libraries are those that the same library makes', () => {
  // the vendored library reads the machine and the C library where it is told to
  const script = `
from unittest import mock
from pip._vendor.packaging import tags, _manylinux, _musllinux
def answer(case):
  minor, machine, glibc, musl = case
  with mock.patch.object(_manylinux, '_get_glibc_version', lambda: (2, glibc) if glibc else (-1, -1)), \\
       mock.patch.object(_manylinux, '_have_compatible_abi', lambda *a: True), \\
       mock.patch.object(_musllinux, '_get_musl_version', lambda *a: _musllinux._MuslVersion(1, musl) if musl is not None else None), \\
       mock.patch('sysconfig.get_platform', lambda: 'linux-' + machine), \\
       mock.patch('platform.machine', lambda: machine):
    platforms = list(tags._linux_platforms(is_32bit=False))
  abi = 'cp3%d%s' % (minor, 'm' if minor < 8 else '')
  return [str(t) for t in [*tags.cpython_tags((3, minor), [abi], platforms), *tags.compatible_tags((3, minor), 'cp3%d' % minor, platforms)]]
print(json.dumps([answer(case) for case in question]))`
  const cases = [
    { python: '3.6.15', platform: 'x86_64-manylinux2014', question: [6, 'x86_64', 17, null] },
    { python: '3.7.0', platform: 'x86_64-manylinux_2_17', question: [7, 'x86_64', 17, null] },
    { python: '3.8.18', platform: 'x86_64-manylinux_2_31', question: [8, 'x86_64', 31, null] },
    { python: '3.10.1', platform: 'linux', question: [10, 'x86_64', 28, null] },
    { python: '3.12.1', platform: 'x86_64-unknown-linux-gnu', question: [12, 'x86_64', 28, null] },
    { python: '3.13.0', platform: 'aarch64-manylinux_2_39', question: [13, 'aarch64', 39, null] },
    { python: '3.9.2', platform: 'aarch64-manylinux2014', question: [9, 'aarch64', 17, null] },
    { python: '3.9.2', platform: 'aarch64-unknown-linux-gnu', question: [9, 'aarch64', 28, null] },
    { python: '3.11.7', platform: 'x86_64-unknown-linux-musl', question: [11, 'x86_64', 0, 2] },
    { python: '3.11.7', platform: 'aarch64-unknown-linux-musl', question: [11, 'aarch64', 0, 2] },
  ] as const
  const theirs = askPython(
    script,
    cases.map(({ question }) => question),
  ) as string[][]
  for (const [at, { python, platform }] of cases.entries())
    assert.deepEqual(cpython(python, platform), theirs[at], `${python} ${platform}`)
})

test('a platform or a Python that is not known is refused by name, with what is known', () => {
  const platforms = [
    '',
    'windows',
    'macos',
    'x86_64',
    'x86_64-manylinux_2_4',
    'aarch64-manylinux_2_12',
    'aarch64-manylinux_2_16',
    'x86_64-manylinux_2_100',
    'x86_64-manylinux_3_1',
    'riscv64-manylinux_2_39',
    'x86_64-manylinux1',
    'toString',
    '__proto__',
    ' linux',
    'x86_64-manylinux_2_17\n',
  ]
  for (const platform of platforms)
    assert.throws(
      () => readPlatform(platform),
      { name: 'RangeError', message: /known: .*x86_64-unknown-linux-musl/ },
      platform,
    )
  for (const python of ['', '2.7.18', '3', '4.0.0', 'python3.11', '3.x.1'])
    assert.throws(() => cpython(python, 'linux'), RangeError, python)
  assert.throws(() => supportedTags({ python: '3.11.7', implementation: 'pypy', platform: 'linux' }), RangeError)
})

const wheels = (...files: string[]) => files.map((file) => ({ file }))

test('the best wheel is the one with the best tag, however the files are ordered', () => {
  const tags = cpython('3.11.7', 'x86_64-manylinux_2_36')
  const ranked = [
    'a-1-cp311-cp311-manylinux_2_28_x86_64.whl',
    'a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    'a-1-cp311-cp311-manylinux1_x86_64.whl',
    'a-1-cp311-cp311-linux_x86_64.whl',
    'a-1-cp311-abi3-manylinux_2_17_x86_64.whl',
    'a-1-cp38-abi3-manylinux_2_28_x86_64.whl',
    'a-1-py3-none-manylinux2014_x86_64.whl',
    'a-1-cp311-none-any.whl',
    'a-1-py311-none-any.whl',
    'a-1-py3-none-any.whl',
    'a-1-py30-none-any.whl',
  ]
  for (let from = 0; from < ranked.length; from++)
    assert.equal(bestWheel(wheels(...ranked.slice(from).toReversed()), tags)?.file, ranked[from])
})

test('among equal tags the highest build wins, then the first name', () => {
  const tags = cpython('3.11.7', 'linux')
  assert.equal(
    bestWheel(wheels('a-1-py3-none-any.whl', 'a-1-10-py3-none-any.whl', 'a-1-9-py3-none-any.whl'), tags)?.file,
    'a-1-10-py3-none-any.whl',
  )
  assert.equal(
    bestWheel(wheels('a-1-1a-py3-none-any.whl', 'a-1-1b-py3-none-any.whl'), tags)?.file,
    'a-1-1b-py3-none-any.whl',
  )
  assert.equal(bestWheel(wheels('b-1-py3-none-any.whl', 'a-1-py3-none-any.whl'), tags)?.file, 'a-1-py3-none-any.whl')
})

test('a wheel that the target does not accept is never picked', () => {
  const tags = cpython('3.11.7', 'x86_64-manylinux_2_28')
  const others = wheels(
    'a-1-cp312-cp312-manylinux_2_17_x86_64.whl',
    'a-1-cp312-abi3-manylinux_2_17_x86_64.whl',
    'a-1-cp311-cp311-manylinux_2_31_x86_64.whl',
    'a-1-cp311-cp311-manylinux_2_17_aarch64.whl',
    'a-1-cp311-cp311-musllinux_1_2_x86_64.whl',
    'a-1-cp311-cp311-macosx_11_0_arm64.whl',
    'a-1-cp311-cp311-win_amd64.whl',
    'a-1-pp39-pypy39_pp73-manylinux_2_17_x86_64.whl',
    'a-1-py2-none-any.whl',
    'a-1-py312-none-any.whl',
    'a-1-cp311-cp311d-manylinux_2_17_x86_64.whl',
    'a-1.tar.gz',
    'nonsense',
  )
  assert.equal(bestWheel(others, tags), null)
  assert.equal(bestWheel([], tags), null)
  assert.equal(bestWheel(wheels('a-1-py3-none-any.whl'), []), null)
})

test('by the end of its name alone a wheel is accepted as by all of it', () => {
  const tags = cpython('3.11.7', 'x86_64-manylinux_2_28')
  const accepted = 'py3-none-any py2.py3-none-any cp38-abi3-linux_x86_64 cp311-cp311-manylinux2014_x86_64.linux_x86_64'
  const others = 'py2-none-any cp311-cp311-win_amd64 cp311-cp311-manylinux_2_31_x86_64 cp312-none-any'
  const names = `${accepted} ${others}`.split(' ').map((tag) => `a-1.0-${tag}.whl`)
  for (const file of [...names, 'a-1.0-1build-PY3-none-any.whl'])
    assert.equal(hasAcceptedTag(file, tags), bestWheel([{ file }], tags) !== null, file)
  assert.equal(hasAcceptedTag('x.whl', tags), false)
})

test('a Python whose number has more digits than any is refused, before a tag is made for each below it', () => {
  for (const python of ['3.9999999.1', '3.100.0', '3.99999999999999999999.1'])
    assert.throws(
      () => supportedTags({ python, implementation: 'cpython', platform: 'x86_64-manylinux_2_36' }),
      RangeError,
    )
})
