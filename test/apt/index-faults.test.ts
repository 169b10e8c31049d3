/**
 * Everything that can be wrong with an archive's index, met by a real apt-get behind the gateway: the archive is read as
 * it is meant, or what was read before stays, byte for byte, and the problem says whose fault it is. Each fault once as
 * it stays, and once as it passes.
 */
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { importSabotaged, type Cut } from '../support/sabotage.ts'
import { file } from '../support/upstream.ts'
import { errorOf } from '../upstream/fixture.ts'
import { after, before, meaning, transport, type Fault } from './index-faults.ts'
import { openIndexRoom, type IndexRoom } from './index-room.ts'
import type * as honest from './rooms.ts'
import { serve } from './suite.ts'

async function beforeFault(t: TestContext, rooms?: typeof honest): Promise<IndexRoom> {
  const room = await openIndexRoom(t, rooms)
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

/** Throws where the fault, as long as it stays, is not what it should be. */
async function checkStaying(room: IndexRoom, fault: Fault): Promise<void> {
  const { staying } = fault
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
}

test('there are enough faults', () => assert.ok(transport.length + meaning.length >= 60))

// side by side, since some of them wait for a limit to pass
describe('an index, when the archive has', { concurrency: 3, timeout: 600_000 }, () => {
  for (const fault of [...transport, ...meaning])
    test(fault.name, async (t) => {
      const room = await beforeFault(t)
      await checkStaying(room, fault)
      if (fault.passes === null) end(room, fault)
      else begin(room, fault, true)
      assert.deepEqual(await room.solve(), ['aa 2'], 'it has passed')
      assert.equal(room.updates(), fault.passes ?? 1)
    })
})

const controls: readonly (readonly [what: string, cut: Cut, fault: string])[] = [
  [
    'an index that need not be young',
    { file: 'server/apt/root.ts', from: "['Acquire::Check-Valid-Until', 'true']", to: "['Acquire::Check-Valid-Until', 'false']" },
    'a Release that has expired',
  ],
  [
    'an archive that need not be signed',
    { file: 'server/apt/root.ts', from: "['Acquire::Retries', '0'],", to: "['Acquire::Retries', '0'], ['Acquire::AllowInsecureRepositories', 'true'], ['Acquire::AllowDowngradeToInsecureRepositories', 'true']," },
    'a Release whose signature is gone',
  ],
  [
    'an archive that is left out when it cannot be asked',
    { file: 'server/apt/snapshots.ts', from: "['-eany', '-q', 'update']", to: "['-q', 'update']" },
    'a Release signed by somebody else',
  ],
  [
    'an update that is taken for whole',
    { file: 'server/apt/snapshots.ts', from: 'if (result.status === 0) return', to: 'return' },
    'one wrong bit',
  ],
  [
    'a file without bounds',
    { file: 'server/apt/gateway.ts', from: 'limits.release : limits.index', to: '512 << 20 : 512 << 20' },
    'an index that is far too long',
  ],
  [
    'words of the server’s own',
    { file: 'server/apt/words.ts', from: String.raw`.replace(/ \[IP: [^\]]*\]/, '')`, to: '' },
    'a connection that is reset',
  ],
] // prettier-ignore

for (const [what, cut, name] of controls)
  test(`the control: ${what} is found by “${name}”`, async (t) => {
    const fault = [...transport, ...meaning].find((one) => one.name === name)!
    const room = await beforeFault(t, await importSabotaged<typeof honest>('test/apt/rooms.ts', [cut]))
    const error: unknown = await checkStaying(room, fault).then(
      () => null,
      (cause: unknown) => cause,
    )
    assert.match(String(error), /AssertionError|it succeeded/)
  })

test('apt waits for the gateway as long as an update may take', async (t) => {
  const room = await beforeFault(t)
  assert.match(await room.configuration(), /^Acquire::http::Timeout "1800";$/m)
})
