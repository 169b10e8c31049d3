import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localMinute, localTime } from '../../client/cli/amounts.ts'
import type { RequestDetail } from '../../server/contract.ts'
import { airlock, fakeConsole, problem, request, zh } from './console.ts'

const at = '2026-03-01T10:00:00.000Z'
const when = localTime(at)
const minute = localMinute(at)

test('the latest requests are a table', async (t) => {
  const { url } = await fakeConsole(t, {
    'GET /api/requests?limit=20': {
      body: {
        requests: [
          request({ id: 12, state: 'ready' }),
          request({ ecosystem: 'apt', target: 'trixie', requester: null }),
        ],
        next: null,
      },
    },
  })
  const { code, out } = await airlock(url, ['status'])
  assert.equal(
    out,
    [
      'ID  STATE   TARGET       REQUESTER  CREATED           REQUIREMENTS',
      `12  ready   pip/default  alice      ${minute}  fonttools numpy<2`,
      `7   queued  apt/trixie   -          ${minute}  fonttools numpy<2`,
      '',
    ].join('\n'),
  )
  assert.equal(code, 0)
})

test('Chinese columns stand below each other, two cells a character', async (t) => {
  const { url } = await fakeConsole(t, {
    'GET /api/requests?limit=20': { body: { requests: [request({ state: 'ready', requester: '王' })], next: null } },
  })
  const { out } = await airlock(url, ['status'], { env: zh })
  assert.equal(
    out,
    `编号  状态    目标环境     申请人  提交时间          内容\n7     可安装  pip/default  王      ${minute}  fonttools numpy<2\n`,
  )
})

test('a failed row says why behind what was asked, which is cut short for it', async (t) => {
  const detail = 'The requirements cannot be met together on default:\nnumpy 2 needs more'
  const failed = request({ state: 'failed', requirements: ['x'.repeat(50)], problem: problem({ detail }) })
  const other = request({ id: 8, state: 'cancelled', problem: problem({ detail: 'The request was cancelled.' }) })
  const body = { requests: [failed, other], next: null }
  const { url } = await fakeConsole(t, { 'GET /api/requests?limit=20': { body } })
  const wide = { tty: true, columns: 200 }
  const { out } = await airlock(url, ['status'], wide)
  assert.match(out, /\n7 .* x{39}…: The requirements cannot be met together on default\n8 .* fonttools numpy<2\n$/)
  assert.match((await airlock(url, ['status'], { ...wide, env: zh })).out, / x{39}…：The requirements/)
  assert.match((await airlock(url, ['status'])).out, / x{50}: The/, 'nothing is cut but for a terminal')
})

test('a long name leaves room for what was asked', async (t) => {
  const body = { requests: [request({ requester: '名'.repeat(50) }), request({ id: 8 })], next: null }
  const { url } = await fakeConsole(t, { 'GET /api/requests?limit=20': { body } })
  const { out } = await airlock(url, ['status'], { tty: true, columns: 80 })
  assert.match(out, /\n7 .* 名{7}… .* numpy<2\n8 .* alice .* numpy<2\n$/)
  assert.match((await airlock(url, ['status'])).out, / 名{50} /)
})

test('times say how far they are ahead of UTC', (t) => {
  const usual = process.env['TZ']
  t.after(() => {
    if (usual === undefined) delete process.env['TZ']
    else process.env['TZ'] = usual
  })
  for (const [zone, said] of [
    ['UTC', '2026-03-01 10:00:00 +00:00'],
    ['Asia/Shanghai', '2026-03-01 18:00:00 +08:00'],
    ['America/St_Johns', '2026-03-01 06:30:00 -03:30'],
  ] as const) {
    process.env['TZ'] = zone
    assert.equal(localTime(at), said)
  }
})

test('a narrow terminal cuts rows instead of wrapping them', async (t) => {
  const { url } = await fakeConsole(t, {
    'GET /api/requests?limit=20': { body: { requests: [request({ requirements: ['x'.repeat(200)] })], next: null } },
  })
  const { out } = await airlock(url, ['status'], { columns: 78, tty: true })
  for (const line of out.trim().split('\n')) assert.ok(line.length <= 78, line)
  assert.match(out, /xxx…\n$/)
})

