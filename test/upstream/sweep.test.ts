/** What was fetched and never needed goes while the server runs, and nothing that somebody is about to use. */
import assert from 'node:assert/strict'
import { mkdir, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createHousekeeping } from '../../server/housekeeping.ts'
import { incomingPath, poolPath } from '../../storage/layout.ts'
import type { Artifact } from '../../storage/records.ts'
import { stall } from '../support/upstream.ts'
import { artifact, closureOf } from '../support/records.ts'
import { temporaryFolder } from '../support/folders.ts'
import { toyAirlock } from '../support/toy.ts'
import { served, setUp, until } from './downloading.ts'
import { never } from './fixture.ts'

const day = 86_400_000
const nothing = { needed: () => Promise.resolve(new Set<string>()), before: Date.now() - day }

/** As if it had lain there for two days. */
async function age(root: string, { sha256 }: Artifact, file: string): Promise<void> {
  const at = new Date(Date.now() - 2 * day)
  for (const path of [join(root, '.incoming', sha256, file), join(root, '.incoming', sha256)])
    await utimes(path, at, at)
}

test('a file that is wanted again is not swept, and one that nobody wants is', async (t) => {
  const { upstream, root, downloads } = await setUp(t)
  const [wanted, unwanted] = ['a-1.whl', 'b-1.whl'].map((file) => served(upstream, file, Buffer.from(file)))
  await downloads.fetch([wanted!, unwanted!], { signal: never })
  for (const one of [wanted!, unwanted!]) await age(root, one, one.file)
  await downloads.fetch([wanted!], { signal: never })
  assert.equal(await downloads.sweep(nothing), 1)
  assert.deepEqual([downloads.has(wanted!), downloads.has(unwanted!)], [true, false])
})

test('a file of the pool keeps its time, whoever wants it', async (t) => {
  const { upstream, root, downloads } = await setUp(t)
  const wheel = served(upstream, 'a-1.whl', Buffer.from('x'))
  await downloads.fetch([wheel], { signal: never })
  await age(root, wheel, wheel.file)
  const pooled = join(root, poolPath(wheel.ecosystem, wheel.sha256, wheel.file))
  await mkdir(dirname(pooled), { recursive: true })
  await rename(join(root, incomingPath(wheel.sha256, wheel.file)), pooled)
  const before = (await stat(pooled)).mtimeMs
  await downloads.fetch([wheel], { signal: never })
  assert.equal((await stat(pooled)).mtimeMs, before)
})

test('a download that goes on is not swept, however long ago it broke off', async (t) => {
  const { upstream, root, downloads } = await setUp(t)
  const bytes = Buffer.alloc(1000)
  const wheel = served(upstream, 'a-1.whl', bytes, stall(bytes, 1))
  const [stopping, folder] = [new AbortController(), join(root, '.incoming', wheel.sha256)]
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, '.part'), '')
  const fetching = downloads.fetch([wheel], { signal: stopping.signal })
  await until(() => upstream.asked('/a-1.whl').length > 0)
  await age(root, wheel, '.part')
  assert.equal(await downloads.sweep(nothing), 0)
  stopping.abort(new Error('enough'))
  await assert.rejects(fetching, /enough/)
  assert.equal(await downloads.sweep({ ...nothing, before: Date.now() + day }), 1)
})

/** What a round of housekeeping is told to keep. */
async function keptBy(t: TestContext, isReady: boolean): Promise<readonly string[]> {
  const toy = await toyAirlock(await temporaryFolder(t))
  const wanted = { ecosystem: 'toy', targets: ['default'], asked: ['a'], roots: ['a'], options: {} }
  const [request] = await toy.requests.add({ ...wanted, requester: null, note: null })
  await toy.jobs.keepClosure(request!.job, 'toy/simple', closureOf(artifact('a')))
  if (isReady) await toy.jobs.finish(request!.job, 'ready')
  const kept: string[] = []
  const { round } = createHousekeeping({
    ...toy,
    ecosystems: new Map(),
    tree: { publish: () => assert.fail(), remove: () => assert.fail() },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    standing: () => [],
    sweepIncoming: () => assert.fail('others may fetch'),
    async dropUnwanted({ needed, before }) {
      assert.ok(before <= Date.now() - day)
      kept.push(...(await needed()))
      return 0
    },
    sweepPages: () => Promise.resolve(0),
    forgetBefore: () => Promise.resolve(0),
    keepDays: 30,
  })
  await round()
  return kept
}

test('what a job that is under way has been told to fetch is kept', async (t) => {
  assert.deepEqual(await keptBy(t, false), [artifact('a').sha256])
  assert.deepEqual(await keptBy(t, true), [])
})
