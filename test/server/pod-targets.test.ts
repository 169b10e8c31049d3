/** Targets that are added while the server runs, on the real server between an index and archives that lie on loopback. */
import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ProblemView, TargetView } from '../../server/contract.ts'
import { airlock as command, zh } from '../cli/console.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive, type Archive } from '../support/archive.ts'
import { describePod, pythonSections, system, type Section } from '../support/description.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

let index: TestIndex
let archive: Archive
let strange: Archive
let airlock: Airlock

before(async () => {
  index = await startIndex()
  for (const version of ['1.0', '2.0']) index.add(makeWheel({ name: 'aa', version }))
  index.add(makeWheel({ name: 'bb', version: '1.0', requiresPython: '>=3.11.5' }), { requiresPython: '>=3.11.5' })
  archive = await startArchive()
  strange = await startArchive()
  await archive.add({ name: 'tool', depends: 'libtool' }, { name: 'libtool', architecture: 'amd64' })
  const apt = { architectures: ['amd64'], sources: archive.sources, status: 'none', updateAfter: 0 }
  const pip = { python: '3.12.1', platform: 'x86_64-manylinux_2_36' }
  airlock = await startAirlock({ index: index.url, config: { targets: { default: { apt, pip } } } })
})

after(async () => {
  await airlock?.close()
  await Promise.all([index?.close(), archive?.close(), strange?.close()])
})

const run = (args: readonly string[], stdin = '', env = {}) =>
  command(airlock.consoleUrl, args, { every: 20, stdin, env })
const source = (text: string, path = '/etc/apt/sources.list'): Section => [
  `apt-sources ${path}`,
  text.trimEnd().split('\n'),
]
const aptOf = (uri: string): Section => source(`deb ${uri} stable main`)
const add = (name: string, description: string, ...more: readonly string[]) =>
  run(['target', 'add', name, '-', ...more], description)
const listed = async () => (await airlock.call<{ targets: TargetView[] }>('/api/targets')).targets

