import assert from 'node:assert/strict'
import { test } from 'node:test'
import { airlock, fakeConsole, problem } from './console.ts'

const at = '2026-10-07T08:00:00.000Z'
const material = (file: string) => ({ file, sha256: 'a'.repeat(64), size: 1000, origin: 'default' })
const built = {
  id: 2,
  ecosystem: 'pip',
  project: 'jieba',
  version: '0.42.1',
  target: 'default',
  job: 5,
  source: material('jieba-0.42.1.tar.gz'),
  requirements: [material('setuptools-80.0-py3-none-any.whl')],
  builder: { implementation: 'cpython', python: '3.11.7', platform: 'x86_64-manylinux_2_36' },
  made: { file: 'jieba-0.42.1-py3-none-any.whl', sha256: 'b'.repeat(64), size: 19_300_000 },
  problem: null,
  beganAt: at,
  endedAt: '2026-10-07T08:00:04.500Z',
}
const failed = {
  ...built,
  id: 1,
  project: 'odd\u001b[31m',
  made: null,
  requirements: [],
  problem: problem({ detail: 'odd 1.0 exists only as source, and its build failed: no zlib.h.', hint: 'Install it.' }),
}

test('builds are a table, newest first, with what came of each', async (t) => {
  const body = { builds: [built, failed], next: null }
  const { url } = await fakeConsole(t, { 'GET /api/builds?limit=20': { body } })
  const { code, out } = await airlock(url, ['builds'])
  const lines = out.split('\n')
  assert.match(lines[0]!, /^ID +PACKAGE +VERSION +TOOK +ADDED +RESULT$/)
  assert.match(lines[1]!, /^2 +jieba +0\.42\.1 +4\.5 s +\S+ \S+ +jieba-0\.42\.1-py3-none-any\.whl \(19\.3 MB\)$/)
  assert.match(lines[2]!, /^1 +odd.* failed$/)
  assert.ok(!out.includes('\u001b'))
  assert.equal(code, 0)
})

test('none at all is said so', async (t) => {
  const { url } = await fakeConsole(t, { 'GET /api/builds?limit=20': { body: { builds: [], next: null } } })
  assert.equal((await airlock(url, ['builds'])).out, 'Nothing was built here yet.\n')
})

test('one build shows what went in and its log, without what would garble a terminal', async (t) => {
  const body = { ...built, log: 'running bdist_wheel\n\u001b[2Jdone' }
  const { url } = await fakeConsole(t, { 'GET /api/builds/2': { body } })
  const { out } = await airlock(url, ['builds', '2'])
  assert.match(out, /^jieba 0\.42\.1\n/)
  assert.match(out, /Source: +jieba-0\.42\.1\.tar\.gz {2}sha256:a{64}\n/)
  assert.match(out, /Built with: +setuptools-80\.0-py3-none-any\.whl {2}sha256:a{64}\n/)
  assert.match(out, /By: +cpython 3\.11\.7, x86_64-manylinux_2_36\n/)
  assert.match(out, /\nrunning bdist_wheel\n.*done\n$/)
  assert.ok(!out.includes('\u001b'))
})

test('a failed one says its cause and what to do', async (t) => {
  const { url } = await fakeConsole(t, { 'GET /api/builds/1': { body: { ...failed, log: '' } } })
  const { out } = await airlock(url, ['builds', '1'])
  assert.match(out, /Result: +failed\n/)
  assert.match(out, /Problem: +odd 1\.0 .*no zlib\.h\.\n +Install it\.\n/)
  assert.match(out, /It said nothing\.\n$/)
})

test('--json prints the answer byte for byte; a build that is not there is refused', async (t) => {
  const body = '{"builds" :[], "next":null}'
  const { url } = await fakeConsole(t, { 'GET /api/builds?limit=3': { body } })
  assert.equal((await airlock(url, ['builds', '--limit', '3', '--json'])).out, `${body}\n`)
  const { code, err } = await airlock(url, ['builds', '9'])
  assert.equal(code, 5)
  assert.match(err, /nothing at GET \/api\/builds\/9/)
})

test('what is no number is no build', async () => {
  assert.equal((await airlock('http://127.0.0.1:9', ['builds', 'seven'])).code, 2)
})
