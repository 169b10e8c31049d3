import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RequestDetail } from '../../server/contract.ts'
import { airlock, fakeConsole, problem, request, zh, type Replies } from './console.ts'

/** Request 7 created, then seen in these forms, one look after the other. */
const through = (...forms: Partial<RequestDetail>[]): Replies => ({
  'POST /api/requests': { status: 202, body: { requests: [request()] } },
  'POST /api/requests/7/retry': { status: 202, body: request() },
  'GET /api/requests/7': forms.map((form) => ({ body: request(form) })),
})
const ready = { state: 'ready', files: 12, bytes: 3_400_000 } as const
const refused = problem({
  status: 422,
  code: 'unsatisfiable',
  detail: 'These cannot be met:\n  a<1, a>1',
  hint: 'Loosen one.',
})

test('waiting names each state once and ends with the line that installs', async (t) => {
  const { url } = await fakeConsole(
    t,
    through(
      {},
      {},
      { state: 'solving' },
      { state: 'downloading' },
      { state: 'downloading' },
      { state: 'proving' },
      ready,
    ),
  )
  const { code, out, err } = await airlock(url, ['request', 'pip', 'fonttools', '--wait'])
  assert.deepEqual(
    err.trim().split('\n'),
    ['queued', 'solving', 'downloading', 'proving', 'ready'].map((state) => `request 7 (default): ${state}`),
  )
  assert.equal(
    out,
    "Request 7 is ready for default (12 files, 3.4 MB). Install it in the pod:\n  pip install fonttools 'numpy<2'\n",
  )
  assert.equal(code, 0)
})

test('waiting speaks Chinese', async (t) => {
  const { url } = await fakeConsole(t, through({ state: 'solving' }, ready))
  const { out, err } = await airlock(url, ['request', 'pip', 'fonttools', '--wait'], { env: zh })
  assert.equal(err, '申请 7（default）：解析依赖\n申请 7（default）：可安装\n')
  assert.match(out, /^申请 7 可安装（目标环境 default），共 12 个文件、3\.4 MB。/)
})

for (const [state, code] of [
  ['ready', 0],
  ['failed', 1],
  ['rejected', 3],
  ['cancelled', 4],
] as const) {
  test(`a request that ends ${state} ends the command with ${code}`, async (t) => {
    const { url } = await fakeConsole(t, through({ state }))
    for (const args of [
      ['request', 'pip', 'six', '--wait'],
      ['retry', '7', '--wait'],
      ['status', '7', '--wait'],
    ]) {
      assert.equal((await airlock(url, args)).code, code, args.join(' '))
    }
  })
}

test('a failure is explained with its hint, on stderr', async (t) => {
  const { url } = await fakeConsole(t, through({ state: 'failed', problem: refused }))
  const { out, err } = await airlock(url, ['request', 'pip', 'a', '--wait'])
  assert.match(err, /\nairlock: Request 7 for default failed: These cannot be met:\n {2}a<1, a>1\n {2}Loosen one\.\n$/)
  assert.equal(out, '')
})

test('of several requests each is followed and told, and the lowest exit but 0 counts', async (t) => {
  const { url } = await fakeConsole(t, {
    'POST /api/requests': {
      status: 202,
      body: { requests: [request(), request({ id: 8, target: 'old' }), request({ id: 9, target: 'new' })] },
    },
    'GET /api/requests/7': { body: request(ready) },
    'GET /api/requests/8': [
      { body: request({ id: 8, target: 'old', state: 'solving' }) },
      { body: request({ id: 8, target: 'old', state: 'cancelled' }) },
    ],
    'GET /api/requests/9': [
      { body: request({ id: 9, target: 'new' }) },
      { body: request({ id: 9, target: 'new', state: 'failed', problem: refused }) },
    ],
  })
  const { code, out, err } = await airlock(url, ['request', 'pip', 'a', '--wait'])
  assert.match(out, /^Request 7 is ready/)
  assert.match(err, /Request 8 for old was cancelled\./)
  assert.match(err, /Request 9 for new failed: /)
  assert.equal(code, 1)
})

test('--json prints nothing but the last answers, untouched, in one document', async (t) => {
  const body = `{"id":7, "state":"ready", "later":"unknown"}`
  const { url } = await fakeConsole(t, {
    'POST /api/requests': { status: 202, body: { requests: [request(), request({ id: 8 })] } },
    'GET /api/requests/7': [{ body: request() }, { body: `${body}\n` }],
    'GET /api/requests/8': { body: body.replace('7', '8') },
  })
  const { out, err } = await airlock(url, ['request', 'pip', 'six', '--wait', '--json'])
  assert.equal(out, `{"requests":[${body},${body.replace('7', '8')}]}\n`)
  assert.equal(err, '')
})

test('--json of one request that is followed is its own document', async (t) => {
  const body = '{"id":7, "state":"failed"}'
  const { url } = await fakeConsole(t, { 'GET /api/requests/7': [{ body: request() }, { body }] })
  const { code, out, err } = await airlock(url, ['status', '7', '--wait', '--json'])
  assert.equal(out, `${body}\n`)
  assert.equal(err, '')
  assert.equal(code, 1)
})

