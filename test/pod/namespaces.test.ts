/** What the pod test stands on: that frames are counted, every one, and that nothing is left of a test that is killed. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join as joinPath } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { hostPython } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'
import { watchLink } from '../support/frames.ts'
import { join, startNamespace } from '../support/namespaces.ts'

const execute = promisify(execFile)
const module = (name: string) => JSON.stringify(new URL(`../support/${name}`, import.meta.url).href)
const program = `
  import { join, startNamespace } from ${module('namespaces.ts')}
  import { watchLink } from ${module('frames.ts')}
  const hooks = { after() {} }
  const one = await startNamespace(hooks)
  const other = await startNamespace(hooks, { more: ['--pid', '--fork', '--kill-child'] })
  await join([one, 'a', ['10.77.9.1/24']], [other, 'b', ['10.77.9.2/24']])
  await watchLink(hooks, one, 'a')
  console.log(JSON.stringify([one.pid, other.pid]))`

test('an idle link carries nothing, and every frame of a busy one is counted and kept', async (t) => {
  const file = joinPath(await temporaryFolder(t), 'frames')
  const [here, there] = [await startNamespace(t), await startNamespace(t)]
  await join([here, 'a', ['10.77.9.1/24']], [there, 'b', ['10.77.9.2/24']])
  const wire = await watchLink(t, there, 'b', file)
  // as long as a link that has just come up may take to speak of itself
  await sleep(1500)
  assert.deepEqual(await wire.since(), {})
  const code = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(20000): s.sendto(b'frame %d' % n, ('10.77.9.2', 514))
s.sendto(b'for nobody', ('10.77.9.7', 514))`
  await execute(here.enter[0]!, [...here.enter.slice(1), hostPython().path, '-c', code])
  const { arp, ...rest } = await wire.since()
  assert.ok(arp! >= 1, 'somebody was asked for')
  assert.equal(rest['udp 10.77.9.1:* > 10.77.9.2:514'], 20_000)
  assert.ok((await readFile(file, 'latin1')).includes('frame 19999'))
})

test('without the rights for it, it fails and says which', async () => {
  const without = ['--bounding-set=-sys_admin,-net_admin', '--inh-caps=-all']
  const line = [...without, process.execPath, '--input-type=module', '-e', program]
  await assert.rejects(execute('setpriv', line), /takes CAP_NET_ADMIN and CAP_SYS_ADMIN/)
})

test('of a test that is killed nothing is left', async () => {
  const killed = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { value } = (await createInterface({ input: killed.stdout })[Symbol.asyncIterator]().next()) as {
    value: string
  }
  const holders = JSON.parse(value) as number[]
  const lives = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  assert.ok(holders.length === 2 && holders.every(lives))
  killed.kill('SIGKILL')
  const late = Date.now() + 10_000
  while (holders.some(lives)) {
    assert.ok(Date.now() < late, 'a namespace is still held')
    await sleep(20)
  }
})
