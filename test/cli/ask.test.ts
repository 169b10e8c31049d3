import assert from 'node:assert/strict'
import { test } from 'node:test'
import { airlock, fakeConsole, problem, request, zh, type Replies } from './console.ts'

const created = (...requests: object[]): Replies => ({ 'POST /api/requests': { status: 202, body: { requests } } })

test('a request for pip sends what was typed, who asks and nothing that was not given', async (t) => {
  const { url, asked } = await fakeConsole(t, created(request()))
  const { code, out, err } = await airlock(url, ['request', 'pip', 'fonttools', 'numpy<2'])
  assert.deepEqual(asked, [
    {
      line: 'POST /api/requests',
      language: 'en',
      body: { ecosystem: 'pip', requirements: ['fonttools', 'numpy<2'], requester: 'alice' },
    },
  ])
  assert.equal(
    out,
    'Request 7 (pip fonttools, numpy<2 for default): queued.\n  Follow it with: airlock status 7 --wait\n',
  )
  assert.equal(err, '')
  assert.equal(code, 0)
})

test('a request for apt takes targets, a requester and a note', async (t) => {
  const { url, asked } = await fakeConsole(
    t,
    created(request({ ecosystem: 'apt' }), request({ id: 8, target: 'trixie' })),
  )
  const args = 'request apt jq --target default --target trixie --requester bob --note urgent --yes --refresh'
  const { code, out } = await airlock(url, args.split(' '))
  assert.deepEqual(asked[0]!.body, {
    ecosystem: 'apt',
    requirements: ['jq'],
    targets: ['default', 'trixie'],
    requester: 'bob',
    note: 'urgent',
    confirm: true,
    refresh: true,
  })
  assert.match(out, /Request 7 .*\n.*\nRequest 8 \(.* for trixie\)/)
  assert.equal(code, 0)
})

test('a user without a name and an empty requester stay unnamed', async (t) => {
  const { url, asked } = await fakeConsole(t, created(request()))
  await airlock(url, ['request', 'pip', 'six', '--requester', ''])
  assert.deepEqual(asked[0]!.body, { ecosystem: 'pip', requirements: ['six'] })
})

test('in a Chinese locale a request is asked and answered in Chinese', async (t) => {
  const { url, asked } = await fakeConsole(t, created(request()))
  const { out } = await airlock(url, ['request', 'pip', 'six'], { env: zh })
  assert.equal(asked[0]!.language, 'zh-CN')
  assert.equal(
    out,
    '申请 7（pip fonttools, numpy<2，目标环境 default）：排队中。\n  跟踪进度：airlock status 7 --wait\n',
  )
})

test('LC_ALL is stronger than LC_MESSAGES, and that than LANG; an empty one does not count', async (t) => {
  const { url, asked } = await fakeConsole(t, created(request()))
  for (const env of [
    { LC_ALL: 'en_US.UTF-8', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'zh_CN.UTF-8' },
    { LC_ALL: '', LC_MESSAGES: 'zh_TW.UTF-8', LANG: 'en_US.UTF-8' },
    { LC_ALL: '', LC_MESSAGES: '', LANG: 'de_DE.UTF-8' },
  ]) {
    await airlock(url, ['request', 'pip', 'six'], { env })
  }
  assert.deepEqual(
    asked.map(({ language }) => language),
    ['en', 'zh-CN', 'en'],
  )
})

test('--json prints the answer byte for byte', async (t) => {
  const body = '{ "requests": [ {"id":7,   "unknown": "later"} ] }'
  const { url } = await fakeConsole(t, { 'POST /api/requests': { status: 202, body } })
  const { code, out, err } = await airlock(url, ['request', 'pip', 'six', '--json'])
  assert.equal(out, `${body}\n`)
  assert.equal(err, '')
  assert.equal(code, 0)
})

test('a refused requirement is explained with its hint', async (t) => {
  const refused = problem({
    status: 400,
    code: 'requirement-invalid',
    detail: '“a b” is not a requirement.',
    hint: 'Write a name.',
  })
  const { url } = await fakeConsole(t, { 'POST /api/requests': { status: 400, body: refused } })
  const { code, out, err } = await airlock(url, ['request', 'pip', 'a b'])
  assert.equal(err, 'airlock: “a b” is not a requirement.\n  Write a name.\n')
  assert.equal(out, '')
  assert.equal(code, 5)
})

test('--json prints a problem byte for byte too', async (t) => {
  const body = JSON.stringify(problem({ status: 503, code: 'queue-full' }), null, 1)
  const { url } = await fakeConsole(t, { 'POST /api/requests': { status: 503, body } })
  const { code, out, err } = await airlock(url, ['request', 'pip', 'six', '--json'])
  assert.equal(out, `${body}\n`)
  assert.equal(err, '')
  assert.equal(code, 5)
})

test('a problem cannot send control characters to the terminal', async (t) => {
  const { url } = await fakeConsole(t, {
    'POST /api/requests': { status: 400, body: problem({ detail: 'one\u001b[2J\ntwo\u202e', hint: 'a\rb' }) },
  })
  const { err } = await airlock(url, ['request', 'pip', 'six'])
  assert.equal(err, 'airlock: one [2J\ntwo \n  a b\n')
})

test('a cancelled request is confirmed', async (t) => {
  const { url, asked } = await fakeConsole(t, {
    'POST /api/requests/7/cancel': { body: request({ state: 'cancelled' }) },
  })
  const { code, out } = await airlock(url, ['cancel', '7'])
  assert.equal(out, 'Request 7 is cancelled.\n')
  assert.equal(code, 0)
  assert.deepEqual(asked[0]!.body, { requester: 'alice' })
})

test('a cancelled request is confirmed in Chinese, and as JSON', async (t) => {
  const body = JSON.stringify(request({ state: 'cancelled' }))
  const { url } = await fakeConsole(t, { 'POST /api/requests/7/cancel': { body } })
  assert.equal((await airlock(url, ['cancel', '7'], { env: zh })).out, '申请 7 已取消。\n')
  assert.equal((await airlock(url, ['cancel', '7', '--json'])).out, `${body}\n`)
})

test('a request that cannot be cancelled any more is a problem', async (t) => {
  const late = problem({ status: 409, code: 'request-finished', detail: 'Request 7 is already ready.' })
  const { url } = await fakeConsole(t, { 'POST /api/requests/7/cancel': { status: 409, body: late } })
  const { code, err } = await airlock(url, ['cancel', '7'])
  assert.match(err, /already ready/)
  assert.equal(code, 5)
})

test('a retried request is queued again', async (t) => {
  const { url } = await fakeConsole(t, { 'POST /api/requests/7/retry': { status: 202, body: request() } })
  const { code, out } = await airlock(url, ['retry', '7'])
  assert.match(out, /^Request 7 .*: queued\.\n/)
  assert.equal(code, 0)
})

test('an unfinished request cannot be retried', async (t) => {
  const early = problem({ status: 409, code: 'request-unfinished', detail: 'Request 7 is still solving.' })
  const { url } = await fakeConsole(t, { 'POST /api/requests/7/retry': { status: 409, body: early } })
  const { code, err } = await airlock(url, ['retry', '7', '--wait'])
  assert.match(err, /still solving/)
  assert.equal(code, 5)
})
