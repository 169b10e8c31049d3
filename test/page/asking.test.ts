/** The API that the page adds, on the real server: what it says of lines, names, closures, packages and itself, and how it serves the page. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { operations, type Operation } from '../../server/contract.ts'
import { Refused, startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { silence } from '../support/upstream.ts'
import { makeWheel } from '../support/wheels.ts'

const began = Date.now()
let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'base', version: '1.5' }))
  index.add(makeWheel({ name: 'base', version: '2.0rc1' }))
  index.add(makeWheel({ name: 'widget', version: '1.0', requires: ['base'], extras: ['more'] }))
  index.add(makeWheel({ name: 'unasked', version: '1.0', requires: ['widget'] }))
  airlock = await startAirlock({ index: index.url })
  const { id } = await airlock.ask('widget')
  await airlock.ready(id)
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

/** Calls an operation, and holds its answer against the contract. */
async function call<O extends Operation>(operation: O, path: string, body?: unknown) {
  const answer = await airlock.call(path, body)
  return operations[operation].answer.parse(answer) as z.output<(typeof operations)[O]['answer']>
}

const check = async (...requirements: string[]) =>
  (await call('checkRequirements', '/api/requirements/check', { ecosystem: 'pip', requirements })).lines

const code = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => assert.fail('was not refused'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Refused, String(error))
  return error.problem.code
}

test('each line is judged by itself, in order', async () => {
  const lines = await check('widget', '-e .', 'Widget >= 1', '', 'wid get')
  assert.deepEqual(
    lines.map(({ line, roots, problem }) => [line, roots, problem?.code ?? null]),
    [
      ['widget', ['widget'], null],
      ['-e .', [], 'requirement-refused'],
      ['Widget >= 1', ['widget>=1'], null],
      ['', [], 'requirement-invalid'],
      ['wid get', [], 'requirement-invalid'],
    ],
  )
})

test('what is here is said only where a pod would get it', async () => {
  const here = async (line: string) => (await check(line))[0]!.here.map(({ version }) => version)
  assert.deepEqual(await here('widget'), ['1.0'])
  assert.deepEqual(await here('base<2'), ['1.5'])
  assert.deepEqual(await here('base==1.*'), ['1.5'])
  // a pre-release, another version, an extra whose needs nobody proved, a marker, a name that nobody asked for
  for (const line of ['base>1.5', 'base==2.0rc1', 'widget[more]', 'widget ; python_version < "3"', 'unasked'])
    assert.deepEqual(await here(line), [], line)
})

test('an unknown name is shown beside near ones, a known one is not', async () => {
  const [slip, known, far] = await check('wigdet', 'widget', 'something-else-entirely')
  assert.deepEqual([slip!.known, slip!.near], [false, ['widget']])
  assert.deepEqual([known!.known, known!.near], [true, []])
  assert.deepEqual([far!.known, far!.near], [false, []])
})

test('checking and completing ask nobody outside', async () => {
  const before = index.asked().length
  await check('never-heard-of', 'widgett')
  await call('listNames', '/api/names/pip?prefix=never')
  await call('status', '/api/status')
  assert.equal(index.asked().length, before)
})

test('names begin as they should, those that are here first', async () => {
  const names = async (query: string) => (await call('listNames', `/api/names/pip?${query}`)).names
  assert.deepEqual(await names('prefix=wi'), [{ name: 'widget', known: 'mirrored', summary: null }])
  assert.deepEqual(await names('prefix=WI'), await names('prefix=wi'))
  assert.deepEqual(await names('prefix=zz'), [])
  assert.equal((await names('prefix=b&limit=1')).length, 1)
  for (const bad of ['', 'prefix=', 'prefix=a&limit=0', 'prefix=a&limit=51', `prefix=${'a'.repeat(129)}`])
    assert.equal(await code(names(bad)), 'request-invalid', bad)
})

test('a preview says what is new and keeps nothing', async () => {
  const wanted = { ecosystem: 'pip', requirements: ['unasked'] }
  const before = await airlock.call<{ requests: unknown[] }>('/api/requests')
  const preview = await call('previewClosure', '/api/closures', wanted)
  assert.deepEqual(
    preview.closure.map(({ project, new: fresh, neededBy }) => [project, fresh, neededBy]),
    [
      ['unasked', true, []],
      ['base', false, ['widget']],
      ['widget', false, ['unasked']],
    ],
  )
  assert.equal(preview.bytes, preview.closure[0]!.size)
  assert.deepEqual(await airlock.call('/api/requests'), before)
  assert.deepEqual((await check('unasked'))[0]!.here, [])
})

test('a preview that cannot be solved says why', async () => {
  const preview = (requirements: string[], target = 'default') =>
    airlock.call('/api/closures', { ecosystem: 'pip', requirements, target })
  assert.equal(await code(preview(['nosuchthing'])), 'package-not-found')
  assert.equal(await code(preview(['base<1'])), 'pip-release-missing')
  assert.equal(await code(preview(['-r x'])), 'requirement-refused')
  assert.equal(await code(preview([])), 'request-invalid')
  assert.equal(await code(preview(['widget'], 'elsewhere')), 'target-unknown')
})

