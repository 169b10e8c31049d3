import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bomb, file, page, redirect, silence, stall, status } from '../support/upstream.ts'
import { asking, codeOf, outside, quick } from './fixture.ts'

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString()
}

test('a page is fetched, inflated, and told where it came from in the end', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/simple/a/', redirect('../b/'))
  upstream.on('/simple/b/', page('the page'))
  const answer = await client.fetch(asking(`${upstream.url}/simple/a/`, { accept: 'text/html' }))
  assert.deepEqual([answer.status, answer.body.toString()], [200, 'the page'])
  assert.equal(answer.url, `${upstream.url}/simple/b/`)
})

test('a request says what it wants and nothing else', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x', file('x'))
  await client.fetch(asking(`${upstream.url}/x#fragment`, { accept: 'text/html', ifNoneMatch: '"0"' }))
  assert.deepEqual(upstream.requests, [
    {
      method: 'GET',
      path: '/x',
      headers: {
        'user-agent': 'airlock',
        'accept-encoding': 'gzip',
        accept: 'text/html',
        'if-none-match': '"0"',
        host: `127.0.0.1:${upstream.port}`,
        connection: 'keep-alive',
      },
    },
  ])
})

test('a file is opened as it is sent, never inflated', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x.gz', file('not really gzip', { headers: { 'content-encoding': 'gzip' } }))
  const { body } = await client.open(asking(`${upstream.url}/x.gz`))
  assert.equal(await textOf(body), 'not really gzip')
  assert.equal(upstream.requests[0]?.headers['accept-encoding'], 'identity')
})

test('a range is asked for and given', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x', file('0123456789', { etag: '"1"' }))
  const answer = await client.open(asking(`${upstream.url}/x`, { range: 'bytes=4-', ifRange: '"1"' }))
  assert.deepEqual([answer.status, await textOf(answer.body)], [206, '456789'])
})

test('the head of a file is asked for without its body', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x', file('0123456789'))
  const answer = await client.open(asking(`${upstream.url}/x`, { method: 'HEAD' }))
  assert.deepEqual([answer.headers['content-length'], await textOf(answer.body)], ['10', ''])
})

test('what upstream sets as a cookie is neither shown nor sent back', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x', redirect('/y'))
  upstream.on('/y', status(200, { 'set-cookie': 'a=b' }))
  const answer = await client.fetch(asking(`${upstream.url}/x`))
  await client.fetch(asking(`${upstream.url}/y`))
  assert.equal(answer.headers['set-cookie'], undefined)
  assert.ok(upstream.requests.every(({ headers }) => headers.cookie === undefined && headers.referer === undefined))
})

test('three redirects are followed', async (t) => {
  const { client, upstream } = await outside(t)
  for (const i of [0, 1, 2]) upstream.on(`/${i}`, redirect(`/${i + 1}`, [301, 302, 307, 308][i]))
  upstream.on('/3', file('there'))
  assert.equal((await client.fetch(asking(`${upstream.url}/0`))).body.toString(), 'there')
})

test('a fourth redirect is not', async (t) => {
  const { client, upstream, waits } = await outside(t)
  upstream.otherwise((req, res) => redirect(`${req.url}x`)(req, res))
  assert.equal(await codeOf(client.fetch(asking(`${upstream.url}/`))), 'upstream-answer-invalid')
  assert.deepEqual([upstream.requests.length, waits], [4, []])
})

test('an answer of another kind is returned as it is, without its body', async (t) => {
  const { client, upstream, waits } = await outside(t)
  for (const code of [400, 401, 403, 404, 410, 451, 500, 501]) {
    upstream.on('/x', status(code))
    const { status: found, body } = await client.open(asking(`${upstream.url}/x`))
    assert.deepEqual([found, await textOf(body)], [code, ''])
  }
  assert.deepEqual(waits, [])
})

test('a redirect without a place to go is returned as it is', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x', status(302))
  assert.equal((await client.fetch(asking(`${upstream.url}/x`))).status, 302)
})

