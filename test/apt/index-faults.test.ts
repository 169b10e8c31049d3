/**
 * Everything that can be wrong with an archive's index, met by a real apt-get behind the gateway: the archive is read as
 * it is meant, or what was read before stays, byte for byte, and the problem says whose fault it is. Each fault once as
 * it stays, and once as it passes.
 */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { file } from '../support/upstream.ts'
import { errorOf } from '../upstream/fixture.ts'
import { after, before, meaning, transport, type Fault } from './index-faults.ts'
import { openIndexRoom, type IndexRoom } from './index-room.ts'
import { serve } from './suite.ts'

async function beforeFault(t: TestContext): Promise<IndexRoom> {
  const room = await openIndexRoom(t)
  serve(room.upstream, before)
  await room.read()
  assert.equal(room.updates(), 1)
  return room
}

/** The fault begins; `once`: and has passed when apt or the client looks again. */
function begin({ upstream, onUpdate }: IndexRoom, { files, over }: Fault, once: boolean): void {
  serve(upstream, files ?? after)
  for (const [path, answer] of Object.entries(over ?? {}))
    upstream.on(path, answer, ...(once ? [file(after.get(path.slice(1))!)] : []))
  onUpdate(() => {})
  if (once && files) onUpdate((count) => count > 1 && serve(upstream, after))
}

function end({ upstream, onUpdate }: IndexRoom, { over }: Fault): void {
  onUpdate(() => {})
  serve(upstream, after)
  for (const path of Object.keys(over ?? {})) upstream.on(path, file(after.get(path.slice(1))!))
}

/** Invariant: nothing of this server's own is in what people read. */
function readable(text: string): void {
  assert.doesNotMatch(text, /\[IP|airlock-test|partial/)
}

test('there are enough faults', () => assert.ok(transport.length + meaning.length >= 60))

// side by side, since some of them wait for a limit to pass
describe('an index, when the archive has', { concurrency: 3, timeout: 240_000 }, () => {
  for (const fault of [...transport, ...meaning]) {
    const { name, staying, passes } = fault
    test(name, async (t) => {
      const room = await beforeFault(t)
      const lists = await room.lists()
      begin(room, fault, false)
      if ('code' in staying) {
        const { code, message, fields } = await errorOf(room.solve())
        assert.deepEqual([code, staying.said.test(message)], [staying.code, true], message)
        readable(message)
        if (code === 'apt-update-failed') {
          assert.deepEqual(fields['repositories'], [`${room.upstream.url}/ stable`])
          assert.deepEqual(await room.lists(), lists, 'what was read before stays')
        }
      } else assert.deepEqual(await room.solve(), staying)
      assert.ok(room.updates() <= 2 && room.upstream.requests.length <= 24, `${room.upstream.requests.length} requests`)
      assert.ok(process.memoryUsage.rss() < 512 << 20)

      if (passes === null) end(room, fault)
      else begin(room, fault, true)
      assert.deepEqual(await room.solve(), ['aa 2'], 'it has passed')
      assert.equal(room.updates(), passes ?? 1)
    })
  }
})
