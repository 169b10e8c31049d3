import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluateMarker, markerEnvironment, parseMarker, renderMarker, variablesOf } from '../../server/pip/marker.ts'
import { askPython } from '../support/python.ts'

const target = { python: '3.11.7', implementation: 'cpython', platform: 'x86_64-manylinux_2_36' } as const
const environment = markerEnvironment(target)
const holds = (marker: string, extra?: string) => evaluateMarker(parseMarker(marker), environment, extra)

test('a target’s environment is what its own Python says', () => {
  const pip = askPython(
    'from pip._vendor.packaging.markers import default_environment\nimport platform\nprint(json.dumps([default_environment(), platform.libc_ver()[1]]))',
  ) as [Record<string, string>, string]
  const [theirs, libc] = pip
  const own = markerEnvironment({
    python: theirs.python_full_version!,
    implementation: theirs.implementation_name!,
    platform: `${theirs.platform_machine}-manylinux_${libc.replace('.', '_')}`,
  })
  assert.deepEqual(own, { ...theirs, platform_release: '', platform_version: '' })
})

test('a marker holds where pip says that it holds', () => {
  const markers = [
    'python_version >= "3.8"',
    'python_version < "3.8"',
    'python_version == "3.11"',
    'python_version == "3.11.*"',
    'python_version != "3.11"',
    'python_version ~= "3.7"',
    'python_version > "3.9"',
    'python_version >= "3.11.0"',
    'python_version <= "3.11"',
    '"3.8" <= python_version',
    'python_full_version < "3.11.7"',
    'python_full_version >= "3.11.7"',
    'python_full_version == "3.11.*"',
    'python_full_version < "3.12.0rc1"',
    'python_version in "2.7 3.11"',
    'python_version not in "2.7 3.6"',
    'python_version in "3.110"',
    'implementation_version >= "3.9"',
    'implementation_name == "cpython"',
    'implementation_name != "pypy"',
    'platform_python_implementation == "CPython"',
    'platform_python_implementation != "PyPy"',
    "platform_python_implementation == 'PyPy' or sys_platform == 'linux'",
    'sys_platform == "win32"',
    'sys_platform == "linux"',
    'sys_platform != "darwin" and sys_platform != "emscripten"',
    '"linux" in sys_platform',
    '"win" not in sys_platform',
    'os_name == "nt"',
    'os.name == "posix"',
    "sys.platform == 'linux2'",
    'platform_system == "Windows"',
    'platform_system in "Linux Darwin"',
    'platform_machine == "x86_64"',
    'platform_machine in "x86_64 AMD64 win32"',
    'platform_machine == "aarch64" or (platform_machine == "ppc64le" or platform_machine == "x86_64")',
    'os_name == "nt" and python_version < "3" or sys_platform == "linux"',
    'os_name == "nt" and (python_version < "3" or sys_platform == "linux")',
    'os_name >= "a"',
    'sys_platform < "z"',
    'extra == "dev"',
    'extra == "DEV"',
    'extra != "dev"',
    'python_version >= "3.8" and extra == "dev"',
    'platform_release == ""',
    'platform_version == ""',
  ]
  const variables = { ...environment, extra: 'dev' }
  const theirs = askPython(
    'from pip._vendor.packaging.markers import Marker\nprint(json.dumps([Marker(m).evaluate(question[1]) for m in question[0]]))',
    [markers, variables],
  ) as boolean[]
  for (const [at, marker] of markers.entries())
    // names of extras are compared in their normal form, as newer libraries do
    assert.equal(holds(marker, 'dev'), marker.includes('"DEV"') ? true : theirs[at], marker)
})

test('without an extra, what needs one does not hold', () => {
  assert.ok(!holds('extra == "dev"'))
  assert.ok(holds('extra != "dev"'))
  assert.ok(holds('extra == "dev" or os_name == "posix"'))
  assert.ok(holds('extra == "some_Thing"', 'some-thing'))
  assert.ok(holds('"dev" == extra', 'dev'))
})

test('a comparison without meaning does not hold', () => {
  for (const marker of ['sys_platform ~= "linux"', 'os_name ~= "1.0"']) assert.ok(!holds(marker), marker)
  // a version that is none is compared as a text
  assert.ok(!holds('python_version == "three"'))
  assert.ok(holds('python_version != "three"'))
})

test('brackets are written only where they change the meaning, and never lost there', () => {
  const forms = {
    'os_name == "a" or os_name == "b" and os_name == "c"': ['os_name=="a" or (os_name=="b" and os_name=="c")'],
    '(os_name == "a" or os_name == "b") and os_name == "c"': ['((os_name=="a") or os_name=="b")and(os_name=="c")'],
    'os_name == "a" and os_name == "b" and os_name == "c"': [
      '(os_name=="a" and os_name=="b") and os_name=="c"',
      'os_name=="a" and (os_name=="b" and (os_name=="c"))',
    ],
  }
  for (const [text, spellings] of Object.entries(forms))
    for (const spelling of [text, ...spellings]) assert.equal(renderMarker(parseMarker(spelling)), text)
})

test('every variable of a marker is found', () => {
  const marker = parseMarker('os_name == "a" and (python_version > "3" or "x" in extra)')
  assert.deepEqual([...variablesOf(marker)].toSorted(), ['extra', 'os_name', 'python_version'])
})
