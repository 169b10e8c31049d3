import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createSender } from '../../server/upstream/send.ts'
import { startHook } from '../support/hook.ts'

async function hookOf(t: TestContext) {
  const hook = await startHook()
  t.after(hook.close)
  return hook
}

function senderOf(t: TestContext, urls: readonly string[], timeouts = {}) {
  const sender = createSender({ urls, timeouts })
  t.after(sender.close)
  return sender
}

const message = (url: string, ms = 5000) => ({
  url,
  headers: { 'content-type': 'application/json', 'airlock-id': 'k' },
  body: '{"a":"数"}',
  signal: AbortSignal.timeout(ms),
})

test('a configured hook gets the body as it is, and nothing of this machine', async (t) => {
  const hook = await hookOf(t)
  const { send } = senderOf(t, [`${hook.url}/in?token=t`])
  const { status, body } = await send(message(`${hook.url}/in?token=t`))
  assert.deepEqual([status, body.toString()], [200, 'ok'])
  const [post] = hook.posts
  assert.deepEqual([post!.method, post!.path, post!.body], ['POST', '/in?token=t', '{"a":"数"}'])
  assert.deepEqual(Object.keys(post!.headers).toSorted(), [
    'airlock-id',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
  ])
  assert.equal(post!.headers['user-agent'], 'airlock')
})

test('another host, port or scheme is not written to', async (t) => {
  const [hook, other] = [await hookOf(t), await hookOf(t)]
  const { send } = senderOf(t, [`${hook.url}/in`])
  for (const url of [
    other.url,
    hook.url.replace('127.0.0.1', 'localhost'),
    hook.url.replace('http:', 'https:'),
    'file:///etc/passwd',
    'https://elsewhere.example/',
  ])
    await assert.rejects(send(message(url)), { code: 'upstream-host-refused' }, url)
  assert.deepEqual([hook.posts.length, other.posts.length], [0, 0])
})

test('a redirect is an answer and is not followed, wherever it leads', async (t) => {
  const [hook, other] = [await hookOf(t), await hookOf(t)]
  for (const location of [`${other.url}/x`, `${hook.url}/elsewhere`]) {
    hook.answer = () => ({ status: 307, headers: { location } })
    const { send } = senderOf(t, [hook.url])
    assert.equal((await send(message(hook.url))).status, 307)
  }
  assert.deepEqual([hook.posts.length, other.posts.length], [2, 0])
})

test('what fails names the host alone, since the path is a secret', async (t) => {
  const hook = await hookOf(t)
  hook.answer = () => ({ headers: { 'content-length': '9000000' }, body: 'x' })
  const secret = `${hook.url}/services/T0/SECRET?token=SECRET`
  const { send } = senderOf(t, [secret, 'http://127.0.0.1:1/SECRET'], { idle: 200 })
  for (const url of [secret, 'http://127.0.0.1:1/SECRET'])
    await assert.rejects(send(message(url)), (error: Error & { fields: object }) => {
      assert.doesNotMatch(`${error.stack} ${JSON.stringify(error.fields)}`, /SECRET/)
      return true
    })
})

test('an answer that is endless is read no further than needed, one that never comes ends with its signal', async (t) => {
  const hook = await hookOf(t)
  hook.answer = () => ({ body: 'x'.repeat(200_000) })
  const { send } = senderOf(t, [hook.url])
  await assert.rejects(send(message(hook.url)), { code: 'upstream-unreachable' })
  hook.answer = () => null
  await assert.rejects(send(message(hook.url, 200)), { name: 'TimeoutError' })
})
