/** What upstream and people get wrong: each request ends in a problem that says so, and pods go on seeing what they saw. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NewRequest } from '../../server/contract.ts'
import { startAirlock, type Airlock, type Refused } from '../support/airlock.ts'
import { uvInstall } from '../support/clients.ts'
import { gate } from '../support/gate.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { checkTree, hashTree } from '../support/tree.ts'
import { bomb, cut, file, page, redirect, reset, silence, stall, status, trickle } from '../support/upstream.ts'
import { makeSdist, makeWheel, type MadeWheel, type WheelOptions } from '../support/wheels.ts'

let index: TestIndex
let airlock: Airlock
let published: Record<string, string>

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'requests', version: '2.0', requires: ['urllib3'] }))
  index.add(makeWheel({ name: 'urllib3', version: '2.0' }))
  airlock = await startAirlock({ index: index.url, preload: ['impatient.ts'], config: { builds: { pip: 'off' } } })
  await airlock.ready((await airlock.ask('requests')).id)
  published = await hashTree(airlock.root)
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

/** Invariant of this file: a test that publishes says so by calling it. */
async function publishes(): Promise<void> {
  published = await hashTree(airlock.root)
}

afterEach(async () => {
  assert.deepEqual(await hashTree(airlock.root), published, 'not a byte that a pod sees has changed')
})

function add(options: WheelOptions, listing: Parameters<TestIndex['add']>[1] = {}): MadeWheel {
  const wheel = makeWheel(options)
  index.add(wheel, listing)
  return wheel
}

const failure = async (...requirements: string[]) => airlock.problem((await airlock.ask(...requirements)).id)
const askedFor = (wheel: MadeWheel) => index.files.asked(index.pathOf(wheel))
const host = () => new URL(index.url).host

/** What refuses a request; throws when it was taken. */
const refused = (asking: Promise<unknown>) =>
  asking.then(
    () => assert.fail('it was taken'),
    (error: Refused) => error,
  )

