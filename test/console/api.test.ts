import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import request from 'supertest'
import { z } from 'zod'
import { createAsk, createRetry } from '../../server/ask.ts'
import { createApi } from '../../server/console/api.ts'
import { createConsole } from '../../server/console/app.ts'
import { createEventStream } from '../../server/console/event-stream.ts'
import { createPage } from '../../server/console/page.ts'
import { operations, problemSchema, requestDetailSchema, requestSchema } from '../../server/contract.ts'
import { AirlockError } from '../../server/errors.ts'
import type { Ecosystem } from '../../server/ecosystem.ts'
import { createVisible } from '../../storage/visible.ts'
import { createBuilds } from '../../storage/builds.ts'
import { createPackages } from '../../storage/packages.ts'
import { temporaryFolder } from '../support/folders.ts'
import { toyAirlock, type ToyHooks } from '../support/toy.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** The console in front of the toy ecosystem, which it takes for pip. */
async function consoleOf(t: TestContext, { unfinished = 100, ...hooks }: ToyHooks & { unfinished?: number } = {}) {
  let stop = () => Promise.resolve()
  t.after(() => stop())
  const root = await temporaryFolder(t)
  const airlock = await toyAirlock(root, { ...hooks, name: 'pip' })
  stop = airlock.stop
  const pip: Ecosystem = {
    ...airlock.ecosystem,
    parse(lines) {
      const bad = lines.find((line) => line.startsWith('-'))
      if (bad)
        throw new AirlockError('requirement-refused', {
          item: bad,
          reason: 'it is an option',
          instead: 'Write a name.',
        })
      return { roots: [...lines].toSorted(), options: {} }
    },
  }
  const ecosystems = new Map([['pip', pip]])
  const packages = createPackages(airlock.db)
  const api = createApi({
    ...airlock,
    ecosystems,
    ask: createAsk({ ...airlock, ecosystems, reuse: () => Promise.resolve(null), unfinished }),
    retry: createRetry({ ...airlock, ecosystems }),
    packages,
    builds: createBuilds(airlock.db),
    visible: createVisible(airlock.db),
    solve: (ecosystem, target, job, signal) => ecosystem.solve(job, target, signal),
    contacts: () => new Map([['default', null]]),
    root,
    keepFree: 1,
    mirrorUrl: null,
    indexUrl: (target) => `http://mirror.example/${target.lane}/`,
    sourceWords: (source) => ({ en: source, zh: `源：${source}` }),
    notices: { list: () => Promise.resolve([]), test: () => Promise.reject(new AirlockError('notice-hook-unknown')) },
    podTargets: {
      add: () => Promise.reject(new AirlockError('pod-empty')),
      remove: () => Promise.resolve(),
      get: (name) => {
        throw new AirlockError('target-not-added', { target: name, known: [] })
      },
      addedAt: () => null,
      setAside: () => [],
    },
    backup: () => Promise.resolve({ file: '/b.tar', bytes: 1, sha256: 'a', files: 1, outside: [] }),
    maintenance: {
      rebuild: async () => ({ checked: 1, written: 0, damaged: [], unknown: [] }),
      verify: async () => ({ checked: 1, written: 0, damaged: ['x'], unknown: [] }),
    },
    readiness: () => Promise.resolve({ status: 'ready', checks: { mirror: 'ok' } }),
  })
  const page = createPage({ folder: join(root, 'no-page'), api })
  return {
    airlock,
    http: request(
      createConsole({
        withCause: (_, work) => work(),
        api,
        page,
        metrics: { contentType: 'text/plain', metrics: () => Promise.resolve('') },
        stream: createEventStream(airlock),
        log: silent,
        consoleUrl: 'http://airlock.example',
      }),
    ),
  }
}

test('asking answers 202 with one request a target, a location, and what the contract says', async (t) => {
  const { http } = await consoleOf(t)
  const answer = await http
    .post('/api/requests')
    .send({ ecosystem: 'pip', requirements: ['b', 'a'], requester: 'lin', note: 'for the demo' })
    .expect(202)
  const { requests } = operations.createRequests.answer.parse(answer.body)
  assert.equal(requests.length, 1)
  assert.equal(answer.headers.location, `/api/requests/${requests[0]!.id}`)
  assert.deepEqual(requests[0]!.requirements, ['b', 'a'])
  assert.equal(requests[0]!.install, 'toy install a b')
  assert.equal(answer.headers['cache-control'], 'no-store')
})

