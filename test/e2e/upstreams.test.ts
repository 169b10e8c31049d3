/** Several upstreams, each trusted with its own projects; requirements files; many requests at once. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import type { RequestView } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { pipInstall } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { startProxy } from '../support/proxy.ts'
import { checkTree } from '../support/tree.ts'
import { makeWheel } from '../support/wheels.ts'

const run = promisify(execFile)
const python = { python: '3.11.7', platform: 'x86_64-manylinux_2_36' }
const names = ['main', 'cu118', 'cu121', 'house'] as const

let indexes: Record<(typeof names)[number], TestIndex>
let airlock: Airlock

before(async () => {
  indexes = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await startIndex()] as const)),
  ) as typeof indexes
  const { main, cu118, cu121, house } = indexes
  main.add(makeWheel({ name: 'trainer', version: '1.0', requires: ['torch>=2', 'our-models'] }))
  main.add(makeWheel({ name: 'torch', version: '2.9.0' }))
  main.add(makeWheel({ name: 'our-models', version: '99.0', summary: 'somebody else’s, under our name' }))
  main.add(makeWheel({ name: 'plain', version: '1.0' }))
  cu118.add(makeWheel({ name: 'torch', version: '2.4.0+cu118' }))
  cu121.add(makeWheel({ name: 'torch', version: '2.4.0+cu121' }))
  house.add(makeWheel({ name: 'our-models', version: '1.2' }))
  for (let n = 0; n < 12; n++) {
    main.add(
      makeWheel({ name: `many-${n}`, version: '1.0', requires: [`many-base`, ...(n > 0 ? [`many-${n - 1}`] : [])] }),
    )
  }
  main.add(makeWheel({ name: 'many-base', version: '1.0' }))
  airlock = await startAirlock({
    config: {
      upstreams: {
        default: { url: main.url },
        'torch-118': { url: cu118.url, projects: ['torch'] },
        house: { url: house.url, projects: ['Our_Models'] },
      },
      targets: { default: { pip: { ...python, index: 'simple' } } },
    },
  })
})

after(async () => {
  await airlock?.close()
  await Promise.all(Object.values(indexes).map((index) => index.close()))
})

test('a transitive project comes from the upstream that names it, and from no other', async () => {
  const { id } = await airlock.ask('trainer')
  const { closure } = await airlock.ready(id)
  const origins = Object.fromEntries(closure!.map(({ project, version, origin }) => [project, `${version} ${origin}`]))
  assert.deepEqual(origins, { trainer: '1.0 default', torch: '2.4.0+cu118 torch-118', 'our-models': '1.2 house' })
  assert.ok(
    indexes.main.asked().every((request) => !/torch|our-models/.test(request)),
    'the default index is not even asked',
  )
})

test('a project of the house is never taken from elsewhere, not even when the house is down', async () => {
  const house = await startIndex()
  const other = await startAirlock({
    config: {
      upstreams: { default: { url: indexes.main.url }, house: { url: house.url, projects: ['our-models'] } },
      targets: { default: { pip: python } },
    },
    preload: ['impatient.ts'],
  })
  try {
    await house.close()
    const { id } = await other.ask('our-models')
    assert.match((await other.problem(id)).code, /^upstream-/)
    const unaffected = await other.ask('plain')
    await other.ready(unaffected.id)
  } finally {
    await other.close()
  }
})

test('targets that read different indexes get different builds of one project, and each index has its own', async () => {
  const builds = ['cu118', 'cu121'] as const
  for (const build of builds) {
    const one = await startAirlock({
      config: {
        upstreams: {
          default: { url: indexes.main.url },
          torch: { url: indexes[build].url, projects: ['torch'] },
          house: { url: indexes.house.url, projects: ['our-models'] },
        },
        targets: { [build]: { pip: { ...python, index: build } } },
      },
    })
    try {
      const [asked] = await one.askFor({ ecosystem: 'pip', requirements: ['trainer'], targets: [build] })
      const ready = await one.ready(asked!.id)
      const torch = ready.closure!.find(({ project }) => project === 'torch')
      assert.equal(torch!.version, `2.4.0+${build}`)
      assert.equal(torch!.proved, null, 'the proof picked the same')
      const page = JSON.parse(await readFile(join(one.root, `pip/${build}/torch/index.json`), 'utf8')) as {
        versions: string[]
      }
      assert.deepEqual(page.versions, [`2.4.0+${build}`])
    } finally {
      await one.close()
    }
  }
})

test('an outbound proxy with a password is used, and the password is nowhere to be read', async () => {
  const secret = 'p4ssw0rd-of-the-proxy'
  const index = await startIndex()
  index.add(makeWheel({ name: 'behind', version: '1.0' }))
  const proxy = await startProxy(Number(new URL(index.url).port))
  const proxied = proxy.url.replace('//', `//lin:${secret}@`)
  const one = await startAirlock({
    config: {
      upstreams: { default: { url: `http://user:${secret}@outside.example/simple/` } },
      targets: { default: { pip: python } },
    },
    env: { http_proxy: proxied, HTTP_PROXY: proxied, no_proxy: '' },
    // the guard sets a proxy of its own, which refuses
    live: true,
  })
  try {
    const { id } = await one.ask('behind')
    const ready = await one.ready(id)
    assert.ok(
      proxy.asked.length > 0 && proxy.asked.every(({ headers }) => headers['proxy-authorization'] !== undefined),
    )
    assert.ok(!JSON.stringify(ready).includes(secret), 'not in the API')
    assert.ok(!one.log().includes(secret), 'not in the log')
    const files = await readdir(one.folder, { recursive: true, withFileTypes: true })
    for (const entry of files.filter((file) => file.isFile() && file.name !== 'airlock.yaml')) {
      const bytes = await readFile(join(entry.parentPath, entry.name))
      assert.ok(!bytes.includes(secret), `not in ${entry.name}`)
    }
    assert.ok(
      (await run('ps', ['-eo', 'args'])).stdout.split('\n').every((line) => !line.includes(secret)),
      'in no command line',
    )
  } finally {
    await one.close()
    await proxy.close()
    await index.close()
  }
})

test('a requirements file goes in by curl, with a constraint and hashes, and installs', async (t) => {
  const wheel = makeWheel({ name: 'pinned', version: '1.0', requires: ['bounded'] })
  indexes.main.add(wheel)
  indexes.main.add(makeWheel({ name: 'bounded', version: '1.0' }))
  indexes.main.add(makeWheel({ name: 'bounded', version: '2.0' }))
  const file = join(airlock.folder, 'requirements.txt')
  await writeFile(
    file,
    `# what the service needs\n-i ${indexes.main.url}\npinned==1.0 \\\n    --hash=sha256:${wheel.sha256}\nplain ; python_version >= "3.8"\n`,
  )
  const url = `${airlock.consoleUrl}/api/requests?constraint=${encodeURIComponent('bounded<2')}&requester=lin`
  const { stdout } = await run('curl', ['-sS', '--data-binary', `@${file}`, '-H', 'content-type: text/plain', url])
  const [asked] = (JSON.parse(stdout) as { requests: RequestView[] }).requests
  const ready = await airlock.ready(asked!.id)
  assert.deepEqual(ready.requirements, ['pinned==1.0', 'plain ; python_version >= "3.8"'])
  assert.equal(ready.requester, 'lin')
  assert.equal(ready.closure!.find(({ project }) => project === 'bounded')!.version, '1.0')
  const installed = await pipInstall(['--index-url', airlock.indexUrl, 'pinned', 'bounded<2', 'plain'])
  assert.equal(installed.status, 0, installed.output)
  t.diagnostic(installed.output.trim().split('\n').at(-1)!)
})

test('a hash that fits no file of the release, a stray line and a foreign page are refused by name', async () => {
  indexes.main.add(makeWheel({ name: 'hashed', version: '1.0' }))
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${airlock.consoleUrl}/api/requests`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', ...headers },
      body,
    })
  const accepted = (await (await post(`hashed==1.0 --hash=sha256:${'0'.repeat(64)}\n`)).json()) as {
    requests: RequestView[]
  }
  assert.equal((await airlock.problem(accepted.requests[0]!.id)).code, 'hash-unmatched')
  const stray = (await (await post('plain\n-e .\n')).json()) as { code: string; detail: string }
  assert.equal(stray.code, 'requirement-refused')
  assert.match(stray.detail, /^Line 2: /)
  assert.equal((await post('plain\n', { origin: 'https://elsewhere.example' })).status, 403)
})

test('fifty requests at once that overlap are all ready, and each file was fetched once', async () => {
  const asked = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      airlock.ask(`many-${n % 12}`, ...(n % 3 === 0 ? ['plain'] : []), ...(n % 5 === 0 ? ['many-base'] : [])),
    ),
  )
  for (const { id } of asked) await airlock.ready(id)
  const fetched = indexes.main.files.requests
    .filter(({ path, method }) => method === 'GET' && /many.*\.whl$/.test(path))
    .map(({ path }) => path)
  assert.equal(new Set(fetched).size, 13)
  assert.equal(fetched.length, 13, 'nothing twice')
  await checkTree(airlock.root)
})

test('the same asked again is ready at once and asks upstream nothing; refresh asks anew', async () => {
  const first = await airlock.ready((await airlock.ask('plain')).id)
  const before = indexes.main.asked().length
  const again = await airlock.ready((await airlock.ask('plain')).id)
  assert.equal(indexes.main.asked().length, before)
  assert.deepEqual(
    again.timeline.map(({ state }) => state),
    ['publishing', 'ready'],
  )
  assert.deepEqual(
    again.closure!.map(({ file }) => file),
    first.closure!.map(({ file }) => file),
  )
  await readFile(join(airlock.root, `pip/requests/${again.id}/requirements.txt`))
  const [fresh] = await airlock.askFor({ ecosystem: 'pip', requirements: ['plain'], refresh: true })
  await airlock.ready(fresh!.id)
  assert.ok(indexes.main.asked().length > before)
})

test('a root that comes older than what is out says so, and why', async () => {
  indexes.main.add(makeWheel({ name: 'held', version: '1.0' }))
  indexes.main.add(makeWheel({ name: 'held', version: '2.0', requires: ['nowhere-to-be-found>=1'] }))
  const { remarks, closure } = await airlock.ready((await airlock.ask('held')).id)
  assert.equal(closure![0]!.version, '1.0')
  assert.equal(remarks[0]!.code, 'kept-back')
  assert.match(remarks[0]!.message, /2\.0/)
  assert.match(remarks[0]!.message, /nowhere-to-be-found/)
})
