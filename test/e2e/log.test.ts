/** One word finds all that was done for a request: its HTTP exchange, its job, every child, in pip, apt and a build. */
import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestView } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive, type Archive } from '../support/archive.ts'
import { hostPython } from '../support/clients.ts'
import { gate } from '../support/gate.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { sabotageOf, type Cut } from '../support/sabotage.ts'
import { makeSource } from '../support/sources.ts'
import { file } from '../support/upstream.ts'
import { makeWheel } from '../support/wheels.ts'

type Line = Readonly<Record<string, unknown>>

let index: TestIndex
let archive: Archive
let airlock: Airlock

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'aa', version: '1.0', requires: ['bb'] }))
  index.add(makeWheel({ name: 'bb', version: '1.0' }))
  index.add(makeSource({ name: 'src', version: '1.0' }), { project: 'src' })
  archive = await startArchive()
  await archive.add({ name: 'tool', depends: 'libtool' }, { name: 'libtool', architecture: 'amd64' })
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const pip = { python: hostPython().version, platform: `${machine}-manylinux_2_40` }
  const apt = { architectures: ['amd64'], sources: archive.sources, status: 'none', updateAfter: 0 }
  airlock = await startAirlock({ index: index.url, config: { targets: { default: { apt, pip } } } })
})

after(async () => {
  await airlock?.close()
  await archive?.close()
  await index?.close()
})

type Answered = { readonly said: string | null; readonly status: number; readonly body: unknown }

/** Posts, as a client that calls its exchange so. */
async function post(server: Airlock, reqId: string, body: object, path = '/api/requests'): Promise<Answered> {
  const headers = { 'content-type': 'application/json', 'x-request-id': reqId }
  const answer = await fetch(server.consoleUrl + path, { method: 'POST', headers, body: JSON.stringify(body) })
  return { said: answer.headers.get('x-request-id'), status: answer.status, body: await answer.json() }
}

async function ask(server: Airlock, reqId: string, ecosystem: 'pip' | 'apt', ...requirements: string[]) {
  const { body } = await post(server, reqId, { ecosystem, requirements })
  return (body as { requests: RequestView[] }).requests[0]!
}

const linesOf = (server: Airlock): Line[] =>
  server
    .log()
    .split('\n')
    // the last one may not have come whole
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)

/** What grep would find. */
const found = (server: Airlock, word: string): Line[] =>
  linesOf(server).filter((line) => JSON.stringify(line).includes(word))

/** What is there in the end; an exchange's own line is written once its answer has gone. */
async function until<T>(look: () => T | undefined): Promise<T> {
  for (const late = Date.now() + 20_000; ; await sleep(20)) {
    const seen = look()
    if (seen !== undefined) return seen
    if (Date.now() > late) throw new Error(airlock.log())
  }
}

/** What is missing in the lines of one exchange that asked for one job, which started at least these children. */
function lacking(lines: readonly Line[], job: number, children: readonly string[]): string[] {
  const has = (wanted: Line) =>
    lines.some((line) => Object.entries(wanted).every(([name, value]) => line[name] === value))
  return [
    ...(has({ method: 'POST', path: '/api/requests', status: 202 }) ? [] : ['the exchange']),
    ...['solving', 'downloading', 'proving'].filter((state) => !has({ job, state })),
    ...children.flatMap((child) => [
      ...(has({ job, child, msg: 'child started' }) ? [] : [`${child}’s start`]),
      ...(has({ job, child, msg: 'child ended' }) ? [] : [`${child}’s end`]),
    ]),
  ]
}

for (const [ecosystem, root, children] of [
  ['pip', 'aa', ['uv']],
  ['pip', 'src', ['uv', 'bwrap']],
  ['apt', 'tool', ['apt-get', 'apt-cache']],
] as const) {
  test(`the id that asked for ${ecosystem}'s ${root} is in the lines of its exchange, its job and ${children.join(', ')}`, async () => {
    const reqId = `trail-${ecosystem}-${root}`
    const { id, job } = await ask(airlock, reqId, ecosystem, root)
    const request = await airlock.ready(id)
    assert.equal(request.reqId, reqId, 'the API says it too')
    let lines = found(airlock, reqId)
    for (const late = Date.now() + 20_000; lacking(lines, job, children).length > 0 && Date.now() < late;) {
      await sleep(20)
      lines = found(airlock, reqId)
    }
    assert.deepEqual(lacking(lines, job, children), [])
    const ended = lines.filter(({ msg }) => msg === 'child ended')
    for (const { ms, pid, status, requests, reqIds } of ended) {
      assert.ok(typeof ms === 'number' && ms >= 0 && typeof pid === 'number')
      assert.equal(typeof status, 'number')
      assert.deepEqual([requests, reqIds], [[id], [reqId]])
    }
    const nameless = linesOf(airlock).filter((line) => line['job'] === job && !lines.includes(line))
    const others = nameless.filter((line) => !JSON.stringify(line).includes(reqId))
    assert.deepEqual(others, [], 'no line of the job is without it')
  })
}

