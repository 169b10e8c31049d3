import assert from 'node:assert/strict'
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { dropUnwanted, listIncoming, sweepIncoming } from '../../server/upstream/incoming.ts'
import { temporaryFolder } from '../support/folders.ts'

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(64)) as [string, string, string, string]
const now = Date.UTC(2026, 0, 2)
const old = Date.UTC(2026, 0, 1)

async function setUp(t: TestContext, files: Readonly<Record<string, number>>): Promise<string> {
  const root = await temporaryFolder(t)
  const folders = new Map<string, number>()
  for (const [path, at] of Object.entries(files)) {
    const whole = join(root, '.incoming', path)
    await mkdir(path.endsWith('/') ? whole : dirname(whole), { recursive: true })
    if (!path.endsWith('/')) {
      await writeFile(whole, 'x')
      await utimes(whole, at / 1000, at / 1000)
    }
    folders.set(path.endsWith('/') ? whole : dirname(whole), at)
  }
  for (const [folder, at] of folders) await utimes(folder, at / 1000, at / 1000)
  return root
}

test('what lies there is told, digest by digest', async (t) => {
  const root = await setUp(t, {
    [`${b}/.part`]: now,
    [`${b}/.part.json`]: now,
    [`${a}/x.whl`]: old,
    [`${a}/y.whl`]: old,
    [`${c}/`]: old,
    '.write-1': now,
    'not-a-digest/x': now,
  })
  assert.deepEqual(await listIncoming(root), [
    { sha256: a, files: ['x.whl', 'y.whl'], partial: false, changedAt: old },
    { sha256: b, files: [], partial: true, changedAt: now },
    { sha256: c, files: [], partial: false, changedAt: old },
  ])
})

test('a tree that never had a download has nothing there', async (t) => {
  const root = await temporaryFolder(t)
  assert.deepEqual([await listIncoming(root), await sweepIncoming(root, { needed: new Set(), before: now })], [[], []])
})

test('what a job needs is kept, however old', async (t) => {
  const root = await setUp(t, { [`${a}/x.whl`]: 0, [`${b}/.part`]: 0, [`${b}/.part.json`]: 0 })
  assert.deepEqual(await sweepIncoming(root, { needed: new Set([a, b]), before: now }), [])
})

test('a part that nobody needs is dropped at once, a whole file after its time', async (t) => {
  const root = await setUp(t, { [`${a}/x.whl`]: now, [`${b}/.part`]: now, [`${c}/y.whl`]: old })
  const removed = await sweepIncoming(root, { needed: new Set(), before: now })
  assert.deepEqual(removed, [`.incoming/${b}`, `.incoming/${c}`])
  assert.deepEqual(await readdir(join(root, '.incoming')), [a])
})

test('a part beside a whole file goes alone', async (t) => {
  const root = await setUp(t, { [`${a}/x.whl`]: now, [`${a}/.part`]: now, [`${a}/.part.json`]: now })
  await sweepIncoming(root, { needed: new Set(), before: now })
  assert.deepEqual(await readdir(join(root, '.incoming', a)), ['x.whl'])
})

test('an empty folder and an index that never got its name are dropped, a new one is not', async (t) => {
  const root = await setUp(t, { [`${d}/`]: now, '.write-1': old, '.write-2': now })
  const removed = await sweepIncoming(root, { needed: new Set([d]), before: now })
  assert.deepEqual(removed, [`.incoming/${d}`, '.incoming/.write-1'])
})

test('what is not Airlock’s is left alone', async (t) => {
  const root = await setUp(t, { 'notes.txt': 0, 'folder/x': 0, [`${a.slice(1)}/x`]: 0 })
  assert.deepEqual(await sweepIncoming(root, { needed: new Set(), before: now }), [])
})

test('while others fetch, what nobody has touched since is dropped, whole or not; what is new, needed or busy is kept', async (t) => {
  const e = 'e'.repeat(64)
  const root = await setUp(t, {
    [`${a}/x.whl`]: old,
    [`${b}/.part`]: old,
    [`${c}/y.whl`]: old,
    [`${d}/.part`]: old,
    [`${e}/z.whl`]: now,
    '.write-1': old,
  })
  const needed = () => Promise.resolve(new Set([c]))
  assert.equal(await dropUnwanted(root, { needed, isBusy: (sha256) => sha256 === d, before: now }), 2)
  assert.deepEqual((await readdir(join(root, '.incoming'))).toSorted(), ['.write-1', c, d, e])
})

test('what somebody wants while it is judged is kept, and what was published meanwhile is no trouble', async (t) => {
  const root = await setUp(t, { [`${a}/x.whl`]: old, [`${b}/y.whl`]: old })
  async function needed() {
    await utimes(join(root, '.incoming', a, 'x.whl'), now / 1000, now / 1000)
    await rm(join(root, '.incoming', b), { recursive: true })
    return new Set<string>()
  }
  assert.equal(await dropUnwanted(root, { needed, isBusy: () => false, before: now }), 0)
  assert.deepEqual(await readdir(join(root, '.incoming', a)), ['x.whl'])
})

test('nobody is asked what is needed where nothing is old', async (t) => {
  const root = await setUp(t, { [`${a}/x.whl`]: now })
  const needed = () => assert.fail('asked')
  assert.equal(await dropUnwanted(root, { needed, isBusy: () => false, before: now }), 0)
})

test('what was on its way out when the last run ended goes at the start', async (t) => {
  const root = await setUp(t, { '.gone-1/x.whl': now })
  assert.deepEqual(await sweepIncoming(root, { needed: new Set(), before: now }), ['.incoming/.gone-1'])
})