test('a state and a limit are asked for, and more is said to be there', async (t) => {
  const { url } = await fakeConsole(t, {
    'GET /api/requests?limit=5&state=awaiting-approval': { body: { requests: [request()], next: '6' } },
  })
  const { code, out } = await airlock(url, ['status', '--state', 'awaiting-approval', '--limit', '5'])
  assert.match(out, /There are more: --limit 10\n$/)
  assert.equal(code, 0)
})

test('an empty list says so, in both languages', async (t) => {
  const empty = { body: { requests: [], next: null } }
  const { url } = await fakeConsole(t, {
    'GET /api/requests?limit=20': empty,
    'GET /api/requests?limit=20&state=failed': empty,
    'GET /api/requests?limit=20&state=unfinished': empty,
  })
  assert.equal((await airlock(url, ['status'])).out, 'There are no requests.\n')
  assert.equal((await airlock(url, ['status', '--state', 'failed'], { env: zh })).out, '没有处于 失败 状态的申请。\n')
  const unfinished = await airlock(url, ['status', '--state', 'unfinished'])
  assert.equal(unfinished.out, 'There are no requests in the state unfinished.\n')
})

test('--json prints the list byte for byte', async (t) => {
  const body = '{"requests" : [], "next":null}'
  const { url } = await fakeConsole(t, { 'GET /api/requests?limit=20': { body } })
  assert.equal((await airlock(url, ['status', '--json'])).out, `${body}\n`)
})

const full = request({
  state: 'ready',
  note: 'for\u001b[31m the course',
  files: 2,
  bytes: 3_400_000,
  timeline: [
    { state: 'queued', at, seconds: 0.25 },
    { state: 'solving', at, seconds: 75 },
    { state: 'ready', at, seconds: null },
  ],
  closure: [
    item({ project: 'fonttools', root: true, size: 3_399_000 }),
    item({ project: 'brotli', neededBy: ['fonttools', 'zopfli'], size: 1000, new: false }),
    item({ project: 'odd', size: null, proved: '2.0' }),
  ],
  remarks: [{ code: 'some-remark', message: 'One thing to know.', fields: {} }],
})

test('what comes along because the archive moved is told apart, with its bytes', async (t) => {
  const closure = [
    item({ project: 'jq', root: true, size: 1000 }),
    item({ project: 'libssl3', update: true, size: 2_000_000 }),
  ]
  const { url } = await fakeConsole(t, { 'GET /api/requests/7': { body: JSON.stringify({ ...full, closure }) } })
  const { out } = await airlock(url, ['status', '7'])
  assert.match(out, /Updates of what is here:\s+1, 2\.0 MB/)
  assert.match(out, /libssl3 .*update/)
})

function item(fields: object) {
  return {
    project: 'p',
    version: '1.0',
    file: 'p-1.0-py3-none-any.whl',
    size: 1,
    sha256: '0'.repeat(64),
    origin: 'default',
    url: 'https://files.example/p-1.0-py3-none-any.whl',
    uploadedAt: null,
    root: false,
    neededBy: [],
    new: true,
    update: false,
    proved: null,
    build: null,
    source: false,
    ...fields,
  }
}

test('one request is shown with its timeline, its files and the line that installs it', async (t) => {
  const { url } = await fakeConsole(t, { 'GET /api/requests/7': { body: full } })
  const { code, out } = await airlock(url, ['status', '7'])
  assert.equal(
    out,
    `Request 7: pip fonttools, numpy<2 for default
  State:       ready
  Asked for:   fonttools numpy<2
  By:          alice, ${when}
  Note:        for [31m the course
  Files:       2, 3.4 MB
  In the pod:  pip install fonttools 'numpy<2'

Timeline
  ${when}  queued   0.3 s
  ${when}  solving  1:15
  ${when}  ready

What it brings
  PACKAGE    VERSION                SIZE    HERE  NEEDED BY
  fonttools  1.0                    3.4 MB  new   asked for
  brotli     1.0                    1.0 KB  here  fonttools, zopfli
  odd        1.0, the pod gets 2.0  ?       new

Remarks
  One thing to know.
`,
  )
  assert.equal(code, 0)
})

