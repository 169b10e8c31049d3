import assert from 'node:assert/strict'
import { test } from 'node:test'
import { followIndexNames, readIndexNames } from '../../server/pip/index-names.ts'

const json = (value: unknown) => ({
  contentType: 'application/vnd.pypi.simple.v1+json',
  body: Buffer.from(JSON.stringify(value)),
})
const html = (text: string) => ({ contentType: 'text/html; charset=utf-8', body: Buffer.from(text) })
const upstreams = [{ name: 'default', url: 'http://pypi.example/simple/' }]

test('names are read from either form, normalised, once each', () => {
  assert.deepEqual(
    readIndexNames(json({ projects: [{ name: 'Flask' }, { name: 'flask' }, { name: 'zope.interface' }] })),
    ['flask', 'zope-interface'],
  )
  assert.deepEqual(readIndexNames(html('<a href="/simple/flask/">Flask</a><br/>\n<a href="x"> a_b </a>')), [
    'flask',
    'a-b',
  ])
})

test('what is not a name, or not an index, gives nothing', () => {
  assert.deepEqual(readIndexNames(json({ projects: [{ name: '../x' }, { name: 7 }, null, {}, { name: '<b>' }] })), [])
  for (const odd of [json({}), json({ projects: 'x' }), json([]), html(''), html('<a>'), html('<a><b>x</b></a>')])
    assert.deepEqual(readIndexNames(odd), [])
  assert.throws(() => readIndexNames({ contentType: 'application/json', body: Buffer.from('{') }), SyntaxError)
})

test('the default index alone is asked, a day old at most, and a failure keeps what was known', async () => {
  const asked: unknown[] = []
  const failed = Promise.withResolvers<unknown>()
  let answer: () => Promise<{ contentType: string; body: Buffer }> = () =>
    Promise.resolve(json({ projects: [{ name: 'flask' }] }))
  const stopping = new AbortController()
  const names = followIndexNames({
    upstreams: [...upstreams, { name: 'ours', url: 'http://ours.example/simple/' }],
    outside: {
      page: async (url, { maxAge, stale }) => {
        asked.push([url, maxAge, stale])
        const page = await answer()
        return { ...page, url, fetchedAt: '', sha256: String(page.body) }
      },
    },
    stopping: stopping.signal,
    onError: failed.resolve,
    interval: 5,
  })
  assert.deepEqual(names(), [])
  await new Promise(setImmediate)
  assert.deepEqual(names(), [{ name: 'flask', known: 'index', summary: null }])
  answer = () => Promise.reject(new Error('gone'))
  // an interval alone does not keep the test alive
  const alive = setInterval(() => {}, 1000)
  assert.match(String(await failed.promise), /gone/)
  clearInterval(alive)
  stopping.abort()
  assert.deepEqual(new Set(asked.map(String)), new Set([['http://pypi.example/simple/', 86_400, true].join(',')]))
  assert.equal(names().length, 1)
})

test('without a default index nothing is asked', async () => {
  const names = followIndexNames({
    upstreams: [{ name: 'ours', url: 'http://ours.example/simple/' }],
    outside: { page: () => assert.fail('asked') },
    stopping: AbortSignal.abort(),
    onError: (error) => assert.fail(String(error)),
  })
  await new Promise(setImmediate)
  assert.deepEqual(names(), [])
})
