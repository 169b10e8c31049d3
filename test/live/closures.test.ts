/** A few real closures from the upstream that this machine's pip uses, small enough to be asked for at every run. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RequestDetail } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { findPython, pipInstall, uvInstall } from '../support/clients.ts'
import { checkTree } from '../support/tree.ts'

let airlock: Airlock

before(async () => {
  const host = { python: '3.11.7', platform: 'x86_64-manylinux_2_36' }
  const py38 = { python: '3.8.18', platform: 'x86_64-manylinux_2_31', index: 'py38' }
  airlock = await startAirlock({ live: true, config: { targets: { default: { pip: host }, py38: { pip: py38 } } } })
})

after(() => airlock?.close())

async function bring(target: string, ...requirements: readonly string[]): Promise<RequestDetail> {
  const [asked] = await airlock.askFor({ ecosystem: 'pip', requirements: [...requirements], targets: [target] })
  const request = await airlock.wait(asked!.id, undefined, 120_000)
  assert.equal(request.state, 'ready', JSON.stringify(request.problem))
  return request
}

const versionsOf = ({ closure }: RequestDetail) =>
  Object.fromEntries(closure!.map(({ project, version }) => [project, version]))
const target311 = ['--python-version', '3.11', '--python-platform', 'x86_64-manylinux_2_36']

for (const [requirement, others] of [
  ['fonttools', []],
  ['requests', ['certifi', 'charset-normalizer', 'idna', 'urllib3']],
  ['httpx[http2]', ['anyio', 'certifi', 'h11', 'h2', 'hpack', 'httpcore', 'hyperframe', 'idna']],
] as const) {
  test(`${requirement}: closure, pages and what uv installs agree`, { timeout: 150_000 }, async () => {
    const request = await bring('default', requirement)
    const versions = versionsOf(request)
    for (const name of others) assert.ok(name in versions, name)
    for (const item of request.closure!) {
      assert.equal(item.root, item.project === requirement.replace(/\[.*/, ''), item.project)
      assert.ok(item.root || item.neededBy.length > 0, `somebody needs ${item.project}`)
      assert.match(item.sha256, /^[0-9a-f]{64}$/)
    }
    const { status, releases, output } = await uvInstall([
      '--default-index',
      airlock.indexUrl,
      ...target311,
      requirement,
    ])
    assert.equal(status, 0, output)
    assert.deepEqual(releases, versions)
  })
}

test(
  'a small set for Python 3.8 on an older glibc: old releases, their wheels, their markers',
  { timeout: 240_000 },
  async (t) => {
    const request = await bring('py38', 'numpy', 'requests', 'jsonschema', 'pyyaml')
    const versions = versionsOf(request)
    // the last ones that support 3.8
    assert.match(versions['numpy']!, /^1\.24\./)
    assert.match(versions['jsonschema']!, /^4\.23\./)
    // for Python below 3.9 only
    for (const name of ['importlib-resources', 'pkgutil-resolve-name', 'zipp']) assert.ok(name in versions, name)
    const files = request.closure!.map(({ file }) => file)
    for (const file of files)
      assert.match(
        file,
        /-(?:cp38-cp38-manylinux[\w.]+_x86_64|(?:py2\.)?py3-none-any|cp3\d-abi3-manylinux[\w.]+_x86_64)\.whl$/,
      )

    const python = findPython('3.8')
    if (python === null) return t.diagnostic('not installed: this machine has no Python 3.8 with pip')
    t.diagnostic(`pip ${python.pip} on Python ${python.version}`)
    const index = ['--index-url', `${airlock.mirrorUrl}/pip/py38/`]
    const { status, releases, output } = await pipInstall([...index, 'numpy', 'requests', 'jsonschema', 'pyyaml'], {
      python: python.path,
    })
    assert.equal(status, 0, output)
    assert.deepEqual(releases, versions)
  },
)

test('a name that nobody has, asked of a real upstream', { timeout: 60_000 }, async () => {
  const { id } = await airlock.ask('reqeusts-that-nobody-has-ever-made')
  const { code } = await airlock.problem(id)
  assert.equal(code, 'package-not-found')
})

test('every page is right', async () => {
  const { faults, links } = await checkTree(airlock.root)
  assert.deepEqual(faults, [])
  assert.ok(links > 20)
})