test('one request is shown in Chinese', async (t) => {
  const { url } = await fakeConsole(t, { 'GET /api/requests/7': { body: full } })
  const { out } = await airlock(url, ['status', '7'], { env: zh })
  assert.match(out, /^申请 7：pip fonttools, numpy<2，目标环境 default\n {2}状态： {11}可安装\n/)
  assert.match(out, /fonttools {2}1\.0 {16}3\.4 MB  +新增 +直接申请\n/)
})

test('a failed request shows its problem and hint, and what it waits for while it does', async (t) => {
  const { url } = await fakeConsole(t, {
    'GET /api/requests/7': { body: request({ state: 'failed', problem: problem({ detail: 'It\nfailed.' }) }) },
    'GET /api/requests/8': {
      body: request({ id: 8, state: 'downloading', waiting: problem({ detail: 'Disk full.', hint: '' }) }),
    },
  })
  const failed = await airlock(url, ['status', '7'])
  assert.match(failed.out, /\nProblem\n {2}It\n {2}failed\.\n {2}Do something about it\.\n$/)
  assert.equal(failed.code, 0, 'looking succeeded')
  const waiting = await airlock(url, ['status', '8'])
  assert.match(waiting.out, /\nWaiting\n {2}Disk full\.\n$/)
  assert.doesNotMatch(waiting.out, /In the pod/)
})

test('--json prints one request byte for byte, and an unknown one as the problem it is', async (t) => {
  const body = JSON.stringify(full, null, 3)
  const gone = JSON.stringify(problem({ status: 404, code: 'request-unknown' }))
  const { url } = await fakeConsole(t, {
    'GET /api/requests/7': { body },
    'GET /api/requests/9': { status: 404, body: gone },
  })
  assert.equal((await airlock(url, ['status', '7', '--json'])).out, `${body}\n`)
  const unknown = await airlock(url, ['status', '9', '--json'])
  assert.deepEqual([unknown.out, unknown.err, unknown.code], [`${gone}\n`, '', 5])
})

test('targets are a table, in Chinese too, and as JSON', async (t) => {
  const target = {
    name: 'default',
    ecosystem: 'pip',
    summary: 'Python 3.11.7, x86_64-manylinux_2_36',
    source: 'python3 on PATH',
    index: 'http://airlock.example:8080/pip/simple/',
    facts: {},
  }
  const body = JSON.stringify({ targets: [target] })
  const { url } = await fakeConsole(t, { 'GET /api/targets': { body } })
  const { code, out } = await airlock(url, ['targets'])
  assert.match(out, /^NAME {5}ECOSYSTEM {2}WHAT IT IS {28}INDEX\ndefault {2}pip {8}Python 3\.11\.7, .*simple\/\n$/)
  assert.equal(code, 0)
  assert.match((await airlock(url, ['targets'], { env: zh })).out, /^名称 {5}生态 {2}说明/)
  assert.equal((await airlock(url, ['targets'], { tty: true, columns: 40 })).out, out, 'half an address is none')
  assert.equal((await airlock(url, ['targets', '--json'])).out, `${body}\n`)
})

test('who did what to a request is told where more was done than to ask', async (t) => {
  const history: RequestDetail['history'] = [
    { act: 'asked', requester: 'alice', at },
    { act: 'retried', requester: 'b\u001b[2Job', at },
    { act: 'cancelled', requester: null, at },
  ]
  const { url } = await fakeConsole(t, { 'GET /api/requests/7': { body: request({ history }) } })
  const { out } = await airlock(url, ['status', '7'])
  assert.match(out, /\nWho did what:\n.* asked by alice\n.* tried again by b \[2Job\n.* cancelled by -\n/)
  assert.match((await airlock(url, ['status', '7'], { env: zh })).out, /操作记录：\n.* alice 提交\n/)
  const { url: other } = await fakeConsole(t, {
    'GET /api/requests/7': { body: request({ history: history.slice(0, 1) }) },
  })
  assert.doesNotMatch((await airlock(other, ['status', '7'])).out, /Who did/)
})