test('a failed job, and one that is tried again, is found by the id that asked for it last', async () => {
  const { id, job } = await ask(airlock, 'first-try-0001', 'pip', 'nobody-has-this')
  await airlock.problem(id)
  const failed = found(airlock, 'first-try-0001').find(({ msg }) => msg === 'job failed')
  assert.equal(failed!['job'], job)
  const again = await post(airlock, 'second-try-0001', {}, `/api/requests/${id}/retry`)
  assert.equal((again.body as RequestView).reqId, 'second-try-0001')
  await airlock.problem(id)
  const second = found(airlock, 'second-try-0001').find(({ msg }) => msg === 'job failed')
  assert.equal(second!['job'], (await airlock.get(id)).job)
})

test('requests that share a job are both named by what it does from then on, and tied to it', async () => {
  const wheel = makeWheel({ name: 'shared', version: '1.0' })
  index.add(wheel)
  const way = gate(file(wheel.bytes, { etag: `"${wheel.sha256}"` }))
  index.files.on(index.pathOf(wheel), way.answer)
  const one = await ask(airlock, 'shares-one-0001', 'pip', 'shared')
  await way.asked
  const two = await ask(airlock, 'shares-two-0001', 'pip', 'shared')
  assert.equal(two.job, one.job)
  way.open()
  await airlock.ready(two.id)
  const tied = found(airlock, 'shares-two-0001').find(({ msg }) => msg === 'one more request shares the job')
  assert.equal(tied!['job'], one.job)
  const proving = found(airlock, 'shares-two-0001').find(({ state }) => state === 'proving')
  assert.deepEqual(proving!['reqIds'], ['shares-one-0001', 'shares-two-0001'])
  assert.deepEqual(proving!['requests'], [one.id, two.id])
})

test('who asked is told by address, and by what a proxy says of its client', async () => {
  const headers = { 'content-type': 'application/json', 'x-request-id': 'from-whom-0001' }
  const forwarded = `192.0.2.7, ${'x'.repeat(300)}`
  const asked = { method: 'POST', body: '{}', headers: { ...headers, 'x-forwarded-for': forwarded } }
  await fetch(`${airlock.consoleUrl}/api/requests`, asked)
  const line = await until(() => found(airlock, 'from-whom-0001')[0])
  assert.match(line['from'] as string, /^(?:::ffff:)?127\.0\.0\.1$/)
  assert.equal(line['forwardedFor'], forwarded.slice(0, 200))
})

test('an id that is none is replaced by a new one, and what was sent stands nowhere', async () => {
  const wrong = ['short', 'has a space in it', 'quote"and{brace}', 'l'.repeat(65), '-dash-before-it', 'ünïcödé-id']
  const seen = new Set<string>()
  for (const sent of wrong) {
    const { said, status } = await post(airlock, Buffer.from(sent).toString('latin1'), { ecosystem: 'none' })
    assert.equal(status, 400)
    assert.match(said!, /^[0-9a-f]{16}$/, sent)
    assert.deepEqual(found(airlock, sent).length, 0, sent)
    const line = await until(() => found(airlock, said!)[0])
    assert.deepEqual([line['method'], line['status']], ['POST', 400])
    seen.add(said!)
  }
  const twice = await fetch(`${airlock.consoleUrl}/api/status`, {
    headers: [
      ['x-request-id', 'one-of-two-0001'],
      ['x-request-id', 'two-of-two-0001'],
    ],
  })
  seen.add(twice.headers.get('x-request-id')!)
  assert.equal(seen.size, wrong.length + 1)
  assert.match([...seen].at(-1)!, /^[0-9a-f]{16}$/)
  const none = await fetch(`${airlock.consoleUrl}/api/nothing`)
  assert.match(none.headers.get('x-request-id')!, /^[0-9a-f]{16}$/, 'where there was none, and for a refusal')
})

const cuts: Readonly<Record<string, readonly [Cut, readonly string[]]>> = {
  'jobs say nothing of whom they are for': [
    {
      file: 'server/queue.ts',
      from: 'return withCause(cause, () => finish(job, entry))',
      to: 'return finish(job, entry)',
    },
    ['uv’s start', 'uv’s end'],
  ],
  'exchanges are called something else': [
    {
      file: 'server/console/exchanges.ts',
      from: "idOf(req.headers['x-request-id'])",
      to: 'idOf(undefined)',
    },
    ['the exchange', 'solving', 'uv’s start'],
  ],
}

for (const [what, [cut, missing]] of Object.entries(cuts))
  test(`control: where ${what}, that is seen`, async (t: TestContext) => {
    const cutShort = await startAirlock({ index: index.url, preload: ['sabotage.ts'], env: sabotageOf([cut]) })
    t.after(() => cutShort.close())
    const { id, job } = await ask(cutShort, 'trail-control', 'pip', 'aa')
    await cutShort.ready(id)
    const lacks = lacking(found(cutShort, 'trail-control'), job, ['uv'])
    assert.deepEqual(
      missing.filter((one) => !lacks.includes(one)),
      [],
      lacks.join(', '),
    )
  })