test('a preview that nobody waits for any more ends, and is no failure of the server', async () => {
  index.pages.on('/simple/slow/', silence())
  const left = new AbortController()
  const answer = fetch(`${airlock.consoleUrl}/api/closures`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ecosystem: 'pip', requirements: ['slow'] }),
    signal: left.signal,
  })
  while (index.pages.asked('/simple/slow/').length === 0) await new Promise(setImmediate)
  left.abort()
  await assert.rejects(answer, { name: 'AbortError' })
  // both solves that may run at once are free again
  for (const project of ['widget', 'base', 'unasked'])
    await call('previewClosure', '/api/closures', { ecosystem: 'pip', requirements: [project] })
  assert.doesNotMatch(airlock.log(), /request failed/)
})

test('a package is described by its newest release', async () => {
  const { version, fits, install, askers, description } = await call(
    'describePackage',
    '/api/packages/pip/widget/description',
  )
  assert.equal(version, '1.0')
  assert.deepEqual(fits, [{ file: 'widget-1.0-py3-none-any.whl', targets: ['default'] }])
  assert.deepEqual(install, [{ target: 'default', line: 'pip install widget' }])
  assert.equal(askers.length, 1)
  assert.deepEqual(description, { text: 'Made for a test.\n', markdown: false })
  assert.equal(await code(airlock.call('/api/packages/pip/nosuch/description')), 'package-not-mirrored')
})

test('the status counts, and says when upstream last answered', async () => {
  const { disk, unfinished, upstreams } = await call('status', '/api/status')
  assert.ok(disk.free > 0 && disk.free <= disk.total)
  assert.equal(unfinished, 0)
  const contact = upstreams.find(({ name }) => name === 'default')!.contact!
  assert.ok(contact.ok && Date.parse(contact.at) >= began && Date.parse(contact.at) <= Date.now())
})

test('requests are listed by whether they are under way', async () => {
  const list = (state: string) => airlock.call<{ requests: unknown[] }>(`/api/requests?state=${state}`)
  assert.equal((await list('unfinished')).requests.length, 0)
  assert.ok((await list('ready')).requests.length > 0)
  assert.equal(await code(list('nosuch')), 'request-invalid')
})

// How the page itself is served.

const html = { headers: { accept: 'text/html,*/*;q=0.8' } }
const get = (path: string, init: RequestInit = html) => fetch(airlock.consoleUrl + path, init)

test('every address of the page is the one document, never cached, under a policy without an exception', async () => {
  for (const path of ['/', '/requests/7', '/packages/pip/x', '/pod', '/no/such/page', '/?q=x']) {
    const answer = await get(path)
    assert.equal(answer.status, 200, path)
    assert.equal(answer.headers.get('cache-control'), 'no-cache')
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    const policy = answer.headers.get('content-security-policy')!
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
    assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/)
    const text = await answer.text()
    assert.doesNotMatch(text, /<style|style=|<script>|javascript:| on[a-z]+=/)
  }
})

test('assets are kept for ever, compressed where that is accepted, and only those that exist', async () => {
  const folder = fileURLToPath(new URL('../../client/page/dist/assets', import.meta.url))
  for (const name of readdirSync(folder)) {
    const answer = await get(`/assets/${name}`, { headers: { 'accept-encoding': 'br' } })
    assert.equal(answer.status, 200, name)
    assert.equal(answer.headers.get('cache-control'), 'public, max-age=31536000, immutable')
    assert.equal(answer.headers.get('content-encoding'), 'br')
    const again = await get(`/assets/${name}`, { headers: { 'if-none-match': answer.headers.get('etag')! } })
    assert.equal(again.status, 304)
  }
  assert.equal((await get('/scheme.js')).headers.get('cache-control'), 'no-cache')
  for (const path of ['/assets/', '/assets/nosuch.js', '/api/nosuch']) assert.equal((await get(path)).status, 404, path)
})

test('no path leads out of the build', async () => {
  const url = new URL(airlock.consoleUrl)
  for (const path of [
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/package.json',
    '/..\\..\\package.json',
    '/assets/%00',
    '//etc/passwd',
    '/assets//etc/passwd',
  ]) {
    const body = await new Promise<string>((resolve, reject) => {
      httpRequest({ host: url.hostname, port: url.port, path, headers: { accept: 'application/json' } }, (res) => {
        const parts: Buffer[] = []
        res.on('data', (part: Buffer) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts).toString()))
      })
        .on('error', reject)
        .end()
    })
    assert.doesNotMatch(body, /"devDependencies"|root:/, path)
  }
})

test('a client of the API that mistypes a path gets a problem, not a page', async () => {
  for (const [path, accept] of [
    ['/api/nosuch', 'text/html'],
    ['/nosuch', 'application/json'],
    ['/nosuch', '*/*'],
    ['/healthzz', 'application/json'],
  ] as const) {
    const answer = await get(path, { headers: { accept } })
    assert.equal(answer.status, 404, `${path} ${accept}`)
    assert.match(answer.headers.get('content-type')!, /problem\+json/)
  }
})
