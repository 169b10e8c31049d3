/** Notices by the real server, between an index, an archive and receivers that lie on loopback. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import type { operations } from '../../server/contract.ts'
import { airlock as command, zh } from '../cli/console.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive, type Archive } from '../support/archive.ts'
import { certificateFor } from '../support/certificate.ts'
import { run } from '../support/clients.ts'
import { startHook, type TestHook } from '../support/hook.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { sabotageOf } from '../support/sabotage.ts'
import { startSmtp } from '../support/smtp.ts'
import { makeWheel } from '../support/wheels.ts'

type Hooks = z.infer<(typeof operations)['listHooks']['answer']>['hooks']
type Told = {
  readonly id: string
  readonly event: string
  readonly install: string
  readonly text: string
  readonly requests: readonly { readonly id: number }[]
  readonly problem: { readonly code: string } | null
  readonly held: { readonly root: string; readonly code: string } | null
}

let index: TestIndex
let archive: Archive
let json: TestHook
let team: TestHook
let smtp: Awaited<ReturnType<typeof startSmtp>>
let airlock: Airlock
let folder: string

/** So long a hook that hangs is waited for, as long as nothing else is: no job and no end may be as late. */
const minutes = 10 * 60_000
const patient = [
  { file: 'server/upstream/send.ts', from: 'response: 15_000', to: `response: ${minutes}` },
  { file: 'server/notices/notices.ts', from: 'const patience = 30_000', to: `const patience = ${minutes}` },
]
const secrets = ['TOKEN-1', 'TOKEN-2', 'KEY-1', 'MAIL-1']

before(async () => {
  index = await startIndex()
  for (const name of ['aa', 'bb', 'cc', 'dd', 'ee']) index.add(makeWheel({ name, version: '1.0' }))
  archive = await startArchive()
  await archive.add({ name: 'tool' }, { name: 'other' })
  const certificate = certificateFor(['localhost'])
  folder = await mkdtemp(join(tmpdir(), 'airlock-notices-'))
  await writeFile(join(folder, 'ca.pem'), certificate.cert)
  const login = { user: 'airlock', password: 'MAIL-1' }
  ;[json, team, smtp] = await Promise.all([startHook(), startHook(), startSmtp({ certificate, login })])
  team.answer = () => ({ body: { code: 0 } })
  const apt = { architectures: ['amd64'], sources: archive.sources, status: 'none', updateAfter: 0 }
  airlock = await startAirlock({
    index: index.url,
    preload: ['sabotage.ts'],
    env: {
      ...sabotageOf(patient),
      AIRLOCK_LOG: 'debug',
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      AIRLOCK_CONSOLE_URL: 'http://airlock.example',
    },
    config: {
      targets: { default: { apt } },
      notify: {
        programs: { kind: 'json', url: `${json.url}/TOKEN-1?key=TOKEN-2`, secret: 'KEY-1' },
        team: { kind: 'feishu', url: `${team.url}/hook`, on: ['failed'], language: 'zh' },
        mail: {
          kind: 'mail',
          url: `smtp://airlock:MAIL-1@localhost:${smtp.port}`,
          from: 'airlock@mail.example',
          to: ['a@mail.example'],
          on: ['held'],
        },
      },
    },
  })
})

after(async () => {
  await airlock?.close()
  await Promise.all([index, archive, json, team, smtp].map((one) => one?.close()))
  await rm(folder, { recursive: true, force: true })
})

const told = (body: string) => JSON.parse(body) as Told
const hooks = async () => (await airlock.call<{ hooks: Hooks }>('/api/hooks')).hooks

/** A job is ready before its notice is out: what one test caused must not come in the next. */
async function allTold(): Promise<void> {
  for (const late = Date.now() + 60_000; (await hooks()).some(({ waiting }) => waiting > 0); await sleep(10))
    assert.ok(Date.now() < late, 'a notice still waits')
}

afterEach(async () => {
  json.answer = () => ({})
  await allTold()
})

test('what is ready is told once, signed, with the line that installs it', async () => {
  const { id } = await airlock.ask('aa')
  await airlock.ready(id)
  const { body, headers } = await json.got(1)
  const { event, requests, install, problem } = told(body)
  assert.deepEqual([event, requests[0]?.id, install, problem], ['ready', id, 'pip install aa', null])
  const time = String(headers['airlock-timestamp'])
  assert.ok(Math.abs(Number(time) * 1000 - Date.now()) < 60_000)
  const expected = createHmac('sha256', 'KEY-1').update(`${time}.${body}`).digest('hex')
  assert.equal(headers['airlock-signature'], `v1=${expected}`)
  assert.equal(headers['airlock-id'], told(body).id)
  assert.match(told(body).text, new RegExp(`http://airlock\\.example/requests/${id}`))
})

test('what failed is told with its reason, to whom wants it, in their language', async () => {
  const { id } = await airlock.ask('nothing-of-the-kind')
  await airlock.problem(id)
  assert.equal(told((await json.got(2)).body).problem?.code, 'package-not-found')
  const { content } = JSON.parse((await team.got(1)).body) as { content: { text: string } }
  assert.match(content.text, /^Airlock: 失败 · pip nothing-of-the-kind\n申请 2 .*\n.*\n.*没有/)
  assert.equal(team.posts.length, 1, 'what is ready it did not want to hear')
})