/** An answer of the API that refuses. */
async function refused(name: string, description: string, more: object = {}): Promise<ProblemView> {
  const answer = await fetch(`${airlock.consoleUrl}/api/targets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, description, ...more }),
  })
  assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  return (await answer.json()) as ProblemView
}

test('an added target is there at once: listed, in the tree, and fulfilled for the pod as it is', async () => {
  const status = ['Package: libtool', 'Status: install ok installed', 'Architecture: amd64', 'Version: 1.0-1']
  const pod = describePod(
    ...system,
    ...pythonSections('/usr/bin/python3', { freeze: ['aa==1.0'] }),
    ['dpkg-status', status],
    aptOf(archive.url),
    ['apt-config', ['APT::Install-Recommends "0";', 'APT::Architectures "amd64";', 'APT::Architectures "arm64";']],
  )
  const { code, out, err } = await add('old', pod)
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^Target old is there from now on:\n {2}pip .* Python 3\.11\.2, x86_64-manylinux_2_36\n/)
  const [pip, apt] = (await listed()).filter(({ name }) => name === 'old')
  assert.deepEqual(
    [pip?.facts['installed'], apt?.facts['architectures'], apt?.facts['recommends']],
    [1, ['amd64', 'arm64'], false],
  )
  assert.match(pip!.addedAt!, /^\d{4}-/)
  assert.match(await readFile(join(airlock.root, 'homepod/targets'), 'utf8'), /^pip old simple .*\n/m)
  assert.match(await readFile(join(airlock.root, 'apt/old/InRelease'), 'utf8'), /^Suite: old$/m)

  const [asked] = await airlock.askFor({ ecosystem: 'pip', requirements: ['aa'], targets: ['old'] })
  const ready = await airlock.ready(asked!.id)
  assert.deepEqual(
    ready.closure?.map(({ file }) => file),
    ['aa-1.0-py3-none-any.whl'],
    'what the pod has is preferred',
  )
  // its own patch version is 3.11.2, where the default's is 3.12.1
  const [young] = await airlock.askFor({ ecosystem: 'pip', requirements: ['bb'], targets: ['old'] })
  assert.equal((await airlock.problem(young!.id)).code, 'pip-release-unusable')
  const [tool] = await airlock.askFor({ ecosystem: 'apt', requirements: ['tool'], targets: ['old'] })
  await airlock.ready(tool!.id)
})

test('it is there after a restart, and can be shown as it was added', async () => {
  await airlock.stop()
  await airlock.start()
  const { code, out } = await run(['target', 'show', 'old'])
  assert.equal(code, 0)
  assert.match(out, /\nairlock-pod 1\n== os-release\n/)
  const [tool] = await airlock.askFor({ ecosystem: 'apt', requirements: ['tool'], targets: ['old'], refresh: true })
  await airlock.ready(tool!.id)
})

test('of several Pythons the pod’s default is taken, or the one that is named', async () => {
  const pod = describePod(
    ...system,
    ...pythonSections('/opt/conda/bin/python3', { version: '3.10.4', isDefault: false }),
    ...pythonSections('/usr/bin/python3'),
  )
  assert.equal((await add('usual', pod)).code, 0)
  assert.equal((await add('conda', pod, '--python', '/opt/conda/bin/python3', '--index', 'conda')).code, 0)
  const pip = new Map((await listed()).map((target) => [target.name, target]))
  assert.equal(pip.get('usual')?.facts['python'], '3.11.2')
  assert.deepEqual([pip.get('conda')?.facts['python'], pip.get('conda')?.facts['index']], ['3.10.4', 'conda'])
  assert.match(await readFile(join(airlock.root, 'pip/conda/index.html'), 'utf8'), /<html/)
  const unknown = await refused('other', pod, { python: '/usr/bin/python9' })
  assert.equal(unknown.code, 'pod-python-unknown')
  assert.match(unknown.hint, /\/opt\/conda\/bin\/python3, \/usr\/bin\/python3/)
})

test('a Python’s platform may be sysconfig’s, or newer than the solver knows', async () => {
  const pod = (platform: string) =>
    describePod(...system, ...pythonSections('/usr/bin/python3', { platform, tags: [] }))
  await add('sys', pod('linux-x86_64'))
  await add('new', pod('x86_64-manylinux_2_43'))
  const platforms = new Map((await listed()).map(({ name, facts }) => [name, facts['platform']]))
  assert.deepEqual([platforms.get('sys'), platforms.get('new')], ['x86_64-manylinux_2_36', 'x86_64-manylinux_2_40'])
  for (const [platform, more] of [
    ['macosx-14-arm64', {}],
    ['linux-mips', {}],
    ['linux-ppc64le', { tags: ['cp311-cp311-linux_ppc64le'] }],
    ['s390x-unknown-linux-gnu', { tags: ['cp311-cp311-linux_s390x'] }],
    ['x86_64-manylinux_2_36', { implementation: 'pypy' }],
    ['x86_64-manylinux_2_36', { version: '2.7.18' }],
  ] as const) {
    const described = describePod(...system, ...pythonSections('/usr/bin/python3', { platform, tags: [], ...more }))
    const problem = await refused('strange', described)
    assert.deepEqual([problem.code, problem.fields['line']], ['pod-description-invalid', 9], platform)
  }
})

test('an archive that nobody configured is refused, and nothing is asked of it', async () => {
  const asked = strange.asked.length
  const python = pythonSections('/usr/bin/python3')
  for (const section of [
    aptOf(strange.url),
    // one allowed entry does not carry another
    source(`deb ${archive.url} stable main\ndeb ${strange.url} stable main`),
    source(strange.sources, '/etc/apt/sources.list.d/strange.sources'),
    aptOf(`${new URL(archive.url).origin.replace('127.0.0.1', 'localhost')}/`),
    aptOf(archive.url.replace('http:', 'https:')),
    aptOf('file:/etc'),
    aptOf('cdrom:[disc]/'),
    aptOf(`http://${new URL(archive.url).host}@archive.example/`),
  ]) {
    const problem = await refused('wide', describePod(...system, ...python, section))
    assert.equal(problem.code, 'pod-source-refused', section[1].join('\n'))
    assert.match(problem.detail, /^Line \d+ of the pod’s description: /)
    assert.match(problem.hint, /upstreams\.apt in airlock\.yaml/)
  }
  assert.equal(strange.asked.length, asked)
  assert.ok(!(await listed()).some(({ name }) => name === 'wide'), 'neither of its ecosystems is there')
  const only = await add('wide', describePod(...system, ...python, aptOf(strange.url)), '--only', 'pip')
  assert.equal(only.code, 0)
})

test('a description cannot say that an archive need not be verified, nor by which key', async () => {
  const trusted = source(`deb [trusted=yes allow-insecure=yes] ${archive.url} stable main`)
  assert.equal((await add('trusting', describePod(...system, trusted))).code, 0)
  // the key of another archive in the place of the right one
  const other = source(strange.sourcesAt(archive.url), '/etc/apt/sources.list.d/x.sources')
  assert.equal((await add('otherkey', describePod(...system, other))).code, 0)
  const [fine] = await airlock.askFor({ ecosystem: 'apt', requirements: ['tool'], targets: ['otherkey'] })
  await airlock.ready(fine!.id)
  archive.spoil = (path, bytes) =>
    path.endsWith('InRelease') && bytes ? Buffer.from(bytes.toString().replace('Origin', 'Orig1n')) : bytes
  try {
    const [forged] = await airlock.askFor({ ecosystem: 'apt', requirements: ['tool'], targets: ['trusting'] })
    assert.equal((await airlock.problem(forged!.id)).code, 'apt-update-failed')
  } finally {
    archive.spoil = (_, bytes) => bytes
  }
})

