import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AirlockError } from '../../server/errors.ts'
import { createConvertLock } from '../../server/pip/lock-convert.ts'
import { artifact } from '../support/records.ts'
import { ownTime } from '../support/own-time.ts'

const upstream = { name: 'default', url: 'https://index.example/simple/' }
const mirror = { url: 'https://mirror.example', index: 'simple' }
const here = { ...artifact('a-1'), url: 'https://files.example/a-1.whl' }
const { toAirlock, toUpstream } = createConvertLock({
  upstreams: [upstream] as never,
  originOf: () => upstream as never,
  artifacts: { byUrl: () => Promise.resolve([here]), byDigest: () => Promise.resolve([]) },
})

test('addresses of many slashes cost what their length costs, and an index has any number of them at its end', async () => {
  const hostile = `https:${'/'.repeat(100_000)}x`
  const began = ownTime()
  const { text, replaced } = await toAirlock(`${hostile}\n${upstream.url}//\n`, mirror)
  assert.ok(ownTime() - began < 5000)
  assert.equal(text, `${hostile}\n${mirror.url}/pip/simple/\n`)
  assert.equal(replaced, 1)
})

test('what is longer than an address stays, and one of Airlock’s that is so long is refused in few words', async () => {
  const long = `https://files.example/${'/'.repeat(100_000)}`
  assert.equal((await toAirlock(`${long} ${here.url}`, mirror)).text.slice(0, long.length), long)
  await assert.rejects(toUpstream(`# one\n${mirror.url}/${'x'.repeat(100_000)}`, mirror), (error) => {
    assert.ok(error instanceof AirlockError && error.code === 'lock-address-unknown')
    assert.equal(error.fields['line'], 2)
    assert.ok(error.message.length < 5000)
    return true
  })
})

test('a wheel that was built here is not its source, at whose address other bytes lie', async () => {
  const wheel = { ...artifact('b-1'), url: 'https://files.example/b-1.tar.gz', facts: { build: 7 } }
  const built = createConvertLock({
    upstreams: [upstream] as never,
    originOf: () => upstream as never,
    artifacts: { byUrl: () => Promise.resolve([wheel, here]), byDigest: () => Promise.resolve([wheel]) },
  })
  const { text } = await built.toAirlock(`${wheel.url} ${here.url}`, mirror)
  assert.match(text, /^https:\/\/files\.example\/b-1\.tar\.gz https:\/\/mirror\.example\/pip\/pool\//)
  const pooled = `${mirror.url}/pip/pool/${wheel.sha256.slice(0, 2)}/${wheel.sha256}/b-1.whl`
  await assert.rejects(built.toUpstream(pooled, mirror), { code: 'lock-address-unknown' })
})
