/** What is ready is installed into a sandbox and imported: the request says how it went, and waited for none of it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RequestDetail } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel, type WheelOptions } from '../support/wheels.ts'

let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  airlock = await startAirlock({ index: index.url, config: { imports: '200 MB' } })
})

after(async () => {
  await airlock.close()
  await index.close()
})

type Remarks = RequestDetail['remarks']
const about = ({ remarks }: RequestDetail): Remarks => remarks.filter(({ code }) => code.startsWith('import'))

/** Put into the index, asked for, ready, and then tried out. */
async function tried(wheels: readonly WheelOptions[]): Promise<{ readonly id: number; readonly remarks: Remarks }> {
  for (const wheel of wheels) index.add(makeWheel(wheel))
  const { id } = await airlock.ready((await airlock.ask(...wheels.map(({ name }) => name))).id)
  return { id, remarks: about(await airlock.wait(id, (one) => about(one).length > 0)) }
}

test('what was asked for is imported with everything it needs, and the time is said in both languages', async () => {
  index.add(makeWheel({ name: 'needed', version: '2.0' }))
  const files = { 'top_level/__init__.py': 'import needed, beside\n', 'beside.py': '' }
  const { id, remarks } = await tried([{ name: 'top-level', version: '1.0', requires: ['needed'], files }])
  assert.deepEqual(
    remarks.map(({ code }) => code),
    ['imports'],
  )
  assert.match(remarks[0]!.message, /^Tried out here in a sandbox: beside, top_level imported in \d\.\d s\.$/)
  const answer = await fetch(`${airlock.consoleUrl}/api/requests/${id}`, { headers: { 'accept-language': 'zh' } })
  const chinese = (await answer.json()) as RequestDetail
  assert.match(about(chinese)[0]!.message, /^已在此处的沙箱中试用：导入 beside, top_level 用时 \d\.\d 秒。$/)
})

test('modules within a namespace and beside folders of tests are found', async () => {
  const own = ['space/inner/__init__.py', 'space/inner/deep/__init__.py', 'tests/__init__.py']
  const record = [...own, ...['METADATA', 'WHEEL', 'RECORD'].map((name) => `spaced-1.0.dist-info/${name}`)]
  const { remarks } = await tried([
    {
      name: 'spaced',
      version: '1.0',
      files: Object.fromEntries(own.map((path) => [path, path.startsWith('tests') ? 'raise SystemExit(1)' : ''])),
      members: (members) => members.filter(({ name }) => name !== 'spaced/__init__.py'),
      record: record.map((path) => `${path},,\n`).join(''),
    },
  ])
  assert.deepEqual(remarks[0]!.fields['modules'], ['space.inner'])
})

const module = (name: string, code: string): WheelOptions => {
  return { name, version: '1.0', files: { [`${name}/__init__.py`]: code } }
}
const lacks = (library: string) =>
  `raise ImportError("${library}: cannot open shared object file: No such file or directory")\n`

test('a missing shared library is named, with the package that has it; the request is ready all the same', async () => {
  const { remarks } = await tried([
    module('pictures', lacks('libGL.so.1')),
    module('rare', lacks('libquite-rare.so.7')),
    module('fine', ''),
  ])
  assert.deepEqual(
    remarks.map(({ code }) => code),
    ['imports', 'import-lacks-library', 'import-lacks-library'],
  )
  const [fine, pictures, rare] = remarks.map(({ message }) => message)
  assert.match(fine!, /: fine imported in/)
  assert.match(
    pictures!,
    /^pictures installs, but pictures cannot be imported here: the shared library libGL\.so\.1 is missing\./,
  )
  assert.match(pictures!, /Debian has it in libgl1: `airlock request apt libgl1`\.$/)
  assert.match(rare!, /libquite-rare\.so\.7 is missing\. Find the Debian package/)
})

test('a module that fails, ends its Python or says too much is told of, and what it says is text', async () => {
  const { remarks } = await tried([
    module('aa', 'raise RuntimeError("\\x1b[31mno\\nway \\u202e" + "x" * 5000)\n'),
    module('bb', 'import os; os.kill(os.getpid(), 11)\n'),
    module('cc', 'import sys; sys.exit(3)\n'),
  ])
  const [aa, bb, cc] = remarks.map(({ message }) => message)
  assert.match(aa!, /^aa installs, but aa cannot be imported here: RuntimeError:  ?\[31mno way x+$/)
  assert.ok(aa!.length < 400)
  assert.match(bb!, /bb cannot be imported here: Python ended with -11$/)
  assert.match(cc!, /cc cannot be imported here: SystemExit: 3$/)
})

test('hostile code of a wheel reaches nothing, and what it forges is held to the form', async () => {
  const spy = `
import os, socket
found = [path for path in ('/var/lib/airlock', '/etc/shadow', ${JSON.stringify(airlock.state)}, ${JSON.stringify(airlock.root)}) if os.path.exists(path)]
try: socket.create_connection(('127.0.0.1', ${new URL(airlock.consoleUrl).port}), 2); found.append('network')
except OSError: pass
raise RuntimeError('reached ' + repr(found))
`
  const forger = `
import os
open('/build/out/imports.json', 'w').write('[{"root": "x", "modules": ["<b>"], "seconds": "much", "error": 1}]')
os.kill(os.getppid(), 9)
`
  assert.match((await tried([module('spy', spy)])).remarks[0]!.message, /RuntimeError: reached \[\]$/)
  index.add(makeWheel(module('forger', forger)))
  const { id } = await airlock.ready((await airlock.ask('forger')).id)
  // one is tried after the other
  await tried([module('after', '')])
  assert.deepEqual(about(await airlock.get(id)), [])
})

test('nobody waits for it: a request is ready and its index is there while a module still sleeps', async () => {
  index.add(makeWheel(module('sleepy', 'import time; time.sleep(2)\n')))
  const ready = await airlock.ready((await airlock.ask('sleepy')).id)
  assert.deepEqual(about(ready), [])
  assert.ok((await fetch(`${airlock.indexUrl}sleepy/`)).ok)
  const later = await airlock.wait(ready.id, (one) => about(one).length > 0)
  assert.ok(Number(about(later)[0]!.fields['seconds']) >= 2)
  assert.equal(later.finishedAt, ready.finishedAt)
})
