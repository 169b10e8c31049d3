/** What hostile code leaves where its outputs are taken from: plain files with plain names come out, and nothing else. */
import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { outputFiles } from '../../server/sandbox/run.ts'
import { bringOut } from '../../server/sandbox/outputs.ts'
import { temporaryFolder } from '../support/folders.ts'
import { attack } from './hostile.ts'

test('files come out as they are; a command’s failure does not keep them', async (t) => {
  const code = `
open('/build/out/pkg-1.0-py3-none-any.whl', 'wb').write(b'wheel')
open('/build/out/empty.txt', 'w')
sys.exit(3)`
  const { outputs, leftOut, status, into } = await attack(t, code)
  assert.deepEqual(outputs, [
    { name: 'empty.txt', path: join(into, 'empty.txt') },
    { name: 'pkg-1.0-py3-none-any.whl', path: join(into, 'pkg-1.0-py3-none-any.whl') },
  ])
  assert.deepEqual([leftOut, status], [[], 3])
  assert.equal(await readFile(outputs[1]!.path, 'utf8'), 'wheel')
  assert.equal(await readFile(outputs[0]!.path, 'utf8'), '')
})

test('links, fifos, sockets and folders stay where they are', async (t) => {
  const code = `
os.chdir('/build/out')
open('plain', 'w').write('plain')
os.symlink('/etc/passwd', 'absolute')
os.symlink('../../../../../../etc/passwd', 'relative')
os.symlink('plain', 'beside')
os.symlink('/proc/self/environ', 'environ')
os.mkfifo('fifo')
s = socket.socket(socket.AF_UNIX); s.bind('socket')
os.makedirs('folder/deep'); open('folder/deep/file', 'w').write('x')`
  const { outputs, leftOut, into } = await attack(t, code)
  assert.deepEqual(
    outputs.map(({ name }) => name),
    ['plain'],
  )
  assert.deepEqual(await readdir(into), ['plain'])
  const names = ['absolute', 'beside', 'environ', 'fifo', 'folder', 'relative', 'socket']
  assert.deepEqual(
    leftOut.toSorted((a, b) => a.name.localeCompare(b.name)),
    names.map((name) => ({ name, why: 'kind' })),
  )
})

test('a folder of outputs that was replaced by a link cannot be: what is behind it stays', async (t) => {
  const code = `
try: os.rmdir('/build/out')
except OSError: pass
try: os.symlink('/etc', '/build/out')
except OSError: pass
os.rename('/build/other', '/build/moved') if os.path.exists('/build/other') else None
print(os.path.islink('/build/out'))`
  const { log, outputs } = await attack(t, code)
  assert.deepEqual([log, outputs], ['False', []])
})

test('setuid, setgid and executable files come out as plain ones, of the server’s own', async (t) => {
  const code = `
for name, mode in (('setuid', 0o6755), ('open', 0o777), ('sticky', 0o1666)):
    open('/build/out/' + name, 'w').write('x'); os.chmod('/build/out/' + name, mode)`
  const { outputs } = await attack(t, code)
  assert.equal(outputs.length, 3)
  for (const { path } of outputs) {
    const { mode, uid } = await stat(path)
    assert.deepEqual([mode & 0o7777, uid], [0o600, process.getuid!()])
  }
})

test('hard links come out as files of their own', async (t) => {
  const { outputs } = await attack(t, `open('/build/out/a', 'w').write('x'); os.link('/build/out/a', '/build/out/b')`)
  const [a, b] = await Promise.all(outputs.map(({ path }) => stat(path)))
  assert.equal(outputs.length, 2)
  assert.notEqual(a!.ino, b!.ino)
})

test('names with control characters, ends of lines, spaces or a leading dot or hyphen stay, and are shown without', async (t) => {
  const code = String.raw`
for name in ('a\x1b[31mred', 'two\nlines', 'bell\x07', '-rf', '.hidden', 'with space', 'a\u202egnp.whl', 'ümlaut', '$(id)', 'a;b'):
    open('/build/out/' + name, 'w')
open(b'/build/out/\xff\xfe', 'w')`
  const { outputs, leftOut } = await attack(t, code)
  assert.deepEqual(outputs, [])
  assert.equal(leftOut.length, 11)
  assert.ok(leftOut.every(({ why }) => why === 'name'))
  assert.doesNotMatch(leftOut.map(({ name }) => name).join('|'), /[\u0000-\u001f\u007f\u202e]/)
  assert.ok(leftOut.some(({ name }) => name === 'ared'))
})

test('more bytes than allowed bring nothing out, together or with holes', async (t) => {
  const together = await attack(t, `for n in range(3): open(f'/build/out/{n}', 'wb').write(bytes(1 << 20))`, {
    limits: { outputBytes: 5 << 19 },
  })
  assert.deepEqual([together.ended, together.outputs, await readdir(together.into)], ['output-too-large', [], []])
  const holes = await attack(t, `open('/build/out/hole', 'wb').truncate(16 << 20)`)
  assert.deepEqual([holes.ended, await readdir(holes.into)], ['output-too-large', []])
  const just = await attack(t, `open('/build/out/just', 'wb').write(bytes(1 << 20))`, {
    limits: { outputBytes: 1 << 20 },
  })
  assert.deepEqual([just.ended, just.outputs.length], ['exit', 1])
})

test('more files than allowed bring nothing out, whatever they are', async (t) => {
  for (const make of [`open(f'/build/out/{n}', 'w')`, `os.symlink('x', f'/build/out/{n}')`]) {
    const { ended, into } = await attack(t, `for n in range(${outputFiles * 11}): ${make}`)
    assert.deepEqual([ended, await readdir(into)], ['output-too-large', []])
  }
})

test('a file that is there already is not written over', async (t) => {
  const [from, into] = [await temporaryFolder(t), await temporaryFolder(t)]
  await writeFile(join(from, 'a'), 'new')
  await writeFile(join(into, 'a'), 'old')
  await assert.rejects(bringOut(from, into, 100), { code: 'EEXIST' })
  assert.equal(await readFile(join(into, 'a'), 'utf8'), 'old')
})

test('whoever is killed by a limit brings nothing out', async (t) => {
  const code = `open('/build/out/half', 'w').write('half'); print('wrote', flush=True); time.sleep(60)`
  const { ended, outputs, into } = await attack(t, code, { limits: { wallSeconds: 1 } })
  assert.deepEqual([ended, outputs, await readdir(into)], ['timeout', [], []])
})
