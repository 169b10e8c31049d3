import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256 } from '../support/records.ts'
import { page, redirect, reset, silence, status } from '../support/upstream.ts'
import { cached, html } from './caching.ts'
import { codeOf } from './fixture.ts'

test('a page says what it is, whence and when', async (t) => {
  const { upstream, pages, url } = await cached(t)
  upstream.on('/simple/a/', redirect('/simple/b/'))
  upstream.on('/simple/b/', page('the page', { type: 'text/html; charset=utf-8' }))
  assert.deepEqual(await pages.get(url, html), {
    url: `${upstream.url}/simple/b/`,
    contentType: 'text/html; charset=utf-8',
    body: Buffer.from('the page'),
    fetchedAt: '2026-01-01T00:00:00.000Z',
    sha256: sha256('the page'),
  })
})

test('a page is asked once however many want it', async (t) => {
  const { upstream, pages, url } = await cached(t)
  upstream.on('/simple/a/', page('x'))
  await Promise.all(Array.from({ length: 20 }, () => pages.get(url, html)))
  assert.equal(upstream.requests.length, 1)
})

test('a page is the same after a restart', async (t) => {
  const { upstream, pages, url, again } = await cached(t)
  upstream.on('/simple/a/', page('x', { etag: '"1"' }))
  const before = await pages.get(url, html)
  assert.deepEqual(await (await again()).get(url, html), before)
  assert.equal(upstream.requests.length, 1)
})

