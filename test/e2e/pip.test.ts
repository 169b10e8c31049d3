/** What people ask for becomes what real pip and real uv install, from upstreams of every kind. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { findPython, hostPython, pipInstall, uvInstall } from '../support/clients.ts'
import { startIndex, type IndexOptions, type TestIndex } from '../support/index.ts'
import { checkTree, hashTree } from '../support/tree.ts'
import { makeWheel } from '../support/wheels.ts'

/** An upstream each, under its own name; `default` has what no other has. */
const kinds = {
  default: { format: 'negotiated' },
  html: { format: 'html' },
  bare: { format: 'html', coreMetadata: false, etags: false },
  flag: { format: 'json', coreMetadata: 'flag', links: 'absolute', sizes: false },
  old: { format: 'html', coreMetadata: 'dist-info', redirects: true },
  elsewhere: { format: 'json', coreMetadata: 'core', links: 'elsewhere' },
} as const satisfies Record<string, IndexOptions>
type Kind = keyof typeof kinds
const allKinds = Object.keys(kinds) as Kind[]

let indexes: Record<Kind, TestIndex>
let index: TestIndex
let airlock: Airlock

before(async () => {
  const started = allKinds.map(async (kind) => [kind, await startIndex(kinds[kind])] as const)
  indexes = Object.fromEntries(await Promise.all(started)) as Record<Kind, TestIndex>
  index = indexes.default
  for (const kind of allKinds) {
    indexes[kind].add(makeWheel({ name: `${kind}-app`, version: '1.5', requires: [`${kind}-lib>=2`] }))
    indexes[kind].add(makeWheel({ name: `${kind}-lib`, version: '1.0' }))
    indexes[kind].add(makeWheel({ name: `${kind}-lib`, version: '2.1' }))
  }
  const upstreams = Object.fromEntries(
    allKinds.map((kind) => {
      const { url, files } = indexes[kind]
      const projects = kind === 'default' ? [] : [`${kind}-app`, `${kind}-lib`]
      return [kind, { url, projects, files: [`${files.url}/`] }]
    }),
  )
  airlock = await startAirlock({ config: { upstreams } })
})

after(async () => {
  await airlock?.close()
  await Promise.all(Object.values(indexes).map((one) => one.close()))
})

const overHttp = () => ['--index-url', airlock.indexUrl]
const fromFolder = () => ['--index-url', airlock.folderUrl]

/** Asks, waits until it is ready, and says what the closure is. */
async function bring(...requirements: readonly string[]) {
  const { id } = await airlock.ask(...requirements)
  const request = await airlock.ready(id)
  const versions = Object.fromEntries(request.closure!.map(({ project, version }) => [project, version]))
  return { id, request, closure: request.closure!, versions }
}

for (const kind of allKinds) {
  test(`an upstream that is ${kind} (${Object.values(kinds[kind]).join(', ')}) gives what uv installs over HTTP`, async () => {
    const { closure } = await bring(`${kind}-app`)
    const seen = closure.map(({ project, version, origin, root, neededBy, new: isNew }) => {
      return { project, version, origin, root, neededBy, new: isNew }
    })
    assert.deepEqual(seen, [
      { project: `${kind}-app`, version: '1.5', origin: kind, root: true, neededBy: [], new: true },
      { project: `${kind}-lib`, version: '2.1', origin: kind, root: false, neededBy: [`${kind}-app`], new: true },
    ])
    const { status, releases, output } = await uvInstall([...overHttp(), `${kind}-app`])
    assert.equal(status, 0, output)
    assert.deepEqual(releases, { [`${kind}-app`]: '1.5', [`${kind}-lib`]: '2.1' })
  })
}

test('pip installs what came from all of them, over HTTP, by the line that the request gives', async () => {
  const { id } = await airlock.ask(...allKinds.map((kind) => `${kind}-app`))
  const { install } = await airlock.ready(id)
  const [, , ...names] = install.split(' ')
  const { status, releases, output } = await pipInstall([...overHttp(), ...names])
  assert.equal(status, 0, output)
  assert.deepEqual(
    Object.keys(releases).toSorted(),
    allKinds.flatMap((kind) => [`${kind}-app`, `${kind}-lib`]).toSorted(),
  )
})

test('what was fetched before is not fetched again and is not new', async () => {
  await bring('default-app')
  const fetched = index.asked().length
  const { closure } = await bring('default-app', 'default-lib>=2.1')
  assert.deepEqual(index.asked().slice(fetched), [])
  assert.deepEqual(
    closure.map(({ new: isNew }) => isNew),
    [false, false],
  )
})

test('a project comes from the upstream that is trusted with it, whatever the default has', async () => {
  const impostor = makeWheel({ name: 'html-lib', version: '99.0' })
  index.add(impostor)
  const { closure } = await bring('html-lib')
  assert.deepEqual(
    closure.map(({ version, origin }) => [version, origin]),
    [['2.1', 'html']],
  )
  assert.ok(!index.asked().some((line) => line.includes('html-lib')))
})

