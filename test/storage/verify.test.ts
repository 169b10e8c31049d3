/** What is said of files that are not as they were: gone, changed, or not to be read at all. */
import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { incomingPath, poolPath, type TreePath } from '../../storage/layout.ts'
import type { Listing } from '../../storage/records.ts'
import { createVerify } from '../../storage/verify.ts'
import { temporaryFolder } from '../support/folders.ts'
import { artifact } from '../support/records.ts'

test('a file that cannot be read is damaged, and those behind it are read all the same', async (t) => {
  const root = await temporaryFolder(t)
  const files = ['a-1', 'b-1', 'c-1', 'd-1'].map((file) => artifact(file))
  const places = files.map(({ sha256, file }) => poolPath('toy', sha256, file))
  for (const [at, { file }] of files.entries()) {
    await mkdir(dirname(join(root, places[at]!)), { recursive: true })
    await writeFile(join(root, places[at]!), at === 2 ? 'rotten' : file)
  }
  // EISDIR, as a bad sector gives EIO
  await rm(join(root, places[1]!))
  await mkdir(join(root, places[1]!))
  await rm(join(root, places[3]!))
  const all = files.map((one): Listing => ({ lane: 'toy/simple', artifact: one, addedAt: '' }))
  const listings = { page: (after: unknown) => Promise.resolve(after ? [] : all) }
  const { verify, isWhole } = createVerify({ root, listings: listings as never, kept: () => Promise.resolve([]) })
  assert.deepEqual(await Promise.all(files.map((one) => isWhole(one))), [true, false, false, null])
  const { checked, damaged } = await verify(['toy'])
  assert.deepEqual([checked, damaged], [4, places.slice(1)])
  await assert.rejects(isWhole(files[0]!, AbortSignal.abort(new Error('stops'))), /stops/)
})

type Put = (path: TreePath, file: string) => Promise<void>

/** What is found where `a-1` is listed, and `meanwhile` happens as its listing is read. */
async function verified(t: TestContext, meanwhile: (put: Put, root: string) => Promise<void>) {
  const root = await temporaryFolder(t)
  const put: Put = async (path, file) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), file)
  }
  const page = async (after: unknown): Promise<Listing[]> => {
    if (after) return []
    await meanwhile(put, root)
    return [{ lane: 'toy/simple', artifact: artifact('a-1'), addedAt: '' }]
  }
  await put(pooled('z-1'), 'z-1')
  const { verify } = createVerify({ root, listings: { page } as never, kept: () => Promise.resolve([]) })
  return verify(['toy'])
}

const pooled = (file: string) => poolPath('toy', artifact(file).sha256, file)
const incoming = (file: string) => incomingPath(artifact(file).sha256, file)

test('what is published while everything is hashed is not called unknown, nor is what goes meanwhile', async (t) => {
  const { unknown } = await verified(t, (put) => put(pooled('b-1'), 'b-1'))
  assert.deepEqual(unknown, [pooled('z-1')])
  assert.deepEqual((await verified(t, (_, root) => rm(join(root, pooled('z-1'))))).unknown, [])
})

test('what is decided and about to be published is not called damaged, unless it is', async (t) => {
  assert.deepEqual((await verified(t, (put) => put(incoming('a-1'), 'a-1'))).damaged, [])
  assert.deepEqual((await verified(t, (put) => put(incoming('a-1'), 'a-'))).damaged, [pooled('a-1')])
  assert.deepEqual((await verified(t, () => Promise.resolve())).damaged, [pooled('a-1')])
})
