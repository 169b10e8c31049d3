/** A .deb that two targets share, published by the lane of one while the other looks into it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Debs } from '../../server/apt/deb.ts'
import { openSigner } from '../../server/apt/sign.ts'
import { createStage } from '../../server/apt/stage.ts'
import { temporaryFolder } from '../support/folders.ts'

const never = new AbortController().signal
const deb = {
  key: 'aa',
  name: 'aa',
  version: '1',
  architecture: 'all',
  file: 'aa_1_all.deb',
  sha256: 'a'.repeat(64),
  size: 1,
  stanza: 'Package: aa\nVersion: 1\nArchitecture: all\nFilename: x/aa_1_all.deb',
  url: 'http://archive.example/x/aa_1_all.deb',
  origin: 'archive.example',
}

async function stageOf(t: TestContext, pathOf: () => string | null, check: Debs['check']) {
  const folder = await temporaryFolder(t)
  const stage = createStage({
    state: {
      stanzas: async () => [],
      repository: async () => null,
      refuseChanged: async () => {},
      change: async () => {},
    },
    signer: await openSigner(join(folder, 'key.asc'), () => new Date()),
    debs: { check },
    prepare: () => {},
    pathOf,
    now: () => new Date(),
    work: folder,
  })
  const solution = {
    packages: [deb],
    guests: [],
    held: new Map(),
    released: [],
    remarks: [],
    snapshot: 1,
    generation: 0,
  }
  const wish = { roots: ['aa'], withdrawn: [], refresh: false, guests: [] }
  const target = { name: 'default', lane: 'apt/default', architectures: ['amd64'] }
  return stage(
    { id: 1 } as never,
    target as never,
    { items: [], remarks: [] },
    {
      solution: solution as never,
      wish,
      signal: never,
    },
  )
}

test('it is looked for again where it lies by then', async (t) => {
  let lies = '/incoming/aa.deb'
  const looked: string[] = []
  const { artifacts } = await stageOf(
    t,
    () => lies,
    async (path) => {
      looked.push(path)
      if (path === '/pool/aa.deb') return
      lies = '/pool/aa.deb'
      throw new Error('moved')
    },
  )
  assert.deepEqual(looked, ['/incoming/aa.deb', '/pool/aa.deb'])
  assert.deepEqual(
    artifacts.map(({ file }) => file),
    [deb.file],
  )
})

test('one that stays and is bad is refused, and one that is gone is not fetched', async (t) => {
  const bad = () => Promise.reject(new Error('bad'))
  await assert.rejects(
    stageOf(t, () => '/pool/aa.deb', bad),
    /bad/,
  )
  let isThere = true
  const lose = () => {
    isThere = false
    return bad()
  }
  await assert.rejects(
    stageOf(t, () => (isThere ? '/pool/aa.deb' : null), lose),
    /aa_1_all\.deb was not fetched/,
  )
})