const refusals: readonly [string, number, string, (http: ReturnType<typeof request>) => request.Test][] = [
  [
    'a body that is not JSON',
    400,
    'request-invalid',
    (http) => http.post('/api/requests').type('application/json').send('{'),
  ],
  ['a form', 415, 'media-type-unsupported', (http) => http.post('/api/requests').type('form').send('ecosystem=pip')],
  ['XML', 415, 'media-type-unsupported', (http) => http.post('/api/requests').type('application/xml').send('<a/>')],
  ['a missing body', 400, 'request-invalid', (http) => http.post('/api/requests')],
  [
    'no requirements',
    400,
    'request-invalid',
    (http) => http.post('/api/requests').send({ ecosystem: 'pip', requirements: [] }),
  ],
  [
    'an unknown field',
    400,
    'request-invalid',
    (http) => http.post('/api/requests').send({ ecosystem: 'pip', requirements: ['a'], extra: 1 }),
  ],
  [
    'a requirement of 1,001 characters',
    400,
    'request-invalid',
    (http) => http.post('/api/requests').send({ ecosystem: 'pip', requirements: ['a'.repeat(1001)] }),
  ],
  [
    'an ecosystem of nobody',
    400,
    'request-invalid',
    (http) => http.post('/api/requests').send({ ecosystem: 'cargo', requirements: ['a'] }),
  ],
  [
    'an ecosystem that is not wired',
    404,
    'ecosystem-unknown',
    (http) => http.post('/api/requests').send({ ecosystem: 'apt', requirements: ['a'] }),
  ],
  [
    'an unknown target',
    404,
    'target-unknown',
    (http) => http.post('/api/requests').send({ ecosystem: 'pip', requirements: ['a'], targets: ['mars'] }),
  ],
  [
    'a target that is a path',
    400,
    'request-invalid',
    (http) => http.post('/api/requests').send({ ecosystem: 'pip', requirements: ['a'], targets: ['../x'] }),
  ],
  [
    'an option among the requirements',
    400,
    'requirement-refused',
    (http) => http.post('/api/requests').send({ ecosystem: 'pip', requirements: ['-r x'] }),
  ],
  ['an unknown request', 404, 'request-unknown', (http) => http.get('/api/requests/999')],
  ['a request id that is none', 400, 'request-invalid', (http) => http.get('/api/requests/abc')],
  [
    'an escape in the address that is no UTF-8',
    400,
    'request-invalid',
    (http) => http.post('/api/requests/%ff/cancel'),
  ],
  ['an unknown state as a filter', 400, 'request-invalid', (http) => http.get('/api/requests?state=sleeping')],
  ['a limit of 0', 400, 'request-invalid', (http) => http.get('/api/requests?limit=0')],
  ['an unknown route', 404, 'route-unknown', (http) => http.get('/api/nothing')],
  [
    'a body over the limit',
    413,
    'body-too-large',
    (http) => http.post('/api/requests').send({ ecosystem: 'pip', requirements: ['a'], note: 'x'.repeat(3 << 20) }),
  ],
  [
    'a mirror whose address is longer than any',
    400,
    'request-invalid',
    (http) =>
      http.post('/api/locks').send({ text: '', to: 'airlock', mirror: `https://mirror.example/${'/'.repeat(2000)}x` }),
  ],
  [
    'a page of another site',
    403,
    'origin-refused',
    (http) =>
      http
        .post('/api/requests')
        .set('Origin', 'https://evil.example')
        .send({ ecosystem: 'pip', requirements: ['a'] }),
  ],
  [
    'a cross-site fetch',
    403,
    'origin-refused',
    (http) =>
      http
        .post('/api/requests')
        .set('Sec-Fetch-Site', 'cross-site')
        .send({ ecosystem: 'pip', requirements: ['a'] }),
  ],
  [
    'a same-site fetch of another origin',
    403,
    'origin-refused',
    (http) =>
      http
        .post('/api/requests')
        .set('Sec-Fetch-Site', 'same-site')
        .send({ ecosystem: 'pip', requirements: ['a'] }),
  ],
  [
    'a host name that only points here',
    421,
    'host-refused',
    (http) => http.get('/api/requests').set('Host', 'rebind.example'),
  ],
  [
    'a host that only looks like an address',
    421,
    'host-refused',
    (http) => http.get('/api/requests').set('Host', '127.0.0.1.rebind.example'),
  ],
]

