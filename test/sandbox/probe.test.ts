/** What a start says of a machine: a sandbox that has a hole is none, and none is said in words. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startChild, type StartChild } from '../../server/child.ts'
import { createSandbox } from '../../server/sandbox/sandbox.ts'
import { unusedUser } from '../../server/sandbox/users.ts'
import { temporaryFolder } from '../support/folders.ts'
import { openings, type Opening } from './hostile.ts'

const changed = (change: Opening): StartChild => {
  return (command, args, options) => startChild(command, change(args), options)
}
const replaced = (word: string, by: readonly string[]) =>
  changed((args) => args.flatMap((arg) => (arg === word ? by : [arg])))

async function probed(t: TestContext, start: StartChild, hidden: readonly string[] = []) {
  const folder = await temporaryFolder(t)
  const work = join(folder, 'work')
  const { available } = await createSandbox({
    startChild: start,
    hidden,
    work,
    signal: new AbortController().signal,
  })
  assert.deepEqual(await readdir(work), [], 'it leaves nothing')
  return available
}

test('this machine has a sandbox, as scripts/setup-test sees to', async (t) => {
  assert.deepEqual(await probed(t, startChild, ['/nowhere']), { ok: true })
})

const holes = {
  'the network': [changed(openings.network), /namespace net:/],
  'the filter of system calls': [changed(openings.filter), /Seccomp:0.*can be nested|can be nested.*Seccomp:0/],
  'other processes': [changed(openings.processes), /namespace pid:/],
  'a root that can be written': [changed(openings.root), /can be written \//],
  'a variable of its own': [replaced('--clearenv', ['--setenv', 'SECRET', 'x']), /variable SECRET/],
  'no bound on files': [changed((args) => args.map((arg) => (arg === '100' ? '100000' : arg))), /files 1000/],
} satisfies Readonly<Record<string, readonly [StartChild, RegExp]>>

for (const [name, [start, reason]] of Object.entries(holes)) {
  test(`a sandbox with a hole is none, and the hole is named: ${name}`, async (t) => {
    const available = await probed(t, start)
    assert.ok(!available.ok)
    assert.match(available.reason, /a sandbox was made, but is not closed/)
    assert.match(available.reason, reason)
    assert.match(available.words.zh, /并不封闭/)
  })
}

test('a state that lies where a sandbox looks is named', async (t) => {
  const available = await probed(t, startChild, ['/usr/share'])
  assert.ok(!available.ok)
  assert.match(available.reason, /within reach \/usr\/share/)
})

const lacking = {
  'no bubblewrap': [
    replaced('bwrap', ['/nowhere/bwrap']),
    /^bubblewrap is not installed\. On Debian: apt-get install bubblewrap$/,
    /未安装 bubblewrap/,
  ],
  'no namespaces': [
    replaced('--mount', ['--mount', '--user', '--map-users=9,9,9']),
    /namespaces|could not be made/,
    /命名空间|无法创建沙箱/,
  ],
  'no such thing at all': [
    (_: string, args: readonly string[], options: Parameters<StartChild>[2]) =>
      startChild('no-such-command', args, options),
    /^a sandbox could not be made: .*no-such-command/,
    /无法创建沙箱/,
  ],
  'a command that ends badly': [replaced('/bin/sh', ['/bin/false']), /ended with 1/, /并不封闭/],
} satisfies Readonly<Record<string, readonly [StartChild, RegExp, RegExp]>>

for (const [name, [start, en, zh]] of Object.entries(lacking)) {
  test(`a machine without is told so in both languages: ${name}`, async (t) => {
    const available = await probed(t, start)
    assert.ok(!available.ok)
    assert.match(available.words.en, en)
    assert.match(available.words.zh, zh)
    assert.equal(available.reason, available.words.en)
  })
}

test('a start that is broken off breaks the probe off', async (t) => {
  const signal = AbortSignal.abort(new Error('stops'))
  const work = join(await temporaryFolder(t), 'work')
  await assert.rejects(createSandbox({ startChild, hidden: [], work, signal }), /stops/)
})

test('each sandbox has a user whom nobody else is, also in a container that maps few', () => {
  const everybody = unusedUser('         0          0 4294967295\n')
  assert.ok(everybody !== null && everybody >= 0x70000000 && everybody < 0x7ffffffe)
  assert.notEqual(unusedUser('0 0 4294967295'), everybody)
  const few = unusedUser('0 100000 65536')
  assert.ok(few !== null && few >= 65000 && few < 65500)
  assert.equal(unusedUser('0 1000 1'), null)
  assert.equal(unusedUser(''), null)
})
