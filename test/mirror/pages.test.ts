import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { mkdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { createDoor } from '../../server/mirror/door.ts'
import { createPages } from '../../server/mirror/pages.ts'
import { temporaryFolder } from '../support/folders.ts'
import { json, pipAccept, putFile, sendRaw, startMirror, type Running } from './fixture.ts'

const html = '<!DOCTYPE html><a href="../../pool/aa">numpy</a>'.repeat(20)
const api = JSON.stringify({ meta: { 'api-version': '1.1' }, name: 'numpy', files: Array.from({ length: 50 }, String) })

async function withNumpy(mirror: Running): Promise<Running> {
  await mirror.put('pip/simple/numpy/index.html', html)
  await mirror.put('pip/simple/numpy/index.json', api)
  return mirror
}

test('a page is sent in the form and encoding asked for, with all its headers', { timeout: 120_000 }, async (t) => {
  const mirror = await withNumpy(await startMirror(t))
  const cases = [
    { accept: pipAccept, type: json, content: api },
    { accept: 'application/vnd.pypi.simple.latest+json', type: json, content: api },
    { accept: 'application/vnd.pypi.simple.v1+html', type: 'application/vnd.pypi.simple.v1+html', content: html },
    { accept: 'text/html', type: 'text/html; charset=utf-8', content: html },
    { accept: '*/*', type: 'text/html; charset=utf-8', content: html },
    { accept: 'image/png', type: 'text/html; charset=utf-8', content: html },
    { accept: undefined, type: 'text/html; charset=utf-8', content: html },
  ]
  const tags = new Set<string>()
  for (const { accept, type, content } of cases.slice(0, 4).concat(cases))
    for (const gzip of [false, true]) {
      const headers = { ...(accept !== undefined && { accept }), ...(gzip && { 'accept-encoding': 'gzip, deflate' }) }
      const answer = await mirror.get('/pip/simple/numpy/', headers)
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['content-type'], type)
      assert.equal(answer.headers['content-encoding'], gzip ? 'gzip' : undefined)
      assert.equal(answer.headers['content-length'], String(answer.body.length))
      assert.equal((gzip ? gunzipSync(answer.body) : answer.body).toString(), content)
      assert.equal(answer.headers['cache-control'], 'no-cache')
      assert.equal(answer.headers.vary, 'Accept, Accept-Encoding')
      assert.equal(answer.headers['x-content-type-options'], 'nosniff')
      assert.match(answer.headers['content-security-policy'] as string, /^default-src 'none'/)
      assert.equal(answer.headers['referrer-policy'], 'no-referrer')
      for (const absent of ['server', 'x-powered-by', 'access-control-allow-origin', 'set-cookie'])
        assert.equal(answer.headers[absent], undefined, absent)
      assert.match(answer.headers.etag!, /^"[\w-]+"$/)
      tags.add(answer.headers.etag!)
    }
  assert.equal(tags.size, 6, 'a strong tag for each form and encoding')
})

test('HEAD has the headers of GET and no body', { timeout: 120_000 }, async (t) => {
  const mirror = await withNumpy(await startMirror(t))
  for (const headers of [{ accept: pipAccept }, { 'accept-encoding': 'gzip' }, {}]) {
    const got = await mirror.get('/pip/simple/numpy/', headers)
    const head = await mirror.get('/pip/simple/numpy/', headers, 'HEAD')
    assert.equal(head.status, 200)
    assert.equal(head.body.length, 0)
    assert.deepEqual({ ...head.headers, date: '' }, { ...got.headers, date: '' })
  }
})

test(
  'a known tag gets 304 without a body, a tag of another form or an older page gets the page',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await withNumpy(await startMirror(t))
    const path = '/pip/simple/numpy/'
    const { headers } = await mirror.get(path, { accept: json, 'accept-encoding': 'gzip' })
    const etag = headers.etag!
    const unchanged = await mirror.get(path, { accept: json, 'accept-encoding': 'gzip', 'if-none-match': etag })
    assert.equal(unchanged.status, 304)
    assert.equal(unchanged.body.length, 0)
    assert.equal(unchanged.headers.etag, etag)
    assert.equal(unchanged.headers['cache-control'], 'no-cache')
    assert.equal(unchanged.headers.vary, 'Accept, Accept-Encoding')
    const other = { accept: json, 'accept-encoding': 'gzip' }
    assert.equal((await mirror.get(path, { ...other, 'if-none-match': `"x", W/${etag}` })).status, 304)
    assert.equal((await mirror.get(path, { ...other, 'if-none-match': '"x"' })).status, 200)
    assert.equal((await mirror.get(path, { accept: json, 'if-none-match': etag })).status, 200)
    assert.equal((await mirror.get(path, { 'accept-encoding': 'gzip', 'if-none-match': etag })).status, 200)
    await mirror.put('pip/simple/numpy/index.json', api.replace('numpy', 'nympy'))
    assert.equal((await mirror.get(path, { ...other, 'if-none-match': etag })).status, 200)
    await mirror.put('pip/simple/numpy/index.json', api)
    assert.equal((await mirror.get(path, { ...other, 'if-none-match': etag })).status, 304, 'the same bytes again')
  },
)

