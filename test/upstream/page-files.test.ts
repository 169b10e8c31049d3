/** The cache on disk: what is damaged is fetched again, what is old goes, what is secret is not there. */
import assert from 'node:assert/strict'
import { readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createPages } from '../../server/upstream/pages.ts'
import { temporaryFolder } from '../support/folders.ts'
import { page } from '../support/upstream.ts'
import { cached, html } from './caching.ts'
import { outside } from './fixture.ts'

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
