/** Hostile sources asked for like any other, with builds that are allowed little: each is told, and nothing of it is visible. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startBuilding } from '../support/building.ts'
import { hashTree } from '../support/tree.ts'

let rig: Awaited<ReturnType<typeof startBuilding>>

before(async () => {
  rig = await startBuilding({ seconds: 6, memory: '1GiB', disk: '64MiB' })
})

after(() => rig?.close())

test('one that looks for the state, the keys, the tree, the server and the network finds none of them', async () => {
  const { state, root, consoleUrl, mirrorUrl } = rig.airlock
  const looks = `
import os, socket, sys
found = [path for path in (${JSON.stringify(state)}, ${JSON.stringify(root)}, '/etc/shadow', '/var/lib') if os.path.exists(path)]
for port in (${new URL(consoleUrl).port}, ${new URL(mirrorUrl).port}):
    try: socket.create_connection(('127.0.0.1', port), 2); found.append(port)
    except OSError: pass
for family in (40, 17, 38):
    try: socket.socket(family, socket.SOCK_STREAM); found.append(family)
    except OSError: pass
for pid in os.listdir('/proc'):
    try: found += ['environ'] if pid.isdigit() and b'AIRLOCK' in open(f'/proc/{pid}/environ', 'rb').read() else []
    except OSError: pass
sys.exit('reached ' + repr(found))`
  rig.source({ name: 'src-spy', version: '1.0', before: looks })
  const problem = await rig.failure('default', 'src-spy')
  assert.equal(problem.code, 'build-failed')
  const { log } = await rig.build(problem.fields['build'])
  assert.match(log, /reached \[\]/)
})

for (const [what, before, told] of [
  ['sleeps', 'import time; time.sleep(9999)', /longer than 6 s/],
  ['talks', 'while True: print("x" * 1000)', /said more than a build may/],
  ['fills', 'open("/tmp/x", "wb").write(bytes(1 << 27))', /File too large|No space left|writes more/],
  ['eats', 'held = bytearray(2 << 30)', /memory/i],
  ['forks', 'import os\nwhile True:\n    try: os.fork()\n    except OSError: pass', /longer than 6 s/],
] as const) {
  test(`one that ${what} is ended and told of, and leaves nothing`, async () => {
    const name = `src-${what}`
    rig.source({ name, version: '1.0', before })
    const published = await hashTree(rig.airlock.root)
    const problem = await rig.failure('default', name)
    assert.equal(problem.code, 'build-failed')
    assert.match(problem.detail, told)
    assert.deepEqual(await hashTree(rig.airlock.root), published)
    const work = join(rig.airlock.state, 'work')
    assert.deepEqual(await readdir(work).catch(() => []), [])
    const lines = await Promise.all(
      (await readdir('/proc'))
        .filter((pid) => /^\d+$/.test(pid))
        .map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    )
    assert.equal(
      lines.some((line) => line.includes(name)),
      false,
      'a process of it lives on',
    )
  })
}

test('after all of them an honest one is built', async () => {
  rig.source({ name: 'src-honest', version: '1.0' })
  const { closure } = await rig.bring('default', 'src-honest')
  assert.equal(closure![0]!.project, 'src-honest')
})