/** What people read never has an address of ours in it. */
function readable(text: string): void {
  assert.doesNotMatch(text, /127\.0\.0\.1|https?:|solve-\d|\/tmp\//)
}

// what was asked for

test('a name that nobody has is said, with names that are near', async () => {
  const { code, detail, hint } = await failure('reqeusts')
  assert.equal(code, 'package-not-found')
  assert.match(detail, /“reqeusts”/)
  assert.match(hint, /\brequests\b/)
})

test('a dependency that nobody has is told in the solver’s words, without an address of ours', async () => {
  add({ name: 'needs-nothing-real', version: '1.0', requires: ['no-such-thing>=2'] })
  const { code, detail } = await failure('needs-nothing-real')
  assert.equal(code, 'unsatisfiable')
  assert.match(detail, /no-such-thing was not found/)
  readable(detail)
})

test('requirements that contradict each other are explained, in both languages', async () => {
  add({ name: 'left', version: '1.0', requires: ['middle<2'] })
  add({ name: 'right', version: '1.0', requires: ['middle>=2'] })
  for (const version of ['1.0', '2.0']) add({ name: 'middle', version })
  const { id } = await airlock.ask('left', 'right')
  const { code, title, detail } = await airlock.problem(id)
  assert.equal(code, 'unsatisfiable')
  assert.equal(title, 'Cannot be installed')
  assert.match(detail, /left depends? on middle<2/)
  assert.match(detail, /right depends? on middle>=2/)
  assert.match(detail, /\n.*your requirements are unsatisfiable/)
  readable(detail)
  const answer = await fetch(`${airlock.consoleUrl}/api/requests/${id}`, { headers: { 'accept-language': 'zh-CN' } })
  const { problem } = (await answer.json()) as { problem: { title: string; detail: string } }
  assert.equal(problem.title, '无法安装')
  assert.match(problem.detail, /无法同时满足[^]*depends? on middle<2/)
})

test('a release that wants another Python is said so', async () => {
  add({ name: 'tomorrow', version: '1.0', requiresPython: '>=4' }, { requiresPython: '>=4' })
  const { code, detail, hint } = await failure('tomorrow')
  assert.equal(code, 'pip-release-unusable')
  assert.match(detail, /No release of tomorrow has a file for default \(Python 3\.\d+/)
  assert.match(hint, /another target/)
})

test('a release that does not exist is said so, with the newest that do', async () => {
  for (const version of ['1.0', '1.1', '2.0', '2.1', '3.0', '3.1', '4.0rc1']) add({ name: 'sparse', version })
  const { code, detail, hint } = await failure('sparse==9.9')
  assert.equal(code, 'pip-release-missing')
  assert.match(detail, /sparse==9\.9/)
  assert.equal(hint, 'The newest are: 3.1, 3.0, 2.1, 2.0, 1.1.')
  const local = await failure('sparse==3.1+cu121')
  assert.match(local.hint, /^The newest are: [^+]+\. A build with a “\+” [^]* with sparse among its projects\.$/)
  const { id } = await airlock.ask('sparse>=3.5,<4')
  await airlock.problem(id)
  const answer = await fetch(`${airlock.consoleUrl}/api/requests/${id}`, { headers: { 'accept-language': 'zh-CN' } })
  const { problem } = (await answer.json()) as { problem: { detail: string; hint: string } }
  assert.match(problem.detail, /^没有符合 sparse/)
  assert.match(problem.hint, /最新版本：3\.1/)
})

test('a release that was made for older Pythons only is said so, with the newest that were not', async () => {
  add({ name: 'aged', version: '1.15', tag: 'cp36-cp36m-manylinux1_x86_64' })
  add({ name: 'aged', version: '2.16' })
  const { code, detail, hint } = await failure('aged==1.15')
  assert.equal(code, 'pip-release-unusable')
  assert.match(detail, /aged==1\.15/)
  assert.equal(hint, 'The newest that have: 2.16.')
})

test('a release for another platform only is said so', async () => {
  add({ name: 'elsewhere', version: '1.0', tag: 'cp311-cp311-win_amd64' })
  const { code, detail } = await failure('elsewhere')
  assert.equal(code, 'pip-release-unusable')
  assert.match(detail, /elsewhere .*manylinux/)
})

test('a root that exists as source only says that it needs a build', async () => {
  index.add(makeSdist({ name: 'sourceonly', version: '1.0' }), { project: 'sourceonly' })
  const { code, hint, fields } = await failure('sourceonly')
  assert.equal(code, 'sdist-needs-build')
  assert.match(hint, /builds are off/)
  assert.deepEqual([fields['projects'], fields['dependants']], [['sourceonly'], ['sourceonly']])
})

test('what exists as source only and is depended on is named with those who need it', async () => {
  index.add(makeSdist({ name: 'deepsource', version: '1.0' }), { project: 'deepsource' })
  add({ name: 'needs-source', version: '1.0', requires: ['deepsource'] })
  add({ name: 'needs-needs', version: '1.0', requires: ['needs-source', 'urllib3'] })
  const { code, detail, fields } = await failure('needs-needs')
  assert.equal(code, 'sdist-needs-build')
  assert.deepEqual([fields['projects'], fields['dependants']], [['deepsource'], ['needs-source']])
  assert.match(detail, /deepsource[^]*needs-source/)
})

for (const line of [
  '-r other.txt',
  '-e .',
  'git+https://code.example/x.git',
  'x @ https://files.example/x.whl',
  './x.whl',
  '--index-url https://evil.example/ x',
]) {
  test(`${line} is refused at once, with what to write instead`, async () => {
    const refusal = await refused(airlock.ask(line))
    assert.equal(refusal.problem?.code, 'requirement-refused')
    assert.equal(refusal.problem.status, 400)
    assert.ok(refusal.problem.hint.length > 10)
  })
}

test('a target that there is not is refused with those there are', async () => {
  const wanted: NewRequest = { ecosystem: 'pip', requirements: ['requests'], targets: ['py27'] }
  const refusal = await refused(airlock.askFor(wanted))
  assert.equal(refusal.problem?.code, 'target-unknown')
  assert.deepEqual(refusal.problem.fields['known'], ['default'])
})

// what upstream sends

test('a lying digest: fetched once more, then refused, and no byte of it is kept', async () => {
  const wheel = add({ name: 'liar', version: '1.0' }, { sha256: 'e'.repeat(64) })
  const { code, fields } = await failure('liar')
  assert.equal(code, 'digest-mismatch')
  assert.deepEqual([fields['found'], fields['expected']], [wheel.sha256, 'e'.repeat(64)])
  // twice, and at most twice more while the solver was still at it
  assert.ok([2, 4].includes(askedFor(wheel).length), `asked ${askedFor(wheel).length} times`)
  assert.ok(!existsSync(join(airlock.root, '.incoming', 'e'.repeat(64))))
  assert.ok(!existsSync(join(airlock.root, '.incoming', wheel.sha256)))
})

test('bytes that were changed on the way: refused, and taken when they are right again', async () => {
  const wheel = add({ name: 'tampered', version: '1.0' })
  const changed = Buffer.from(wheel.bytes)
  changed[40]! ^= 1
  index.files.on(index.pathOf(wheel), file(changed, { etag: '"1"' }))
  const { id } = await airlock.ask('tampered')
  assert.equal((await airlock.problem(id)).code, 'digest-mismatch')
  index.files.on(index.pathOf(wheel), file(wheel.bytes, { etag: '"2"' }))
  await airlock.retry(id)
  await airlock.ready(id)
  await publishes()
})

test('a size that is not what the page states', async () => {
  const wheel = add({ name: 'sized', version: '1.0' }, { size: 12 })
  const { code, fields } = await failure('sized')
  assert.equal(code, 'size-mismatch')
  assert.deepEqual([fields['found'], fields['expected']], [wheel.bytes.length, 12])
})

test('a body that breaks off is gone on with where it broke, by range', async () => {
  const files = { 'broken/big': Buffer.alloc(2 << 20, 'x') }
  const wheel = add({ name: 'broken', version: '1.0', files, method: 'stored' })
  const etag = `"${wheel.sha256}"`
  const sent = 1_500_000
  index.files.on(index.pathOf(wheel), cut(wheel.bytes, sent, { etag }), file(wheel.bytes, { etag }))
  await airlock.ready((await airlock.ask('broken')).id)
  const [first, second, ...more] = askedFor(wheel).map(({ headers }) => headers)
  assert.deepEqual([first!.range, more], [undefined, []])
  // what had not been read yet when the connection broke is asked for again
  const from = Number(/^bytes=(\d+)-$/.exec(second!.range ?? '')?.[1])
  assert.ok(from > sent - (1 << 19) && from <= sent, `gone on from ${from}`)
  assert.equal(second!['if-range'], etag)
  await publishes()
})

test('a body that always breaks off ends in a bounded number of tries', async () => {
  const wheel = add({ name: 'stump', version: '1.0' })
  index.files.on(index.pathOf(wheel), cut(wheel.bytes, 100))
  const { code, detail } = await failure('stump')
  assert.equal(code, 'upstream-unreachable')
  assert.match(detail, /broke off/)
  assert.ok(askedFor(wheel).length <= 6, `asked ${askedFor(wheel).length} times`)
})

test('a 503 with Retry-After is waited for', async () => {
  const wheel = add({ name: 'busy', version: '1.0' })
  index.files.on(index.pathOf(wheel), status(503, { 'retry-after': '1' }), file(wheel.bytes, { etag: '"1"' }))
  const before = performance.now()
  await airlock.ready((await airlock.ask('busy')).id)
  assert.ok(performance.now() - before >= 1000)
  assert.equal(askedFor(wheel).length, 2)
  await publishes()
})

for (const [what, answer] of [
  ['page', '/simple/'],
  ['file', ''],
] as const) {
  test(`a 503 that stays, on a ${what}, is said with upstream’s name`, async () => {
    const wheel = add({ name: `down-${what}`, version: '1.0' })
    const upstream = what === 'page' ? index.pages : index.files
    upstream.on(what === 'page' ? `${answer}down-page/` : index.pathOf(wheel), status(503))
    const { code, fields } = await failure(`down-${what}`)
    assert.equal(code, 'upstream-status')
    assert.deepEqual([fields['host'], fields['status']], [host(), 503])
  })

  test(`an upstream that stalls, on a ${what}, is given up in bounded time`, async () => {
    const wheel = add({ name: `stalled-${what}`, version: '1.0' })
    const path = what === 'page' ? '/simple/stalled-page/' : index.pathOf(wheel)
    const stalling = what === 'page' ? silence() : stall(wheel.bytes, 50, { etag: '"1"' })
    ;(what === 'page' ? index.pages : index.files).on(path, stalling)
    const before = performance.now()
    const { code, detail, fields } = await failure(`stalled-${what}`)
    assert.equal(code, 'upstream-unreachable')
    assert.equal(fields['host'], host())
    assert.match(detail, what === 'page' ? /it did not answer in time/ : /it sent nothing for 1\.5 s/)
    // by its usual patience it would be minutes
    assert.ok(performance.now() - before < 50_000)
  })
}

test('an upstream that trickles is too slow', async () => {
  const wheel = add({ name: 'slow', version: '1.0' })
  index.files.on(index.pathOf(wheel), trickle(wheel.bytes, 1, 20))
  const { code, detail } = await failure('slow')
  assert.equal(code, 'upstream-unreachable')
  assert.match(detail, /less than 1024 bytes a second/)
})

test('one connection that is reset is not news', async () => {
  const wheel = add({ name: 'once', version: '1.0' })
  index.files.on(index.pathOf(wheel), reset(), file(wheel.bytes, { etag: '"1"' }))
  await airlock.ready((await airlock.ask('once')).id)
  await publishes()
})

for (const code of [401, 403, 500] as const) {
  test(`a ${code} on a page is upstream’s failure, not a missing package`, async () => {
    add({ name: `refused-${code}`, version: '1.0' })
    index.pages.on(`/simple/refused-${code}/`, status(code))
    const problem = await failure(`refused-${code}`)
    assert.equal(problem.code, 'upstream-status')
    assert.equal(problem.fields['status'], code)
  })
}

test('a file that is listed and gone', async () => {
  const wheel = add({ name: 'vanished', version: '1.0' })
  index.files.on(index.pathOf(wheel), status(404))
  const { code, fields } = await failure('vanished')
  assert.equal(code, 'upstream-status')
  assert.equal(fields['status'], 404)
})

test('a page that sends us elsewhere is not followed to where nobody allowed', async () => {
  add({ name: 'lured', version: '1.0' })
  index.pages.on('/simple/lured/', redirect('http://192.0.2.1/simple/lured/'))
  const { code, fields } = await failure('lured')
  assert.equal(code, 'upstream-host-refused')
  assert.equal(fields['host'], '192.0.2.1')
})

test('a link that leads to another port of this machine is not followed', async () => {
  add({ name: 'inward', version: '1.0' }, { href: 'http://127.0.0.1:9/inward-1.0-py3-none-any.whl' })
  const { code, fields } = await failure('inward')
  assert.equal(code, 'upstream-host-refused')
  assert.equal(fields['host'], '127.0.0.1:9')
})

test('a page that is none', async () => {
  index.pages.on('/simple/garbage/', page('{"oops":', { type: 'application/vnd.pypi.simple.v1+json' }))
  assert.equal((await failure('garbage')).code, 'upstream-answer-invalid')
  index.pages.on('/simple/portal/', page('Please log in', { type: 'text/plain' }))
  assert.equal((await failure('portal')).code, 'upstream-answer-invalid')
})

test('a page that inflates without end is refused', async () => {
  index.pages.on('/simple/bomb/', bomb(80 << 20))
  const { code, detail } = await failure('bomb')
  assert.equal(code, 'upstream-answer-invalid')
  assert.match(detail, /more than \d+ bytes/)
})

test('metadata that is not what the page says', async () => {
  const wheel = add({ name: 'meta', version: '1.0' })
  index.files.on(`${index.pathOf(wheel)}.metadata`, file('Metadata-Version: 2.1\nName: meta\nVersion: 1.0\n'))
  const { code, fields } = await failure('meta')
  assert.equal(code, 'digest-mismatch')
  assert.equal(fields['file'], `${wheel.file}.metadata`)
})

test('metadata that was wrong once is asked for again', async () => {
  const wheel = add({ name: 'healed', version: '1.0' })
  const path = `${index.pathOf(wheel)}.metadata`
  index.files.on(path, file('<h1>Please log in</h1>', { type: 'text/html' }))
  const { id } = await airlock.ask('healed')
  assert.equal((await airlock.problem(id)).code, 'digest-mismatch')
  index.files.on(path, file(wheel.metadata))
  await airlock.retry(id)
  await airlock.ready(id)
  await publishes()
})

test('metadata that is advertised and not there is read from the wheel', async () => {
  const wheel = add({ name: 'promised', version: '1.0', requires: ['urllib3'] })
  index.files.on(`${index.pathOf(wheel)}.metadata`, status(404))
  const { closure } = await airlock.ready((await airlock.ask('promised')).id)
  assert.deepEqual(
    closure?.map(({ project, neededBy }) => [project, neededBy]),
    [
      ['promised', []],
      ['urllib3', ['promised']],
    ],
  )
  await publishes()
})

test('a wheel that upstream keeps to itself, of which nothing else is to be had, is upstream’s failure', async () => {
  const wheel = makeWheel({ name: 'locked', version: '1.0' })
  index.files.on(`/${wheel.file}`, status(403))
  index.pages.on('/simple/locked/', page(`<a href="/${wheel.file}#sha256=${wheel.sha256}">${wheel.file}</a>`))
  const { code, fields } = await failure('locked')
  assert.equal(code, 'upstream-status')
  assert.deepEqual([fields['host'], fields['status']], [host(), 403])
})

test('a request that is cancelled while its solver waits takes no other with it that waits for the same', async () => {
  const wheel = add({ name: 'awaited', version: '1.0' })
  const path = `${index.pathOf(wheel)}.metadata`
  const { promise, resolve } = Promise.withResolvers<void>()
  index.files.on(path, async (req, res) => {
    await promise
    file(wheel.metadata)(req, res)
  })
  const [one, other] = [await airlock.ask('awaited', 'requests'), await airlock.ask('awaited')]
  while (index.files.asked(path).length === 0) await sleep(10)
  await sleep(300)
  await airlock.cancel(one.id)
  await sleep(100)
  resolve()
  await airlock.ready(other.id)
  await publishes()
})

test('a request whose file upstream spoils takes no other with it that asked for the same project', async () => {
  const [old] = [add({ name: 'common', version: '0.9' }), add({ name: 'common', version: '1.0' })]
  index.files.on(`${index.pathOf(old)}.metadata`, file('spoilt'))
  add({ name: 'patient', version: '1.0', requires: ['common', 'late'] })
  add({ name: 'late', version: '1.0' })
  const late = gate(index.answer)
  index.pages.on('/simple/late/', late.answer)
  const other = await airlock.ask('patient')
  await late.asked
  const { code, fields } = await failure('common==0.9')
  assert.deepEqual([code, fields['file']], ['digest-mismatch', `${old.file}.metadata`])
  late.open()
  await airlock.ready(other.id)
  await publishes()
})

test('an index without digests gives nothing, and that is said', async () => {
  const wheel = makeWheel({ name: 'unhashed', version: '1.0' })
  index.files.on(`/${wheel.file}`, file(wheel.bytes))
  index.pages.on('/simple/unhashed/', page(`<a href="/${wheel.file}">${wheel.file}</a>`))
  const { code, fields } = await failure('unhashed')
  assert.equal(code, 'digest-missing')
  assert.equal(fields['origin'], 'default')
})

test('a wheel that zip readers would read in two ways is refused', async () => {
  add({ name: 'double', version: '1.0', members: (members) => [...members, members[0]!] })
  const { code, detail } = await failure('double')
  assert.equal(code, 'artifact-invalid')
  assert.match(detail, /double-1\.0/)
})

test('a wheel that is another project inside is refused', async () => {
  const metadata = 'Metadata-Version: 2.1\nName: requests\nVersion: 9.9\n\n'
  add({ name: 'wolf', version: '1.0', metadata })
  const { code } = await failure('wolf')
  assert.ok(['artifact-invalid', 'unsatisfiable', 'solver-failed'].includes(code), code)
})

// what was here before

test('a file that is offered with other bytes: refused, and the first ones stay', async () => {
  const first = add({ name: 'steady', version: '1.0' })
  await airlock.ready((await airlock.ask('steady')).id)
  await publishes()
  index.drop(first.file)
  const other = add({ name: 'steady', version: '1.0', summary: 'Not the same' })
  add({ name: 'on-steady', version: '1.0', requires: ['steady'] })
  assert.equal(other.file, first.file)
  await airlock.forgetPages()
  const { code, fields } = await failure('on-steady')
  assert.equal(code, 'digest-changed')
  assert.deepEqual([fields['file'], fields['expected'], fields['found']], [first.file, first.sha256, other.sha256])
  const { releases } = await uvInstall(['--index-url', airlock.indexUrl, 'steady'])
  assert.deepEqual(releases, { steady: '1.0' })
})

test('a proof that fails leaves every published byte as it was, and the next request goes through', async () => {
  // what upstream says of the wheel before it is fetched is not what is in it
  const wheel = makeWheel({ name: 'unproved', version: '1.0', requires: ['nowhere-to-be-had>=1'] })
  const said = Buffer.from('Metadata-Version: 2.1\nName: unproved\nVersion: 1.0\n\n')
  index.add({ ...wheel, metadata: said })
  add({ name: 'beside', version: '1.0' })
  const { id } = await airlock.ask('unproved', 'requests', 'beside')
  const { code, detail } = await airlock.problem(id)
  assert.equal(code, 'proof-failed')
  assert.match(detail, /nowhere-to-be-had/)
  readable(detail)
  const { timeline } = await airlock.get(id)
  assert.deepEqual(
    timeline.slice(-2).map(({ state }) => state),
    ['proving', 'failed'],
  )
  assert.deepEqual(await hashTree(airlock.root), published)
  assert.ok(!existsSync(join(airlock.root, 'pip/simple/beside')))

  await airlock.ready((await airlock.ask('beside')).id)
  await publishes()
})

test('in the end the tree is right, nothing partial is left, and what was asked first still installs', async () => {
  assert.deepEqual((await checkTree(airlock.root)).faults, [])
  const left = await readdir(join(airlock.root, '.incoming'), { recursive: true })
  assert.deepEqual(
    left.filter((name) => /\.write-/.test(name)),
    [],
  )
  assert.deepEqual(await readdir(join(airlock.state, 'work')), [])
  const { releases, output } = await uvInstall(['--index-url', airlock.indexUrl, 'requests'])
  assert.deepEqual(releases, { requests: '2.0', urllib3: '2.0' }, output)
})