test('a server that restarts is waited for', async (t) => {
  const console = await fakeConsole(t, through({ state: 'downloading' }, { state: 'downloading' }, ready))
  let restarted = false
  const { code, out, err } = await airlock(console.url, ['request', 'pip', 'six', '--wait'], {
    onStderr(text) {
      if (text.includes('downloading') && !restarted) {
        restarted = true
        void console.stop()
      }
      if (text.includes('does not answer')) void console.start()
    },
  })
  assert.match(err, /does not answer \(ECONN\w+\); trying again for 2 s …\nThe server answers again\.\n/)
  assert.match(out, /^Request 7 is ready/)
  assert.equal(code, 0)
})

test('a proxy that stands in for a restarting server is waited out as well', async (t) => {
  const { url } = await fakeConsole(t, {
    'GET /api/requests/7': [
      { body: request() },
      { status: 502, type: 'text/html', body: '<h1>Bad gateway</h1>' },
      { status: 503, body: problem({ status: 503 }) },
      'drop',
      { body: request(ready) },
    ],
  })
  const { code, err } = await airlock(url, ['status', '7', '--wait'])
  assert.equal(err.match(/does not answer/g)?.length, 1)
  assert.equal(code, 0)
})

test('a server that stays away ends the wait as unreachable', async (t) => {
  const console = await fakeConsole(t, through({ state: 'downloading' }))
  const { code, err } = await airlock(console.url, ['request', 'pip', 'six', '--wait'], {
    patience: 50,
    onStderr: (text) => void (text.includes('downloading') && console.stop()),
  })
  assert.match(err, /airlock: (Nothing answers|The connection to)/)
  assert.equal(code, 7)
})

test('a server that was never there is not waited for', async (t) => {
  const { url, stop } = await fakeConsole(t, {})
  await stop()
  const { code, err } = await airlock(url, ['status', '7', '--wait'])
  assert.match(err, /^airlock: Nothing answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\.\n/)
  assert.equal(code, 7)
})

test('a problem while waiting ends the wait at once', async (t) => {
  const { url } = await fakeConsole(t, {
    ...through({}),
    'GET /api/requests/7': [{ body: request() }, { status: 500, body: problem() }],
  })
  const { code, err } = await airlock(url, ['request', 'pip', 'six', '--wait'])
  assert.match(err, /airlock: Something is wrong\.\n {2}Do something about it\.\n$/)
  assert.equal(code, 5)
})

test('a request that is gone is a problem', async (t) => {
  const gone = problem({ status: 404, code: 'request-unknown', detail: 'There is no request 7.' })
  const { url } = await fakeConsole(t, { 'GET /api/requests/7': { status: 404, body: gone } })
  const { code, err } = await airlock(url, ['status', '7', '--wait'])
  assert.match(err, /There is no request 7/)
  assert.equal(code, 5)
})

test('--timeout ends the wait, not the request', async (t) => {
  const { url, asked } = await fakeConsole(t, through({ state: 'solving' }))
  const { code, err } = await airlock(url, ['request', 'pip', 'six', '--wait', '--timeout', '0.1'])
  assert.match(
    err,
    /airlock: The time is up; still under way: 7\.\n {2}It goes on by itself\. Follow it with: airlock status 7 --wait\n$/,
  )
  assert.equal(code, 6)
  assert.ok(asked.every(({ line }) => !line.includes('cancel')))
})

test('--timeout ends the wait for a server that does not come back as well', async (t) => {
  const console = await fakeConsole(t, through({ state: 'solving' }))
  const { code } = await airlock(console.url, ['request', 'pip', 'six', '--wait', '--timeout', '0.2'], {
    patience: 60_000,
    onStderr: (text) => void (text.includes('solving') && console.stop()),
  })
  assert.equal(code, 6)
})

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 6],
] as const) {
  test(`${signal} ends the wait with ${code} and says how to go on`, async (t) => {
    const { url } = await fakeConsole(t, through({ state: 'solving' }))
    const { code: ended, err } = await airlock(url, ['request', 'pip', 'six', '--wait'], {
      onStderr: (text, send) => void (text.includes('solving') && send(signal)),
    })
    assert.match(err, /No longer waiting; still under way: 7\./)
    assert.equal(ended, code)
  })
}

test('what a request waits for is said once, until it is gone', async (t) => {
  const waiting = problem({ status: 507, code: 'disk-full', detail: 'The disk is full.' })
  const { url } = await fakeConsole(
    t,
    through({ state: 'downloading', waiting }, { state: 'downloading', waiting }, { state: 'downloading' }, ready),
  )
  const { err } = await airlock(url, ['request', 'pip', 'six', '--wait'])
  assert.equal(
    err,
    'request 7 (default): downloading (The disk is full.)\nrequest 7 (default): downloading\nrequest 7 (default): ready\n',
  )
})
