import assert from 'node:assert/strict'
import promises, { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { incomingPath, poolPath } from '../../storage/layout.ts'
import { createTree } from '../../storage/tree.ts'
import { temporaryFolder } from '../support/folders.ts'
import { artifact } from '../support/records.ts'

async function withArtifact(t: TestContext) {
  const root = await temporaryFolder(t)
  const wheel = artifact('a-1.whl')
  const from = join(root, incomingPath(wheel.sha256, wheel.file))
  await mkdir(dirname(from), { recursive: true })
  await writeFile(from, wheel.file)
  return { root, wheel, path: poolPath('toy', wheel.sha256, wheel.file), tree: createTree(root) }
}

test('an artifact is moved from where it was fetched to its place, world-readable whatever the umask', async (t) => {
  const { root, wheel, path, tree } = await withArtifact(t)
  const umask = process.umask(0o077)
  try {
    assert.equal(
      await tree.publish([[{ path, artifact: wheel }], [{ path: 'toy/simple/a/index.html', bytes: Buffer.from('a') }]]),
      2,
    )
  } finally {
    process.umask(umask)
  }
  assert.equal(await readFile(join(root, path), 'utf8'), wheel.file)
  for (const file of [path, 'toy/simple/a/index.html']) assert.equal((await stat(join(root, file))).mode & 0o777, 0o444)
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder))
    assert.equal((await stat(join(root, folder))).mode & 0o777, 0o755)
  assert.equal((await stat(join(root, '.incoming'))).mode & 0o077, 0)
})

test('publishing again writes nothing: what is there is left alone, inode and all', async (t) => {
  const { root, wheel, path, tree } = await withArtifact(t)
  const steps = [[{ path, artifact: wheel }], [{ path: 'toy/simple/index.html', bytes: Buffer.from('one') }]]
  await tree.publish(steps)
  const before = await stat(join(root, 'toy/simple/index.html'))
  assert.equal(await tree.publish(steps), 0)
  assert.equal((await stat(join(root, 'toy/simple/index.html'))).ino, before.ino)
})

test('a changed page replaces the old one whole and leaves no temporary file', async (t) => {
  const { root, tree } = await withArtifact(t)
  const page = (text: string) => [[{ path: 'toy/simple/index.html', bytes: Buffer.from(text) }]]
  await tree.publish(page('a long first page'))
  await tree.publish(page('two'))
  assert.equal(await readFile(join(root, 'toy/simple/index.html'), 'utf8'), 'two')
  assert.deepEqual(
    (await readdir(join(root, '.incoming'))).filter((name) => name.startsWith('.write')),
    [],
  )
})

test('an artifact that is nowhere stops the publication before any later step', async (t) => {
  const { root, tree } = await withArtifact(t)
  const missing = artifact('b-1.whl')
  const steps = [
    [{ path: poolPath('toy', missing.sha256, missing.file), artifact: missing }],
    [{ path: 'toy/simple/b/index.html', bytes: Buffer.from('b') }],
  ]
  await assert.rejects(tree.publish(steps), { code: 'ENOENT' })
  await assert.rejects(stat(join(root, 'toy/simple/b/index.html')), { code: 'ENOENT' })
})

test('a step that cannot be prepared leaves no temporary file, so that trying again and again fills no disk', async (t) => {
  const { root, tree } = await withArtifact(t)
  const missing = artifact('b-1.whl')
  const step = [
    { path: 'toy/simple/a/index.html', bytes: Buffer.from('a') },
    { path: poolPath('toy', missing.sha256, missing.file), artifact: missing },
    { path: 'toy/simple/b/index.html', bytes: Buffer.from('b') },
  ]
  await assert.rejects(tree.publish([step]), { code: 'ENOENT' })
  assert.deepEqual(
    (await readdir(join(root, '.incoming'))).filter((name) => name.startsWith('.write')),
    [],
  )
  await assert.rejects(stat(join(root, 'toy/simple/a/index.html')), { code: 'ENOENT' })
})

test('a truncated pool file is not taken for the artifact', async (t) => {
  const { root, wheel, path, tree } = await withArtifact(t)
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), 'a-')
  await tree.publish([[{ path, artifact: wheel }]])
  assert.equal(await readFile(join(root, path), 'utf8'), wheel.file)
})

test('files that people put into the root by hand are neither read nor changed', async (t) => {
  const { root, wheel, path, tree } = await withArtifact(t)
  await writeFile(join(root, 'notes.txt'), 'by hand')
  await chmod(join(root, 'notes.txt'), 0o600)
  await tree.publish([[{ path, artifact: wheel }]])
  assert.equal((await stat(join(root, 'notes.txt'))).mode & 0o777, 0o600)
})

/** Two publications of one artifact, each with a page of its own, of which the second waits at `call` until the first is through. */
async function publishTwice(t: TestContext, call: 'chmod' | 'rename') {
  const { root, wheel, path, tree } = await withArtifact(t)
  const from = join(root, incomingPath(wheel.sha256, wheel.file))
  const [first, second] = ['one', 'two'].map((index) => [
    [{ path, artifact: wheel }],
    [{ path: `toy/${index}/index.html`, bytes: Buffer.from(index) }],
  ])
  const real = promises[call] as (path: string, other: string) => Promise<void>
  t.after(() => {
    Object.assign(promises, { [call]: real })
    syncBuiltinESMExports()
  })
  let isFirst = true
  async function late(given: string, other: string): Promise<void> {
    if (given === from && isFirst) {
      isFirst = false
      await tree.publish(first!)
    }
    return real(given, other)
  }
  Object.assign(promises, { [call]: late })
  syncBuiltinESMExports()
  await tree.publish(second!)
  for (const file of [path, 'toy/one/index.html', 'toy/two/index.html']) await stat(join(root, file))
}

for (const call of ['chmod', 'rename'] as const) {
  test(`two lanes publish the same artifact at once, and one finds it gone at ${call}`, (t) => publishTwice(t, call))
}