for (const [what, status, code, send] of refusals) {
  test(`${what} is refused as ${code}, and nothing is recorded`, async (t) => {
    const { http, airlock } = await consoleOf(t)
    const answer = await send(http)
      .expect(status)
      .expect('Content-Type', /^application\/problem\+json/)
    const problem = problemSchema.parse(answer.body)
    assert.equal(problem.code, code)
    assert.equal(problem.status, status)
    assert.ok(problem.detail.length > 0 && problem.hint.length > 0)
    assert.deepEqual(await airlock.requests.list({ limit: 10 }), [])
  })
}

test('the console answers to its own name, to addresses and to localhost', async (t) => {
  const { http } = await consoleOf(t)
  for (const host of ['airlock.example', 'airlock.example:8081', 'localhost:8081', '10.1.2.3', '[::1]:8081'])
    await http.get('/healthz').set('Host', host).expect(200)
})

test('the page of the console itself may change things', async (t) => {
  const { http } = await consoleOf(t)
  const own = { Host: 'airlock.example', Origin: 'http://airlock.example', 'Sec-Fetch-Site': 'same-origin' }
  await http
    .post('/api/requests')
    .set(own)
    .send({ ecosystem: 'pip', requirements: ['a'] })
    .expect(202)
})

test('problems are told in Chinese to who reads Chinese', async (t) => {
  const { http } = await consoleOf(t)
  const zh = await http.get('/api/requests/999').set('Accept-Language', 'zh-CN,zh;q=0.9,en;q=0.8')
  assert.match(zh.body.detail, /没有编号为 999 的申请/)
  const en = await http.get('/api/requests/999').set('Accept-Language', 'en-US,en;q=0.9,zh;q=0.5')
  assert.match(en.body.detail, /no request 999/)
})

test('a ready request shows its timeline with durations, its closure and who needs whom', async (t) => {
  const { http, airlock } = await consoleOf(t)
  const { body: posted } = await http.post('/api/requests').send({ ecosystem: 'pip', requirements: ['a>b'] })
  assert.equal(posted.requests[0].state, 'queued')
  const toy = await airlock.settled(posted.requests[0])
  const detail = requestDetailSchema.parse((await http.get(`/api/requests/${toy.id}`).expect(200)).body)
  assert.deepEqual(
    detail.timeline.map(({ state }) => state),
    ['queued', 'solving', 'downloading', 'proving', 'publishing', 'ready'],
  )
  assert.ok(detail.timeline.slice(0, -1).every(({ seconds }) => seconds !== null && seconds >= 0))
  assert.deepEqual(
    detail.closure!.map(({ project, root, neededBy, proved }) => [project, root, neededBy, proved]),
    [
      ['a', true, [], null],
      ['b', false, ['a'], null],
    ],
  )
  assert.equal(detail.files, 2)
  assert.deepEqual(
    detail.closure!.map(({ url }) => url),
    ['https://files.example/a-1', 'https://files.example/b-1'],
  )
})

test('a failed request carries its problem with code and hint, and a retry runs it anew', async (t) => {
  let fails = true
  const { http, airlock } = await consoleOf(t, {
    before: (step) => {
      if (step === 'prove' && fails) throw new AirlockError('proof-failed', { explanation: 'b is missing' })
    },
  })
  const failed = await airlock.settled(await airlock.ask('a'))
  const view = requestSchema.parse((await http.get('/api/requests?state=failed')).body.requests[0])
  assert.equal(view.problem!.code, 'proof-failed')
  assert.match(view.problem!.detail, /b is missing/)
  fails = false
  await http.post(`/api/requests/${failed.id}/retry`).send({ requester: 'zhou' }).expect(202)
  assert.equal((await airlock.settled(failed)).job.state, 'ready')
  const again = await http.post(`/api/requests/${failed.id}/cancel`).expect(409)
  assert.equal(again.body.code, 'request-finished')
  const { history } = requestDetailSchema.parse((await http.get(`/api/requests/${failed.id}`)).body)
  assert.deepEqual(
    history.map(({ act, requester }) => [act, requester]),
    [
      ['asked', null],
      ['retried', 'zhou'],
    ],
    'what is refused was not done',
  )
})