test(
  'a page that was renamed into place is what the next GET gets, however many are under way',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await startMirror(t)
    await mirror.put('pip/simple/busy/index.json', '0')
    const over = new AbortController()
    const noise = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) await mirror.get('/pip/simple/busy/', { accept: json })
    })
    try {
      for (let version = 1; version <= 150; version++) {
        // the same length each time: only inode and mtime tell them apart
        await mirror.put('pip/simple/busy/index.json', `{"v":${1000 + version}}`)
        const { body } = await mirror.get('/pip/simple/busy/', { accept: json })
        assert.equal(body.toString(), `{"v":${1000 + version}}`)
      }
    } finally {
      over.abort()
      await Promise.all(noise)
    }
  },
)

test('a page with the size and mtime of the one before it is still seen', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  const path = 'pip/simple/same/index.html'
  const when = new Date(1_700_000_000_000)
  for (const content of ['one', 'two', 'six']) {
    await mirror.put(path, content)
    await utimes(join(mirror.root, path), when, when)
    assert.equal((await mirror.get('/pip/simple/same/')).body.toString(), content)
  }
})

test(
  'a page written over in place, with its size and mtime put back, is still seen',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await startMirror(t)
    await mirror.put('pip/simple/same/index.html', 'one')
    const file = join(mirror.root, 'pip/simple/same/index.html')
    const { mtime } = await stat(file)
    await utimes(file, mtime, mtime)
    for (const content of ['one', 'two', 'six']) {
      // long enough ago that its times alone must tell
      const { ctimeMs } = await stat(file)
      while (Date.now() - ctimeMs < 50) await sleep(5)
      assert.equal((await mirror.get('/pip/simple/same/')).status, 200)
      await writeFile(file, content)
      await utimes(file, mtime, mtime)
      assert.equal((await mirror.get('/pip/simple/same/')).body.toString(), content)
    }
  },
)

test(
  'a page read in the very moment it was written is read again, since its times could be those of another',
  { timeout: 120_000 },
  async (t) => {
    const folder = await temporaryFolder(t)
    const file = join(folder, 'index.html')
    let reads = 0
    const read = () => ({ bytes: Buffer.from(`read ${++reads}`), version: statSync(file) })
    const pages = createPages({ ...createDoor(folder), pathOf: () => file, read }, 1e6)
    const find = async () => (await pages.find('/pip/simple/x/', 'text', false))!.body
    await writeFile(file, 'x')
    // however long a busy machine takes from one look to the next
    t.mock.timers.enable({ apis: ['Date'], now: Math.ceil(statSync(file).ctimeMs) })
    assert.equal(await find(), 'read 1')
    assert.equal(await find(), 'read 2')
    t.mock.timers.setTime(Date.now() + 50)
    assert.equal(await find(), 'read 3')
    assert.equal(await find(), 'read 3')
  },
)

test('a page appears, disappears and appears again', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  const get = async () => (await mirror.get('/pip/simple/numpy/', { accept: json })).status
  assert.equal(await get(), 404)
  await withNumpy(mirror)
  assert.equal(await get(), 200)
  await rm(join(mirror.root, 'pip/simple/numpy'), { recursive: true })
  assert.equal(await get(), 404)
  await withNumpy(mirror)
  assert.equal(await get(), 200)
  await rm(mirror.root, { recursive: true })
  assert.equal(await get(), 404)
  assert.deepEqual(mirror.errors, [])
})

test('where a tree has only HTML, a client that asks for JSON gets HTML', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  await mirror.put('pip/simple/plain/index.html', html)
  for (let again = 0; again < 2; again++) {
    const { status, headers } = await mirror.get('/pip/simple/plain/', { accept: pipAccept })
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  }
})

test(
  'a page without its slash is redirected for now, never for good; a name of another spelling is answered',
  { timeout: 120_000 },
  async (t) => {
    const mirror = await withNumpy(await startMirror(t))
    await mirror.put('pip/simple/index.html', 'index')
    for (const [path, location] of [
      ['/pip/simple/numpy', 'numpy/'],
      ['/pip/simple/NumPy', 'numpy/'],
      ['/pip/simple', 'simple/'],
    ] as const) {
      const { status, headers } = await mirror.get(path)
      assert.equal(status, 302, path)
      assert.equal(headers.location, location)
      assert.equal(headers['cache-control'], 'no-cache')
    }
    for (const path of ['/pip/simple/NumPy/', '/pip/simple/NUMPY/', '/pip/simple/%4eumpy/', '/pip/simple/numpy/?a=b']) {
      const { status, body } = await mirror.get(path, { accept: json })
      assert.equal(status, 200, path)
      assert.equal(body.toString(), api)
    }
    assert.equal((await mirror.get('/pip/simple/')).body.toString(), 'index')
    assert.equal((await mirror.get('/pip/simple/absent')).status, 404, 'no redirect to nothing')
    assert.equal((await mirror.get('/pip/other')).status, 404)
  },
)