test('a hook that answers 503 hears it again, with the same id and a new signature', async () => {
  const from = json.posts.length
  json.answer = () => ({ status: 503 })
  const { id } = await airlock.ask('bb')
  await airlock.ready(id)
  const first = await json.got(from + 1)
  const waiting = (await hooks()).find(({ name }) => name === 'programs')
  assert.equal(waiting?.waiting, 1)
  json.answer = () => ({})
  const second = await json.got(from + 2)
  assert.equal(told(second.body).id, told(first.body).id)
  assert.equal(second.body, first.body)
  assert.notEqual(second.headers['airlock-signature'], first.headers['airlock-signature'])
})

test('a hook that hangs delays no job, no other hook and no end of the server; what it did not take comes after a kill', async () => {
  const [from, others] = [json.posts.length, team.posts.length]
  json.answer = () => null
  const began = performance.now()
  await airlock.ready((await airlock.ask('cc')).id)
  const first = told((await json.got(from + 1)).body)
  await Promise.all([
    airlock.ask('dd').then(({ id }) => airlock.ready(id)),
    airlock.ask('nothing-else').then(({ id }) => airlock.problem(id)),
  ])
  await team.got(others + 1)
  assert.equal(json.posts.length, from + 1, 'it still hangs')
  assert.ok(performance.now() - began < minutes / 5)

  await airlock.kill()
  const killed = json.posts.length
  json.answer = () => ({})
  await airlock.start()
  await json.got(killed + 3)
  assert.equal(new Set(json.posts.slice(killed).map(({ body }) => told(body).requests[0]?.id)).size, 3)
  const again = json.posts.slice(killed).find(({ body }) => told(body).id === first.id)
  assert.ok(again, 'the one under way at the kill is told again by the same id')
  await allTold()

  json.answer = () => null
  const before = json.posts.length
  await airlock.ready((await airlock.ask('ee')).id)
  await json.got(before + 1)
  const stopping = performance.now()
  await airlock.stop()
  assert.ok(performance.now() - stopping < 12_000)
  json.answer = () => ({})
  const stopped = json.posts.length
  await airlock.start()
  await json.got(stopped + 1)
})

test('a root that is held is told by mail, in the transaction that leaves it out', async () => {
  const [tool] = await airlock.askFor({ ecosystem: 'apt', requirements: ['tool'] })
  await airlock.ready(tool!.id)
  archive.remove('tool')
  const [other] = await airlock.askFor({ ecosystem: 'apt', requirements: ['other'] })
  await airlock.ready(other!.id)
  await allTold()
  assert.equal(smtp.mails.length, 1)
  const { message, to, secure } = smtp.mails[0]!
  assert.ok(secure)
  assert.deepEqual(to, ['a@mail.example'])
  assert.match(message, /^Subject: .*Airlock.*held/m)
  assert.match(message, new RegExp(`Request ${tool!.id}`))
  const heldTo = json.posts.map(({ body }) => told(body)).filter(({ event }) => event === 'held')
  assert.deepEqual(
    heldTo.map(({ held, requests }) => [held?.root, held?.code, requests[0]?.id]),
    [['tool', 'root-held', tool!.id]],
  )
})

test('a test notice is sent at once and says what the receiver answered', async () => {
  const cli = (args: readonly string[], env = {}) => command(airlock.consoleUrl, args, { env })
  const from = json.posts.length
  const { code, out } = await cli(['notify', 'test', 'programs'])
  assert.deepEqual([code, out], [0, 'programs has taken the test notice.\n'])
  assert.equal(told((await json.got(from + 1)).body).event, 'test')
  json.answer = () => ({ status: 403 })
  const refused = await cli(['notify', 'test', 'programs'], zh)
  assert.equal(refused.code, 5)
  assert.match(refused.err, /通知 “programs” 未被接收：返回 403。/)
  team.answer = () => ({ body: { code: 19021, msg: 'sign match fail' } })
  assert.match((await cli(['notify', 'test', 'team'])).err, /it answers 200, 19021/)
  assert.match((await cli(['notify', 'test', 'nobody'])).err, /There is no hook “nobody”/)
  assert.match((await cli(['notify', 'list'])).out, /^programs +json +ready, failed, held +\d+\n/m)
})

test('no address, token or secret can be read anywhere but in the configuration', async () => {
  const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))
  const env = { PATH: process.env['PATH']!, LANG: 'C.UTF-8', AIRLOCK_ROOT: airlock.root, AIRLOCK_STATE: airlock.state }
  const printed = await Promise.all(
    [['config'], ['config', 'explain'], ['config', 'explain', '--json']].map((args) =>
      run(process.execPath, [main, ...args], env),
    ),
  )
  for (const { output } of printed) assert.match(output, /programs/)
  const answers = await Promise.all(
    ['/api/hooks', '/api/status', '/api/targets', '/api/requests', '/api/openapi.json'].map((path) =>
      airlock.call<object>(path),
    ),
  )
  const database = await readFile(join(airlock.state, 'airlock.db'), 'latin1')
  const wal = await readFile(join(airlock.state, 'airlock.db-wal'), 'latin1').catch(() => '')
  const seen = {
    log: airlock.log(),
    printed: printed.map(({ output }) => output).join(''),
    answers: JSON.stringify(answers),
    database: database + wal,
    bodies: [...json.posts, ...team.posts].map(({ body }) => body).join(''),
  }
  for (const [where, text] of Object.entries(seen))
    for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} in ${where}`)
  assert.match(seen.log, /notice not taken/, 'the log did speak of it')
})