test('a running request can be cancelled and cannot be retried before', async (t) => {
  const held = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const { http, airlock } = await consoleOf(t, {
    before: async (step) => {
      if (step === 'download') await (reached.resolve(), held.promise)
    },
  })
  const running = await airlock.ask('a')
  await reached.promise
  assert.equal((await http.post(`/api/requests/${running.id}/retry`).expect(409)).body.code, 'request-unfinished')
  const cancelled = http
    .post(`/api/requests/${running.id}/cancel`)
    .expect(200)
    .then(({ body }) => body)
  setTimeout(held.resolve, 20)
  assert.equal((await cancelled).state, 'cancelled')
})

test('the queue refuses what it cannot hold, and says how much that is', async (t) => {
  const held = Promise.withResolvers<void>()
  t.after(() => held.resolve())
  const { http, airlock } = await consoleOf(t, { unfinished: 1, before: () => held.promise })
  await airlock.ask('a')
  const answer = await http
    .post('/api/requests')
    .send({ ecosystem: 'pip', requirements: ['b'] })
    .expect(503)
  assert.equal(answer.body.code, 'queue-full')
  held.resolve()
})

test('paging walks over every request once', async (t) => {
  const { http, airlock } = await consoleOf(t)
  for (let n = 0; n < 5; n++) await airlock.settled(await airlock.ask(`p${n}`))
  const seen: number[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body }: { body: { requests: { id: number }[]; next: string | null } } = await http
      .get(`/api/requests?limit=2${cursor && `&cursor=${cursor}`}`)
      .expect(200)
    seen.push(...body.requests.map(({ id }) => id))
    cursor = body.next
  }
  assert.deepEqual(seen, [5, 4, 3, 2, 1])
})

test('targets say what they are, where that came from and which index a pod is given', async (t) => {
  const { http } = await consoleOf(t)
  const listed = async (language: string) =>
    z
      .object({ targets: z.array(z.object({ index: z.string(), source: z.string() })) })
      .parse((await http.get('/api/targets').set('accept-language', language).expect(200)).body).targets[0]!
  const { index, source } = await listed('en')
  assert.equal(index, 'http://mirror.example/toy/simple/')
  assert.equal((await listed('zh-CN')).source, `源：${source}`, 'in the reader’s language')
})

test('the OpenAPI document is of version 3.1 and names every operation and every schema it refers to', async (t) => {
  const { http } = await consoleOf(t)
  const { body } = await http.get('/api/openapi.json').expect(200)
  assert.match(body.openapi, /^3\.1/)
  const ids = Object.values<Record<string, { operationId: string }>>(body.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  )
  assert.deepEqual(ids.toSorted(), [...Object.keys(operations), 'streamEvents', 'streamRequestEvents'].toSorted())
  const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)]
  for (const [, kind, name] of references) assert.ok(body.components[kind!][name!], `${kind}/${name}`)
  assert.equal(references.filter(([, kind]) => kind === 'parameters').length, ids.length, 'each names its exchange')
  assert.ok(!JSON.stringify(body).includes('$defs'))
  const { ClosureItem, Package } = body.components.schemas
  for (const schema of [ClosureItem, Package.properties.files.items]) assert.ok(schema.required.includes('url'))
})

test('who asks for the head of an event stream is answered at once', async (t) => {
  const { http, airlock } = await consoleOf(t)
  const { id } = await airlock.settled(await airlock.ask('a'))
  for (const path of ['/api/events', `/api/requests/${id}/events`]) {
    const { headers } = await http.head(path).timeout(5000).expect(200)
    assert.equal(headers['content-type'], 'text/event-stream; charset=utf-8')
  }
})

test('every answer carries the security headers, and none says what runs here', async (t) => {
  const { http } = await consoleOf(t)
  for (const path of ['/healthz', '/api/requests', '/nothing']) {
    const { headers } = await http.get(path)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.equal(headers['x-powered-by'], undefined)
  }
})
