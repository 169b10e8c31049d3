/** Memory that hostile code tries to use up, by one process or by many, of its own or shared. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { attack } from './hostile.ts'

test('memory of one process is bounded; more is there where more may be used', async (t) => {
  const code = 'attempt("memory", lambda: bytearray(300 << 20))'
  assert.equal((await attack(t, code, { limits: { memoryBytes: 256 << 20 } })).log, 'refused memory MemoryError')
  assert.equal((await attack(t, code, { limits: { memoryBytes: 512 << 20 } })).log, 'ESCAPED memory')
})

/** Six processes of 64 MiB each; then it is waited for what a watcher does, or not long. */
const many = (map: string, seconds: number) => `
import mmap
told, tell = os.pipe()
for n in range(6):
    if os.fork() == 0:
        held = ${map}
        for at in range(0, len(held), 4096): held[at] = 1
        os.write(tell, b'.')
        time.sleep(60)
for n in range(6): os.read(told, 1)
time.sleep(${seconds})
escaped('memory')`

test('memory of all processes together is bounded', async (t) => {
  const own = 'bytearray(64 << 20)'
  const { ended, limit, log } = await attack(t, many(own, 20), { limits: { memoryBytes: 200 << 20 } })
  assert.deepEqual([ended, limit, log], ['killed', 'memory', ''])
  assert.equal((await attack(t, many(own, 0.5), { limits: { memoryBytes: 600 << 20 } })).log, 'ESCAPED memory')
})

test('memory that processes share is counted too, once', async (t) => {
  const shared = many('mmap.mmap(-1, 64 << 20)', 20)
  const { ended, limit } = await attack(t, shared, { limits: { memoryBytes: 200 << 20 } })
  assert.deepEqual([ended, limit], ['killed', 'memory'])
  const once = many('held', 0.5).replace('import mmap', 'import mmap; held = mmap.mmap(-1, 64 << 20)')
  assert.equal((await attack(t, once, { limits: { memoryBytes: 200 << 20 } })).log, 'ESCAPED memory')
})

/** Pairs of sockets, each filled until it takes no more; `fill` is what is put into one at a time. */
const pairs = (count: number, fill: string) => `
import socket
held = []
for n in range(${count}):
    for end in (pair := socket.socketpair()):
        end.setblocking(False)
        try:
            while True: end.send(${fill})
        except BlockingIOError: pass
    held.append(pair)
`

test('what waits in sockets is counted at the most that it may be', async (t) => {
  const most = 2 * Number(await readFile('/proc/sys/net/core/wmem_max', 'utf8'))
  const memoryBytes = 20 * most + (64 << 20)
  const wait = 'time.sleep(20)\nescaped("memory")'
  const { ended, limit } = await attack(t, pairs(40, 'bytes(65536)') + wait, { limits: { memoryBytes } })
  assert.deepEqual([ended, limit], ['killed', 'memory'])
  const few = pairs(12, 'bytes(65536)') + wait.replace('20', '0.5')
  assert.equal((await attack(t, few, { limits: { memoryBytes } })).log, 'ESCAPED memory')
  const files = `held = [open('/dev/null') for n in range(100)]\n${wait.replace('20', '0.5')}`
  assert.equal((await attack(t, files, { limits: { memoryBytes } })).log, 'ESCAPED memory', 'files are no sockets')
})