test('local versions, an epoch, odd names: pip takes them over HTTP, from the folder and from both locks', async (t) => {
  index.add(makeWheel({ name: 'lo', version: '1.0+cu118' }))
  index.add(makeWheel({ name: 'ep', version: '1!2.0' }))
  index.add(makeWheel({ name: 'Odd.Name_X', version: '3.0.post1' }))
  const { id, versions } = await bring('lo', 'ep', 'odd_name.X')
  const expected = { lo: '1.0+cu118', ep: '1!2.0', 'odd-name-x': '3.0.post1' }
  assert.deepEqual(versions, expected)

  const folder = join(airlock.root, 'pip/requests', String(id))
  const url = `${airlock.mirrorUrl}/pip/requests/${id}`
  const hashed = (from: string) => ['--no-deps', '--require-hashes', '-r', `${from}/requirements.txt`]
  const installs = {
    'pip over HTTP': pipInstall([...overHttp(), 'lo', 'ep', 'Odd-Name.X']),
    'pip from the folder': pipInstall([...fromFolder(), 'lo', 'ep', 'ODD__NAME---X']),
    'pip, hashed, over HTTP': pipInstall([...overHttp(), ...hashed(url)]),
    'pip, hashed, from the folder': pipInstall([...fromFolder(), ...hashed(folder)]),
    'uv, hashed, over HTTP': uvInstall([...overHttp(), ...hashed(url)]),
    'uv from the folder': uvInstall([...fromFolder(), 'lo', 'ep', 'odd.name.x']),
    'uv, pylock, from the folder': uvInstall(['-r', join(folder, 'pylock.toml'), '--preview']),
  }
  for (const [how, installing] of Object.entries(installs)) {
    const { status, releases, output } = await installing
    assert.equal(status, 0, `${how}: ${output}`)
    assert.deepEqual(releases, expected, how)
  }
  const { status, releases, output } = await pipInstall(['-r', join(folder, 'pylock.toml')])
  if (/Invalid requirement/.test(output)) t.diagnostic(`pip ${hostPython().pip} does not read pylock.toml yet`)
  else assert.deepEqual([status, releases], [0, expected], output)
})

test('a request may name a project in any spelling, and so may a client', async () => {
  index.add(makeWheel({ name: 'Mixed_Case', version: '1.0' }))
  const { closure } = await bring('mIxEd...cAsE')
  assert.equal(closure[0]!.project, 'mixed-case')
  for (const spelling of ['mixed-case', 'Mixed_Case', 'MIXED.CASE']) {
    const answer = await fetch(`${airlock.indexUrl}${spelling}/`)
    assert.equal(answer.status, 200, spelling)
    assert.match(await answer.text(), /Mixed_Case-1\.0/)
  }
})

test('a pip from before resolvers installs the same from the hashed requirements', async (t) => {
  const old = findPython('3.6') ?? findPython('3.7')
  if (old === null) return t.skip('no Python 3.6 or 3.7 with pip is on this machine')
  t.diagnostic(`pip ${old.pip} on Python ${old.version}`)
  const { id } = await bring('default-app', 'html-app')
  const locked = join(airlock.root, 'pip/requests', String(id), 'requirements.txt')
  // it fails on a file: address where no_proxy is set
  const unset = { no_proxy: '', NO_PROXY: '' }
  for (const [from, env] of [
    [overHttp(), {}],
    [fromFolder(), unset],
  ] as const) {
    const line = [...from, '--no-deps', '--require-hashes', '-r', locked]
    const { status, releases, output } = await pipInstall(line, { python: old.path, env })
    assert.equal(status, 0, output)
    assert.deepEqual(releases, { 'default-app': '1.5', 'default-lib': '2.1', 'html-app': '1.5', 'html-lib': '2.1' })
  }
})

test('with the server stopped everything installs from the folder, and a rebuild writes the very same bytes', async () => {
  await bring('default-app', 'html-app', 'bare-app')
  const before = await hashTree(airlock.root)
  await airlock.stop()
  const names = ['default-app', 'html-app', 'bare-app', 'lo', 'ep', 'Odd.Name.X']
  const installs = await Promise.all([pipInstall([...fromFolder(), ...names]), uvInstall([...fromFolder(), ...names])])
  for (const { status, releases, output } of installs) {
    assert.equal(status, 0, output)
    assert.equal(Object.keys(releases).length, 9)
  }
  await airlock.start()
  assert.deepEqual(await hashTree(airlock.root), before)
  const report = await airlock.call<{ checked: number; written: number }>('/api/maintenance/rebuild', {})
  assert.ok(report.checked > 40)
  assert.equal(report.written, 0)
  assert.deepEqual(await hashTree(airlock.root), before)
})

test('in the end every link of every page resolves and every digest is right', async () => {
  const { faults, pages, links } = await checkTree(airlock.root)
  assert.deepEqual(faults, [])
  assert.deepEqual([pages, links], [16, 16])
})
