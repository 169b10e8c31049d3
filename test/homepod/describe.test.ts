/** `setup.sh --describe`: what the server reads of it is what this machine is. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { readPodDescription } from '../../server/pod-description.ts'
import { askPython } from '../support/python.ts'
import { makePod, makeTree } from './pod.ts'

const status = `Package: tool
Status: install ok installed
Priority: optional
Maintainer: Somebody <somebody@example.org>
Architecture: amd64
Version: 1.0-1
Depends: libtool1 (>= 1.0),
 libother
Description: a tool
 of several lines
 .
 with an empty one
Conffiles:
 /etc/tool 0123
Multi-Arch: foreign

Package: gone
Status: deinstall ok config-files
Version: 2
`
const thin = `Package: tool
Status: install ok installed
Priority: optional
Architecture: amd64
Version: 1.0-1
Depends: libtool1 (>= 1.0),
 libother
Multi-Arch: foreign

Package: gone
Status: deinstall ok config-files
Version: 2
`
const sources = {
  'etc/os-release': 'PRETTY_NAME="A pod 1"\nID=pod\n',
  'var/lib/dpkg/status': status,
  'etc/apt/sources.list':
    'deb http://lin:s3cret@archive.example/debian bookworm main\ndeb http://lin:p@ss@w0rd@other.example/debian bookworm main\n',
  'etc/apt/sources.list.d/more.sources': 'Types: deb\nURIs: https://token@more.example/x\nSuites: a\nComponents: b\n',
  'etc/apt/preferences.d/pin': 'Package: *\nPin: origin archive.example\nPin-Priority: 900\n',
  'etc/apt/preferences.d/ignored.bak': 'Package: x\n',
}

test('it is read back as what the pod is', async (t) => {
  const pod = await makePod(t, sources)
  const { stdout, stderr } = await pod.setUp(await makeTree(t), ['--describe'])
  const read = readPodDescription(stdout)
  assert.equal(stderr, '')
  assert.equal(read.system, 'A pod 1')
  assert.match(read.architecture!, /^[a-z0-9]+$/)
  assert.deepEqual(read.libc?.name, 'glibc')
  assert.equal(read.dpkgStatus, thin)
  assert.deepEqual(
    read.aptSources.map(({ path }) => path),
    ['/etc/apt/sources.list', '/etc/apt/sources.list.d/more.sources'],
  )
  assert.deepEqual(
    read.aptPreferences.map(({ path }) => path),
    ['/etc/apt/preferences.d/pin'],
  )
  assert.match(read.aptConfig!, /^APT::Architectures:: "/m)
})

test('no password leaves the pod', async (t) => {
  const pod = await makePod(t, sources)
  const { stdout } = await pod.setUp(await makeTree(t), ['--describe'])
  assert.doesNotMatch(stdout, /s3cret|token|w0rd|ss@/)
  assert.match(stdout, /^ deb http:\/\/\*\*\*@archive\.example\/debian bookworm main$/m)
  assert.match(stdout, /^ deb http:\/\/\*\*\*@other\.example\/debian bookworm main$/m)
})

test('its own Python is the default, with the tags of its own pip and what is installed', async (t) => {
  const { stdout } = await (await makePod(t)).setUp(await makeTree(t), ['--describe'])
  const [python, ...others] = readPodDescription(stdout).pythons
  assert.ok(python)
  const asked = askPython(`
import importlib.metadata, platform
from pip._internal.utils.compatibility_tags import get_supported
print(json.dumps({
    "version": platform.python_version(),
    "tags": [str(tag) for tag in get_supported()],
    "names": sorted({one.metadata["Name"] for one in importlib.metadata.distributions()}),
}))`) as { version: string; tags: string[]; names: string[] }
  // the pod's PATH has the system's Python alone
  const system = [python, ...others].find(({ version }) => version === asked.version)
  if (system !== undefined) assert.deepEqual(system.tags, asked.tags)
  assert.equal(python.isDefault, true)
  assert.ok(others.every(({ isDefault }) => !isDefault))
  assert.equal(python.path, '/usr/bin/python3')
  assert.equal(python.implementation, 'cpython')
  assert.match(python.platform, /^(?:x86_64|aarch64)-manylinux_2_\d\d$/)
  for (const line of (python.freeze ?? '').trim().split('\n')) assert.match(line, /^\S+==\S+$/)
})

test('the sources that set-up has moved aside are described, and its own are not', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t, sources)
  const before = (await pod.setUp(tree, ['--describe'])).stdout
  await pod.setUp(tree)
  const after = (await pod.setUp(tree, ['--describe'])).stdout
  const read = (text: string) =>
    readPodDescription(text).aptSources.map(({ path, text: content }) => `${path}\n${content}`)
  assert.deepEqual(read(after).toSorted(), read(before).toSorted())
  assert.doesNotMatch(after, /airlock\/apt\//)
})

test('what is not there has no section, and control characters stay in the pod', async (t) => {
  const pod = await makePod(t, { 'etc/os-release': 'PRETTY_NAME="a\u001b[31m\u0007\r"\n' })
  const { stdout } = await pod.setUp(await makeTree(t), ['--describe'])
  assert.doesNotMatch(stdout, /^== (?:dpkg-status|apt-sources|apt-preferences)/m)
  assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f]/)
  assert.equal(readPodDescription(stdout).system, 'a[31m')
})

test('it needs no Airlock, changes nothing, and leaves nothing', async (t) => {
  const pod = await makePod(t, sources)
  const before = await pod.photograph()
  const tree = await makeTree(t)
  await rm(`${tree}/homepod/targets`)
  await writeFile(`${tree}/empty`, '')
  await pod.setUp(tree, ['--describe'], { env: { TMPDIR: tree } })
  assert.deepEqual(await pod.photograph(), before)
  assert.deepEqual((await readdir(tree)).toSorted(), ['empty', 'homepod'])
})

test('without Python and apt it is still whole', async (t) => {
  const pod = await makePod(t, { 'etc/os-release': 'PRETTY_NAME="bare"\n', 'bin/': '' })
  for (const name of 'awk cat cksum cp cut dirname env grep head id ls mktemp rm sed sort tr uname wc'.split(' '))
    execFileSync('ln', ['-s', execFileSync('which', [name], { encoding: 'utf8' }).trim(), `${pod.root}/bin/${name}`])
  const { stdout } = await pod.setUp(await makeTree(t), ['--describe'], {
    env: { PATH: `${pod.root}/bin` },
    shell: ['/usr/bin/dash'],
  })
  const read = readPodDescription(stdout)
  assert.equal(read.system, 'bare')
  assert.match(read.architecture!, /^\w+$/)
})