test('a request ends when nobody wants the answer any more', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x', silence())
  const leaving = new AbortController()
  const answer = client.fetch(asking(`${upstream.url}/x`, { signal: leaving.signal }))
  while (upstream.requests.length === 0) await new Promise((resolve) => setImmediate(resolve))
  leaving.abort(new Error('changed my mind'))
  await assert.rejects(answer, /changed my mind/)
})

test('a body ends when nobody wants it any more', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x', stall('0123456789', 5))
  const leaving = new AbortController()
  const { body } = await client.open(asking(`${upstream.url}/x`, { signal: leaving.signal }))
  await assert.rejects(async () => {
    for await (const _ of body) leaving.abort(new Error('changed my mind'))
  }, /changed my mind/)
})

test('what is aborted before it begins asks nobody', async (t) => {
  const { client, upstream } = await outside(t)
  const signal = AbortSignal.abort(new Error('too late'))
  await assert.rejects(client.fetch(asking(`${upstream.url}/x`, { signal })), /too late/)
  await assert.rejects(client.open(asking(`${upstream.url}/x`, { signal })), /too late/)
  assert.equal(upstream.requests.length, 0)
})

test('a body that is left frees its connection at once', async (t) => {
  const { client, upstream } = await outside(t)
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  upstream.on('/x', (req, res) => {
    res.on('close', resolve)
    return stall('0123456789', 5)(req, res)
  })
  const { body } = await client.open(asking(`${upstream.url}/x`))
  body.destroy()
  await closed
})

test('a slow reader is not taken for a slow upstream', async (t) => {
  const { client, upstream } = await outside(t)
  const bytes = Buffer.alloc(8 << 20, 'x')
  upstream.on('/x', file(bytes))
  const { body } = await client.open(asking(`${upstream.url}/x`, { maxBytes: bytes.length }))
  let length = 0
  for await (const chunk of body) {
    // longer than the idle limit, while upstream waits for us
    if (length === 0) await new Promise((resolve) => setTimeout(resolve, 2 * quick.idle))
    length += chunk.length
  }
  assert.equal(length, bytes.length)
})

test('connections are used again', async (t) => {
  const { client, upstream } = await outside(t)
  const ports = new Set<unknown>()
  upstream.otherwise((req, res) => {
    ports.add(req.socket.remotePort)
    return (req.url === '/moved' ? redirect('/x') : file('x'))(req, res)
  })
  for (const path of ['/x', '/moved', '/x', '/missing']) await client.fetch(asking(`${upstream.url}${path}`))
  assert.equal(ports.size, 1)
})

test('no more than 32 pages are asked of a host at a time', async (t) => {
  const { client, upstream } = await outside(t, { timeouts: { ...quick, response: 5000 } })
  let now = 0
  let most = 0
  const full = Promise.withResolvers<void>()
  upstream.otherwise(async (req, res) => {
    most = Math.max(most, ++now)
    res.on('finish', () => now--)
    // nobody is answered before 32 wait, and time for a 33rd has passed
    if (now === 32) setTimeout(full.resolve, 50)
    await full.promise
    await file('x')(req, res)
  })
  await Promise.all(Array.from({ length: 100 }, (_, i) => client.fetch(asking(`${upstream.url}/${i}`))))
  assert.equal(most, 32)
})

test('a gzip bomb is not inflated beyond its cap', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x', bomb(64 << 20))
  const before = process.memoryUsage.rss()
  assert.equal(
    await codeOf(client.fetch(asking(`${upstream.url}/x`, { maxBytes: 1 << 20 }))),
    'upstream-answer-invalid',
  )
  assert.ok(process.memoryUsage.rss() - before < 32 << 20)
})

test('a redirect in UTF-8 leads where it says', async (t) => {
  const { client, upstream } = await outside(t)
  upstream.on('/x', redirect(Buffer.from('/päckchen').toString('latin1')))
  upstream.on('/p%C3%A4ckchen', file('there'))
  assert.equal((await client.fetch(asking(`${upstream.url}/x`))).body.toString(), 'there')
})