test('credentials that were hidden at the source are neither kept nor sent', async () => {
  const uri = archive.url.replace('http://', 'http://***@')
  assert.equal((await add('hidden', describePod(...system, aptOf(uri)))).code, 0)
  const target = (await listed()).find(({ name }) => name === 'hidden')
  assert.deepEqual(target?.facts['repositories'], [archive.url])
})

test('a name that is taken, a description that says nothing, one that was cut: each says what to do', async () => {
  const pod = describePod(...system, ...pythonSections('/usr/bin/python3'))
  const taken = await refused('default', pod)
  assert.deepEqual([taken.status, taken.code], [409, 'target-taken'])
  assert.equal((await refused('old', pod)).code, 'target-taken')
  assert.equal((await refused('empty', describePod(...system))).code, 'pod-empty')
  assert.equal((await refused('cut', pod.slice(0, -8))).code, 'pod-description-invalid')
  for (const name of ['pool', 'requests', 'Upper', '../x', '']) assert.equal((await refused(name, pod)).status, 400)
  const noSource = await refused('nosource', describePod(...system, source('# nothing here')))
  assert.match(noSource.hint, /before it is set up/)
  const chinese = await run(['target', 'add', 'default', '-'], pod, zh)
  assert.match(chinese.err, /已有名为 “default” 的目标环境/)
})

test('a description may come as text, as curl sends a file', async () => {
  const pod = describePod(...system, ...pythonSections('/usr/bin/python3'))
  const answer = await fetch(`${airlock.consoleUrl}/api/targets?name=curled`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: pod,
  })
  assert.equal(answer.status, 201)
  assert.ok((await listed()).some(({ name }) => name === 'curled'))
})

test('a removed target is gone, what it published stays, and the configuration’s cannot be removed', async () => {
  const { code, out } = await run(['target', 'remove', 'old'])
  assert.deepEqual([code, out], [0, 'Target old is removed. What it has published stays.\n'])
  assert.ok(!(await listed()).some(({ name }) => name === 'old'))
  await readFile(join(airlock.root, 'apt/old/InRelease'))
  assert.equal((await run(['target', 'remove', 'default'])).code, 5)
  assert.equal((await run(['target', 'remove', 'old'])).code, 5)
  assert.equal((await run(['target', 'show', 'old'])).code, 5)
  assert.match((await airlock.get(1)).requirements.join(), /aa/, 'its requests can still be read')
  const lock = join(airlock.root, 'pip/requests/1/requirements.txt')
  const before = await readFile(lock)
  await rm(lock)
  assert.equal((await run(['rebuild'])).code, 0)
  assert.deepEqual(await readFile(lock), before, 'also what only its requests have comes again')
})

test('one that the configuration names since then, or whose archive is no longer allowed, is set aside and said to be', async () => {
  await add('both', describePod(...system, aptOf(archive.url)))
  await airlock.stop()
  const file = join(airlock.state, 'airlock.yaml')
  const whole = JSON.parse(await readFile(file, 'utf8')) as { targets: { default: { apt: object; pip: object } } }
  const { apt, pip } = whole.targets.default
  await writeFile(
    file,
    JSON.stringify({
      ...whole,
      targets: { default: { pip, apt: { ...apt, sources: strange.sources } }, both: { pip } },
    }),
  )
  await airlock.start()
  const { code, err, out } = await run(['targets'])
  assert.equal(code, 0)
  assert.match(err, /Target both is not offered: There is a target “both” already, from airlock\.yaml/)
  assert.match(err, /Target hidden is not offered: Line \d+ of the pod’s description: .* may ask/)
  assert.equal(out.match(/^both /gm)?.length, 1)
  // it may be removed all the same
  assert.equal((await run(['target', 'remove', 'both'])).code, 0)
  assert.ok((await listed()).some(({ name, source: from }) => name === 'both' && from === 'airlock.yaml'))

  // what is configured for itself is allowed, with its key
  await airlock.stop()
  await writeFile(
    file,
    JSON.stringify({
      ...whole,
      upstreams: {
        ...(whole as { upstreams?: object }).upstreams,
        apt: { strange: { url: strange.url, signedBy: strange.key.toPublic().armor() } },
      },
    }),
  )
  await airlock.start()
  assert.equal((await add('wider', describePod(...system, aptOf(strange.url)))).code, 0)
  await strange.add({ name: 'odd' })
  const [odd] = await airlock.askFor({ ecosystem: 'apt', requirements: ['odd'], targets: ['wider'] })
  await airlock.ready(odd!.id)
})
