import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createAptGateway } from '../../server/apt/gateway.ts'
import { parseSources } from '../../server/apt/sources.ts'
import { file } from '../support/upstream.ts'
import { cached } from '../upstream/caching.ts'

test('a compressed index comes as it lies there, also from a server that takes its ending for an encoding', async (t) => {
  const { upstream, pages } = await cached(t)
  const { sources } = parseSources(`deb ${upstream.url}/simple stable main`, 'x')
  const proxy = createAptGateway({ outside: { page: pages.get }, sources: () => sources })
  const packed = gzipSync('Package: jq\n')
  const answer = file(packed, { headers: { 'content-encoding': 'x-gzip' } })
  const digest = createHash('sha256').update(packed).digest('hex')
  for (const path of ['/simple/Packages.gz', `/simple/by-hash/SHA256/${digest}`]) {
    upstream.on(path, answer)
    const said: Buffer[] = []
    const res = { once() {}, writeHead() {}, end: (body: Buffer) => said.push(body) }
    await proxy({ url: upstream.url + path, method: 'GET' } as never, res as never)
    assert.deepEqual(said, [packed], path)
  }
  // once is enough where the name says what it is
  assert.equal(upstream.requests.length, 2)
})