for (const [what, options, fresh] of [
  ['with an ETag', { etag: '"1"' }, 60],
  ['with a date', { lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT' }, 60],
  ['without either', {}, 600],
] as const) {
  test(`a page ${what} is given unasked for ${fresh} s`, async (t) => {
    const { upstream, pages, url, pass } = await cached(t)
    upstream.on('/simple/a/', page('x', options))
    await pages.get(url, html)
    pass(fresh - 1)
    await pages.get(url, html)
    assert.equal(upstream.requests.length, 1)
    pass(1)
    await pages.get(url, html)
    assert.equal(upstream.requests.length, 2)
  })

  test(`a page ${what} is asked for again at once when that is wanted`, async (t) => {
    const { upstream, pages, url } = await cached(t)
    upstream.on('/simple/a/', page('x', options))
    await pages.get(url, html)
    await pages.get(url, { ...html, maxAge: 0 })
    assert.equal(upstream.requests.length, 2)
  })
}

test('a page that never changes is never asked for again', async (t) => {
  const { upstream, pages, url, pass } = await cached(t)
  upstream.on('/simple/a/', page('x'))
  await pages.get(url, html)
  pass(10 * 365 * 86_400)
  await pages.get(url, { ...html, maxAge: Number.POSITIVE_INFINITY })
  assert.equal(upstream.requests.length, 1)
})

test('a clock that went back makes no page fresh', async (t) => {
  const { upstream, pages, url, pass } = await cached(t)
  upstream.on('/simple/a/', page('x'))
  await pages.get(url, html)
  pass(-10)
  await pages.get(url, html)
  assert.equal(upstream.requests.length, 2)
})

test('a page that has not changed is not sent again, and is fresh again, after a restart too', async (t) => {
  const { upstream, pages, url, pass, again } = await cached(t)
  upstream.on('/simple/a/', page('x', { etag: '"1"' }))
  await pages.get(url, html)
  pass(100)
  const confirmed = await pages.get(url, html)
  assert.equal(upstream.requests[1]?.headers['if-none-match'], '"1"')
  assert.equal(confirmed?.fetchedAt, '2026-01-01T00:01:40.000Z')
  pass(59)
  assert.deepEqual(await (await again()).get(url, html), confirmed)
  assert.equal(upstream.requests.length, 2)
})

test('a page that has changed is sent and kept', async (t) => {
  const { upstream, pages, url, pass, again } = await cached(t)
  upstream.on('/simple/a/', page('old', { etag: '"1"' }), page('new', { etag: '"2"' }))
  await pages.get(url, html)
  pass(100)
  assert.equal((await pages.get(url, html))?.body.toString(), 'new')
  assert.equal((await (await again()).get(url, html))?.body.toString(), 'new')
})

test('the same address has another page for another Accept', async (t) => {
  const { upstream, pages, url } = await cached(t)
  upstream.on('/simple/a/', page('html'), page('json'))
  await pages.get(url, html)
  const json = { ...html, accept: 'application/json' }
  assert.equal((await pages.get(url, json))?.body.toString(), 'json')
  assert.equal((await pages.get(url, html))?.body.toString(), 'html')
})

test('a fragment is no part of an address', async (t) => {
  const { upstream, pages, url } = await cached(t)
  upstream.on('/simple/a/', page('x'))
  await pages.get(`${url}#a`, html)
  await pages.get(`${url}#b`, html)
  assert.equal(upstream.requests.length, 1)
})

for (const code of [404, 410]) {
  test(`a ${code} is no page, and is believed for a minute`, async (t) => {
    const { upstream, pages, url, pass } = await cached(t)
    upstream.on('/simple/a/', status(code))
    assert.equal(await pages.get(url, html), null)
    pass(59)
    assert.equal(await pages.get(url, html), null)
    assert.equal(upstream.requests.length, 1)
    pass(2)
    upstream.on('/simple/a/', page('x'))
    assert.equal((await pages.get(url, html))?.body.toString(), 'x')
  })
}

test('a missing page is asked for again at once when that is wanted', async (t) => {
  const { upstream, pages, url } = await cached(t)
  upstream.on('/simple/a/', status(404), page('x'))
  assert.equal(await pages.get(url, html), null)
  assert.equal((await pages.get(url, { ...html, maxAge: 0 }))?.body.toString(), 'x')
})

test('a missing page is forgotten at a restart', async (t) => {
  const { upstream, pages, url, again } = await cached(t)
  upstream.on('/simple/a/', status(404), page('x'))
  await pages.get(url, html)
  assert.equal((await (await again()).get(url, html))?.body.toString(), 'x')
})

test('a page that is gone does not come back as a stale one', async (t) => {
  const { upstream, pages, url, again } = await cached(t)
  upstream.on('/simple/a/', page('x'), status(404), status(500))
  await pages.get(url, html)
  assert.equal(await pages.get(url, { ...html, maxAge: 0 }), null)
  assert.equal(await codeOf((await again()).get(url, { ...html, stale: true })), 'upstream-status')
})

for (const [what, answer, code] of [
  ['fails', status(500), 'upstream-status'],
  ['refuses', status(403), 'upstream-status'],
  ['is busy', status(503), 'upstream-status'],
  ['breaks off', reset(), 'upstream-unreachable'],
  ['says nothing', silence(), 'upstream-unreachable'],
  ['leads away', redirect('https://127.0.0.1/'), 'upstream-host-refused'],
] as const) {
  test(`when upstream ${what}, the last page is given to who takes stale ones, an error to others`, async (t) => {
    const { upstream, pages, url, pass } = await cached(t, { patience: { retries: 0 } })
    upstream.on('/simple/a/', page('x'), answer)
    await pages.get(url, html)
    pass(1000)
    assert.equal(await codeOf(pages.get(url, html)), code)
    const stale = await pages.get(url, { ...html, stale: true })
    assert.deepEqual([stale?.body.toString(), stale?.fetchedAt], ['x', '2026-01-01T00:00:00.000Z'])
  })
}

test('without a last page a failure is a failure', async (t) => {
  const { upstream, pages, url } = await cached(t)
  upstream.on('/simple/a/', status(500))
  assert.equal(await codeOf(pages.get(url, { ...html, stale: true })), 'upstream-status')
})

test('an abort is not answered with a stale page', async (t) => {
  const { upstream, pages, url } = await cached(t)
  upstream.on('/simple/a/', page('x'), silence())
  await pages.get(url, html)
  const leaving = new AbortController()
  const answer = pages.get(url, { ...html, maxAge: 0, stale: true, signal: leaving.signal })
  while (upstream.requests.length < 2) await new Promise((resolve) => setImmediate(resolve))
  leaving.abort(new Error('changed my mind'))
  await assert.rejects(answer, /changed my mind/)
})

test('who leaves does not take the page from the others', async (t) => {
  const { upstream, pages, url } = await cached(t)
  const { promise: asked, resolve } = Promise.withResolvers<() => void>()
  upstream.on('/simple/a/', (req, res) => resolve(() => page('x')(req, res)))
  const leaving = new AbortController()
  const left = pages.get(url, { ...html, signal: leaving.signal })
  const stays = pages.get(url, html)
  const answer = await asked
  leaving.abort(new Error('changed my mind'))
  await assert.rejects(left, /changed my mind/)
  answer()
  assert.equal((await stays)?.body.toString(), 'x')
  assert.equal(upstream.requests.length, 1)
})

test('when all have left, the request ends and the next one begins anew', async (t) => {
  const { upstream, pages, url } = await cached(t)
  upstream.on('/simple/a/', silence(), page('x'))
  const leaving = new AbortController()
  const left = [1, 2].map(() => pages.get(url, { ...html, signal: leaving.signal }))
  while (upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  leaving.abort(new Error('changed my mind'))
  const next = pages.get(url, html)
  for (const one of left) await assert.rejects(one, /changed my mind/)
  assert.equal((await next)?.body.toString(), 'x')
})

test('a page is not larger than allowed, fresh from upstream or from the cache', async (t) => {
  const { upstream, pages, url } = await cached(t)
  upstream.on('/simple/a/', page('0123456789'))
  assert.equal(await codeOf(pages.get(url, { ...html, maxBytes: 9 })), 'upstream-answer-invalid')
  assert.equal((await pages.get(url, { ...html, maxBytes: 10 }))?.body.length, 10)
  assert.equal(await codeOf(pages.get(url, { ...html, maxBytes: 9 })), 'upstream-answer-invalid')
})
