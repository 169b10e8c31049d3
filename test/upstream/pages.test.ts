import assert from 'node:assert/strict'
import { readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { UpstreamClientDeps } from '../../server/upstream/client.ts'
import { createPages, type PageOptions, type Pages } from '../../server/upstream/pages.ts'
import { temporaryFolder } from '../support/folders.ts'
import { sha256 } from '../support/records.ts'
import { page, redirect, reset, silence, status } from '../support/upstream.ts'
import { codeOf, never, outside } from './fixture.ts'

const html = { accept: 'text/html', maxBytes: 1000, signal: never } satisfies PageOptions

async function cached(t: TestContext, deps: Partial<UpstreamClientDeps> = {}) {
  // hooks run in the order of their making: nothing may still write when the folder goes
  const { client, upstream } = await outside(t, deps)
  t.after(() => Promise.all(made.map((one) => one.settled())))
  const folder = await temporaryFolder(t)
  const clock = { now: Date.UTC(2026, 0, 1) }
  const errors: unknown[] = []
  const made: Pages[] = []
  const make = () => {
    const pages = createPages({ client, folder, now: () => clock.now, onError: (error) => errors.push(error) })
    made.push(pages)
    return pages
  }
  const pages = make()
  const url = `${upstream.url}/simple/a/`
  return {
    folder,
    upstream,
    pages,
    make,
    url,
    errors,
    /** As after a restart. */
    again: async () => {
      await pages.settled()
      return make()
    },
    pass: (seconds: number) => (clock.now += seconds * 1000),
    entry: async () => join(folder, (await readdir(folder))[0]!),
  }
}

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

for (const [what, damage] of [
  ['cut short', async (path: string) => truncate(path, (await stat(path)).size - 1)],
  ['empty', (path: string) => truncate(path, 0)],
  ['cut within its head', (path: string) => truncate(path, 20)],
  ['zeroed', async (path: string) => writeFile(path, Buffer.alloc((await stat(path)).size))],
  ['changed', async (path: string) => writeFile(path, (await readFile(path, 'utf8')).replace('the page', 'the cage'))],
  [
    'of another key',
    async (path: string) => writeFile(path, (await readFile(path, 'utf8')).replace('/simple/a/', '/simple/b/')),
  ],
  ['of another form', (path: string) => writeFile(path, 'null\n')],
] as const) {
  test(`a cached page that is ${what} is fetched again`, async (t) => {
    const { upstream, pages, url, entry, again, errors } = await cached(t)
    upstream.on('/simple/a/', page('the page', { etag: '"1"' }))
    await pages.get(url, html)
    const next = await again()
    const path = await entry()
    const { atime, mtime } = await stat(path)
    await damage(path)
    await utimes(path, atime, mtime)
    assert.equal((await next.get(url, html))?.body.toString(), 'the page')
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers['if-none-match']),
      [undefined, undefined],
    )
    await next.settled()
    assert.deepEqual(errors, [])
  })
}

test('a page is given although it cannot be kept', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/simple/a/', page('x'))
  const folder = join(await temporaryFolder(t), 'file')
  await writeFile(folder, 'in the way')
  const errors: unknown[] = []
  const pages = createPages({ client, folder, onError: (error) => errors.push(error) })
  assert.equal((await pages.get(`${upstream.url}/simple/a/`, html))?.body.toString(), 'x')
  await pages.settled()
  assert.deepEqual(
    errors.map((error) => (error as { code: string }).code),
    ['ENOTDIR'],
  )
})

test('nothing but whole pages is left in the folder, readable by its owner only', async (t) => {
  const { upstream, pages, folder } = await cached(t)
  upstream.otherwise(page('x'))
  await Promise.all(Array.from({ length: 20 }, (_, i) => pages.get(`${upstream.url}/${i}`, html)))
  await pages.settled()
  const names = await readdir(folder)
  assert.equal(names.length, 20)
  for (const name of names) {
    assert.match(name, /^[0-9a-f]{64}$/)
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600)
  }
})

test('a sweep drops what was not confirmed for a month, and what a crash left', async (t) => {
  const { upstream, pages, folder, pass } = await cached(t)
  upstream.otherwise(page('x'))
  await pages.get(`${upstream.url}/old`, html)
  await pages.settled()
  await writeFile(join(folder, 'f'.repeat(64) + '.1.new'), 'half')
  pass(31 * 86_400)
  await pages.get(`${upstream.url}/new`, html)
  await pages.settled()
  assert.equal(await pages.sweep(), 2)
  assert.equal((await readdir(folder)).length, 1)
})

test('a sweep of a cache that never was is nothing', async (t) => {
  const { client } = await outside(t)
  const pages = createPages({ client, folder: join(await temporaryFolder(t), 'none') })
  assert.equal(await pages.sweep(), 0)
})

test('no credentials lie in the cache', async (t) => {
  const folder = await temporaryFolder(t)
  const { upstream } = await outside(t)
  const { client } = await outside(t, {
    origins: [{ name: 'default', url: upstream.url.replace('//', '//user:hunter2@') }],
  })
  upstream.on('/a/', page('x'))
  const pages = createPages({ client, folder })
  await pages.get(`${upstream.url.replace('//', '//user:hunter2@')}/a/`, html)
  await pages.settled()
  assert.equal(upstream.requests[0]?.headers.authorization, `Basic ${btoa('user:hunter2')}`)
  for (const name of await readdir(folder)) assert.doesNotMatch(await readFile(join(folder, name), 'utf8'), /hunter2/)
})