test(
  'a missing project says in two languages where to ask, and is asked about again',
  { timeout: 120_000 },
  async (t) => {
    const silent = await startMirror(t)
    const told = await startMirror(t, { consoleUrl: 'http://console.example:8081' })
    const { status, headers, body } = await told.get('/pip/simple/No_Such/', { accept: pipAccept })
    assert.equal(status, 404)
    assert.equal(headers['cache-control'], 'no-cache')
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
    assert.equal(headers['content-length'], String(body.length))
    assert.match(body.toString(), /^no-such is not on this mirror.*http:\/\/console\.example:8081/)
    assert.match(body.toString(), /此镜像没有 no-such.*http:\/\/console\.example:8081/)
    assert.match((await silent.get('/pip/simple/no-such/')).body.toString(), /on the Airlock console/)
    assert.equal((await silent.get('/pip/simple/no-such/', {}, 'HEAD')).body.length, 0)
  },
)

test('a large page is compressed aside, once, and arrives whole for all who wait', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t)
  const large = JSON.stringify(Array.from({ length: 20_000 }, () => randomBytes(16).toString('hex')))
  await mirror.put('pip/simple/large/index.json', large)
  const headers = { accept: json, 'accept-encoding': 'gzip' }
  const answers = await Promise.all(Array.from({ length: 10 }, () => mirror.get('/pip/simple/large/', headers)))
  for (const { status, body } of answers) {
    assert.equal(status, 200)
    assert.equal(gunzipSync(body).toString(), large)
  }
  assert.equal(new Set(answers.map(({ headers }) => headers.etag)).size, 1)
})

test('pages that do not fit the memory given are served all the same', { timeout: 120_000 }, async (t) => {
  const mirror = await startMirror(t, { pageBytes: 40_000 })
  const contents = Array.from({ length: 20 }, (_, at) => `${at} `.repeat(3000))
  for (const [at, content] of contents.entries()) await mirror.put(`pip/simple/p${at}/index.html`, content)
  await mirror.put('pip/simple/huge/index.html', 'x'.repeat(200_000))
  for (let round = 0; round < 3; round++) {
    for (const [at, content] of contents.entries())
      for (const headers of [{}, { 'accept-encoding': 'gzip' }] as Record<string, string>[]) {
        const { body } = await mirror.get(`/pip/simple/p${at}/`, headers)
        assert.equal((headers['accept-encoding'] ? gunzipSync(body) : body).toString(), content)
      }
    assert.equal((await mirror.get('/pip/simple/huge/', { 'accept-encoding': 'gzip' })).status, 200)
  }
})

test('a page that is a link, a folder or behind a link is not there', { timeout: 120_000 }, async (t) => {
  const mirror = await withNumpy(await startMirror(t))
  const outside = join(mirror.root, '..', 'outside')
  await putFile(outside, 'index.html', 'outside')
  await mkdir(join(mirror.root, 'pip/simple/linked'), { recursive: true })
  await mkdir(join(mirror.root, 'pip/simple/folder/index.html'), { recursive: true })
  await symlink(join(outside, 'index.html'), join(mirror.root, 'pip/simple/linked/index.html'))
  await symlink(outside, join(mirror.root, 'pip/simple/behind'))
  await symlink(join(mirror.root, 'pip/simple'), join(mirror.root, 'pip/other'))
  for (const path of ['/pip/simple/linked/', '/pip/simple/folder/', '/pip/simple/behind/', '/pip/other/numpy/'])
    assert.equal((await mirror.get(path)).status, 404, path)
  assert.deepEqual(mirror.errors, [])
})

test('a root that is itself a link is followed, and may be exchanged', { timeout: 120_000 }, async (t) => {
  const first = await withNumpy(await startMirror(t))
  const second = await startMirror(t)
  await second.put('pip/simple/numpy/index.html', 'second')
  const link = join(first.root, '..', 'link')
  await symlink(first.root, link)
  const mirror = await startMirror(t, { root: link })
  assert.equal((await mirror.get('/pip/simple/numpy/')).body.toString(), html)
  await rm(link)
  await symlink(second.root, link)
  assert.equal((await mirror.get('/pip/simple/numpy/')).body.toString(), 'second')
})

test('requests sent in one go are answered in order', { timeout: 120_000 }, async (t) => {
  const mirror = await withNumpy(await startMirror(t))
  await mirror.put('pip/simple/numpy/index.json', api)
  await mirror.put('homepod/setup.sh', 'echo set up\n'.repeat(20_000))
  const get = (path: string, ...headers: string[]) =>
    [`GET ${path} HTTP/1.1`, 'Host: m', ...headers, '', ''].join('\r\n')
  const answer = await sendRaw(
    mirror.port,
    get('/homepod/setup.sh') +
      get('/healthz') +
      get('/homepod/setup.sh') +
      get('/pip/simple/numpy/', 'Connection: close'),
  )
  const heads = [...answer.toString().matchAll(/HTTP\/1\.1 200 OK\r\nContent-Type: ([^\r]+)/g)].map((match) => match[1])
  const script = 'text/plain; charset=utf-8'
  assert.deepEqual(heads, [script, script, script, 'text/html; charset=utf-8'])
  assert.ok(answer.toString().endsWith(html))
})
