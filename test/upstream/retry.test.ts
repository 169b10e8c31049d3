/** What is tried again, after which wait, and when it is given up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUpstreamClient } from '../../server/upstream/client.ts'
import { file, stall, startUpstream, status, trickle } from '../support/upstream.ts'
import { asking, codeOf, errorOf, outside, quick } from './fixture.ts'

for (const code of [429, 502, 503, 504]) {
  test(`a ${code} is tried again, each time after twice the wait`, async (t) => {
    const { client, upstream, waits } = await outside(t)
    upstream.on('/x', status(code), status(code), status(code), file('x'))
    assert.equal((await client.fetch(asking(`${upstream.url}/x`))).status, 200)
    assert.deepEqual(waits, [500, 1000, 2000])
  })

  test(`a ${code} that stays is an error after five tries`, async (t) => {
    const { client, upstream } = await outside(t)
    upstream.on('/x', status(code))
    const { code: found, fields } = await errorOf(client.open(asking(`${upstream.url}/x`)))
    assert.deepEqual(
      [found, fields],
      ['upstream-status', { host: `127.0.0.1:${upstream.port}`, status: code, what: '/x' }],
    )
    assert.equal(upstream.requests.length, 5)
  })
}

for (const [header, wait] of [
  ['7', 7000],
  ['0', 1000],
  ['-5', 500],
  ['900', 600_000],
  ['99999999999999999999', 500],
  ['soon', 500],
  ['Thu, 01 Jan 2026 00:00:09 GMT', 9000],
  ['Wed, 31 Dec 2025 00:00:00 GMT', 1000],
  ['Fri, 01 Jan 2027 00:00:00 GMT', 600_000],
] as const) {
  test(`Retry-After: ${header} is a wait of ${wait} ms`, async (t) => {
    const { client, upstream, waits } = await outside(t, { now: () => Date.UTC(2026, 0, 1) })
    upstream.on('/x', status(503, { 'retry-after': header }), file('x'))
    await client.fetch(asking(`${upstream.url}/x`))
    assert.deepEqual(waits, [wait])
  })
}

test('an upstream that always says later does not hold anyone for more than ten minutes', async (t) => {
  const { client, upstream, waits } = await outside(t)
  upstream.on('/x', status(429, { 'retry-after': '400' }))
  assert.equal(await codeOf(client.fetch(asking(`${upstream.url}/x`))), 'upstream-status')
  assert.deepEqual(waits, [400_000])
})

test('a wait ends when nobody wants the answer any more', async (t) => {
  const upstream = await startUpstream()
  const client = createUpstreamClient({ origins: [{ name: 'default', url: upstream.url }], timeouts: quick })
  t.after(() => upstream.close())
  upstream.on('/x', status(503, { 'retry-after': '60' }))
  const leaving = new AbortController()
  const answer = client.fetch(asking(`${upstream.url}/x`, { signal: leaving.signal }))
  while (upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  leaving.abort(new Error('changed my mind'))
  await assert.rejects(answer, /changed my mind/)
})

for (const [what, limits, answer, reason] of [
  ['falls silent', { idle: 100, window: 10_000, minRate: 1 }, stall('0123456789', 5), /it sent nothing for 0\.1 s/],
  [
    'trickles',
    { idle: 10_000, window: 100, minRate: 1000 },
    trickle('0123456789'.repeat(100), 1, 5),
    /less than 1000 bytes/,
  ],
] as const) {
  test(`an upstream that ${what} is given up, and said to`, async (t) => {
    const { client, upstream } = await outside(t, { timeouts: { ...quick, ...limits }, patience: { retries: 0 } })
    upstream.on('/x', answer)
    const error = await errorOf(client.fetch(asking(`${upstream.url}/x`)))
    assert.equal(error.code, 'upstream-unreachable')
    assert.match(error.message, reason)
  })
}

test('a connection that upstream closed meanwhile is no failure', async (t) => {
  const { client, upstream, waits } = await outside(t)
  upstream.on('/x', file('x'), (req) => req.socket.destroy(), file('x'))
  for (let i = 0; i < 2; i++) assert.equal((await client.fetch(asking(`${upstream.url}/x`))).status, 200)
  assert.equal(waits.length, 1)
})
