import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AirlockError } from '../../server/errors.ts'
import { maxPodDescription, readPodDescription } from '../../server/pod-description.ts'
import { describePod, pythonSections, system } from '../support/description.ts'
import { ownTime } from '../support/own-time.ts'

const whole = describePod(
  ...system,
  ...pythonSections('/usr/bin/python3', { freeze: ['numpy==1.26.4'] }),
  ['dpkg-status', ['Package: aa', 'Status: install ok installed', 'Version: 1', '', 'Package: bb', 'Version: 2']],
  ['apt-sources /etc/apt/sources.list', ['deb http://archive.example/debian stable main']],
  ['apt-preferences /etc/apt/preferences', ['Package: *', 'Pin: release n=stable', 'Pin-Priority: 500']],
  ['apt-config', ['APT::Install-Recommends "0";']],
)

function problemOf(text: string): { line: unknown; reason: string; instead: string } {
  try {
    readPodDescription(text)
  } catch (error) {
    assert.ok(error instanceof AirlockError && error.code === 'pod-description-invalid', String(error))
    const { line, reason, instead } = error.fields as { line: number; reason: { en: string }; instead: { en: string } }
    return { line, reason: reason.en, instead: instead.en }
  }
  throw new assert.AssertionError({ message: 'it was taken' })
}

test('every section is read, blank lines of its content too', () => {
  const pod = readPodDescription(whole)
  assert.deepEqual(
    [pod.system, pod.architecture, pod.libc],
    ['Example OS 12', 'amd64', { name: 'glibc', version: '2.36' }],
  )
  const [python] = pod.pythons
  assert.deepEqual([python?.version, python?.isDefault, python?.tags?.length], ['3.11.2', true, 3])
  assert.equal(python?.freeze, 'numpy==1.26.4\n')
  assert.equal(pod.dpkgStatus?.split('\n\n').length, 2)
  assert.deepEqual(pod.aptSources, [
    { path: '/etc/apt/sources.list', text: 'deb http://archive.example/debian stable main\n', line: 30 },
  ])
  assert.equal(whole.split('\n')[29], ' deb http://archive.example/debian stable main')
})

test('what is absent is absent, and lines that a terminal or another system has changed are still read', () => {
  const bare = readPodDescription('airlock-pod 1\n== end\n')
  assert.deepEqual([bare.pythons, bare.dpkgStatus, bare.aptSources, bare.libc], [[], null, [], null])
  const changed = whole.replaceAll('\n \n', '\n\n').replaceAll('\n', '\r\n')
  assert.deepEqual(readPodDescription(changed), readPodDescription(whole))
})

test('a description that was cut short is refused by name wherever it was cut', () => {
  const lines = whole.trimEnd().split('\n')
  for (let kept = 1; kept < lines.length; kept++) {
    const { line, reason, instead } = problemOf(lines.slice(0, kept).join('\n'))
    assert.equal(line, kept)
    assert.match(reason, /without “== end”: it was cut short/)
    assert.match(instead, /setup\.sh --describe/)
  }
})

const broken: Readonly<Record<string, readonly [(text: string) => string, line: number, RegExp]>> = {
  'another file': [() => 'numpy==1.26.4\n', 1, /does not begin with “airlock-pod 1”/],
  'an empty file': [() => '', 1, /does not begin/],
  'a newer format': [(text) => text.replace('airlock-pod 1', 'airlock-pod 2'), 1, /format 2/],
  'a section nobody knows': [(text) => text.replace('== libc', '== libd'), 7, /no such section/],
  'a heading without its name': [(text) => text.replace('== tags /usr/bin/python3', '== tags'), 16, /its heading/],
  'a heading with a name too many': [(text) => text.replace('== libc', '== libc x'), 7, /its heading/],
  'a section twice': [(text) => text.replace('== libc', '== architecture'), 7, /was there before/],
  'a line without its space': [(text) => text.replace('\n glibc', '\nglibc'), 8, /neither a heading nor content/],
  'content before any heading': [(text) => text.replace('== os-release\n', ''), 2, /before the first heading/],
  'something after the end': [(text) => `${text}more\n`, 38, /follows “== end”/],
  'a control character': [(text) => text.replace('glibc', 'gl\u001bibc'), 8, /control character/],
  'a Python without its version': [(text) => text.replace(/ version 3.*\n/, ''), 9, /version is missing/],
  'a line of a Python that is none': [
    (text) => text.replace('version 3.11.2', 'version'),
    10,
    /not a name and a value/,
  ],
  'the tags of a Python that is not there': [
    (text) => text.replace('== tags /usr/bin/python3', '== tags /usr/bin/python9'),
    16,
    /a Python that is not described/,
  ],
  'a tag that is none': [(text) => text.replace('py3-none-any', 'py3'), 19, /not a wheel’s tag/],
  'a flood': [(text) => text + ' '.repeat(maxPodDescription), 1, /more than/],
}

for (const [what, [spoil, line, reason]] of Object.entries(broken)) {
  test(`${what} is refused with its line and what to do`, () => {
    const spoilt = spoil(whole)
    assert.notEqual(spoilt, whole)
    const problem = problemOf(spoilt)
    assert.equal(problem.line, line)
    assert.match(problem.reason, reason)
    assert.notEqual(problem.instead, '')
  })
}

test('as many headings as fit are read in a time that grows with their number', () => {
  const paths = Array.from({ length: 20_000 }, (_, at) => `/opt/python${at}`)
  const began = ownTime()
  const { pythons } = readPodDescription(
    describePod(...paths.flatMap((path) => pythonSections(path, { tags: ['py3-none-any'] }))),
  )
  assert.ok(ownTime() - began < 5000)
  assert.equal(pythons.length, paths.length)
  assert.deepEqual(pythons.at(-1)?.tags, ['py3-none-any'])
})
