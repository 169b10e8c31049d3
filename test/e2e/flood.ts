/** Many requests at once, distinct, identical and overlapping, and a server that is killed in the midst of them. */
import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestDetail, RequestView } from '../../server/contract.ts'
import { incomingPath, poolPath } from '../../storage/layout.ts'
import { hasEnded, startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex } from '../support/index.ts'
import { sabotageOf, type Cut } from '../support/sabotage.ts'
import { checkTree } from '../support/tree.ts'
import { makeWheel, type MadeWheel } from '../support/wheels.ts'

export type FloodOptions = {
  /** Of ten, six ask for one project each, two for the same again in other words, two for several of them. */
  readonly requests: number
  readonly kills: number
  /** Seconds without any request's ending after which the rest is taken for lost. */
  readonly patience: number
  readonly cuts?: readonly Cut[]
}

/** What went wrong, by kind: nothing, if all holds. */
export type Flooded = {
  readonly requests: number
  readonly jobs: number
  readonly lost: readonly string[]
  readonly twice: readonly string[]
  /** Files that were asked for again though they were whole. */
  readonly refetched: readonly string[]
  readonly tree: readonly string[]
  readonly left: readonly string[]
  /** Requests that nobody made. */
  readonly alsoThere: number
}

export async function flood(t: TestContext, { requests, kills, patience, cuts = [] }: FloodOptions): Promise<Flooded> {
  const index = await startIndex()
  t.after(() => index.close())
  const projects = Math.ceil(requests * 0.6)
  const shared = Array.from({ length: 10 }, (_, at) => makeWheel({ name: `shared${at}`, version: '1.0' }))
  const own = Array.from({ length: projects }, (_, at) =>
    makeWheel({ name: `flood${at}`, version: '1.0', requires: [`shared${at % 10}`, `shared${(at * 7) % 10}`] }),
  )
  for (const wheel of [...shared, ...own]) index.add(wheel)
  // nothing is answered before everything is asked: so identical ones meet
  const asked = Promise.withResolvers<void>()
  index.pages.otherwise((req, res) => void asked.promise.then(() => index.answer(req, res)))
  const airlock = await startAirlock({
    index: index.url,
    ...(cuts.length > 0 && { preload: ['sabotage.ts'], env: sabotageOf(cuts) }),
  })
  t.after(() => airlock.close())

  const wanted = Array.from({ length: requests }, (_, at) => linesOf(at, projects))
  const taken = await inBatches(wanted, 50, (lines) => airlock.ask(...lines))
  asked.resolve()

  const all = [...shared, ...own]
  const fetches = (wheel: MadeWheel) =>
    index.files.asked(index.pathOf(wheel)).filter(({ method }) => method === 'GET').length
  const refetched: string[] = []
  /** What was whole when the server was killed, and how often it had been asked for by then. */
  let kept: readonly (readonly [MadeWheel, number])[] = []
  const judge = () => {
    for (const [wheel, before] of kept) if (fetches(wheel) > before) refetched.push(wheel.file)
  }
  for (let kill = 1; kill <= kills; kill++) {
    await untilEnded(airlock, taken, (requests * kill) / (kills + 1), patience)
    await airlock.kill()
    judge()
    kept = all.filter((wheel) => isWhole(airlock.root, wheel)).map((wheel) => [wheel, fetches(wheel)])
    await airlock.start()
  }
  await untilEnded(airlock, taken, requests, patience)
  judge()
  const most = 1 + kills
  for (const wheel of all) if (fetches(wheel) > most) refetched.push(wheel.file)

  const ended = await inBatches(taken, 50, ({ id }) => airlock.get(id))
  const lost = ended.filter(({ state }) => state !== 'ready').map(({ id, state }) => `${id}: ${state}`)
  return {
    requests: new Set(taken.map(({ id }) => id)).size,
    jobs: new Set(ended.map(({ job }) => job)).size,
    lost,
    twice: ended.filter((request) => timesReady(request) !== 1).map(({ id }) => `${id}`),
    refetched,
    tree: (await checkTree(airlock.root)).faults,
    left: (await readdir(join(airlock.root, '.incoming'), { recursive: true })).filter((name) => name.endsWith('.whl')),
    alsoThere: (await numbers(airlock)) - requests,
  }
}

/** The request's lines: one project, one that the request before asks for too, or several. */
function linesOf(at: number, projects: number): string[] {
  const [ten, one] = [Math.floor(at / 10), at % 10]
  const project = (offset: number) => `flood${(ten * 6 + offset) % projects}`
  if (one < 6) return [project(one)]
  if (one < 8) return ['# once more', `  ${project(one - 6).toUpperCase()} >= 0`.replace(' >= 0', '')]
  return [project(one - 8), project(one - 6), project(one - 3)]
}

/** Distinct sets of roots, which is what jobs there must be where identical requests meet. */
export function distinctJobs(requests: number): number {
  const projects = Math.ceil(requests * 0.6)
  const texts = Array.from({ length: requests }, (_, at) =>
    linesOf(at, projects)
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.trim().toLowerCase())
      .toSorted()
      .join(),
  )
  return new Set(texts).size
}

async function inBatches<T, R>(items: readonly T[], size: number, one: (item: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (let at = 0; at < items.length; at += size) done.push(...(await Promise.all(items.slice(at, at + size).map(one))))
  return done
}

/** Waits for so many ends; returns early when none comes any more, as it is then the test's to say what is missing. */
async function untilEnded(airlock: Airlock, taken: readonly RequestView[], count: number, patience: number) {
  const open = new Set(taken.map(({ id }) => id))
  for (let last = Date.now(); taken.length - open.size < count && Date.now() - last < patience * 1000;) {
    // in the order of arrival: nobody need ask for the hundredth while the first is not ready
    const looked = await inBatches([...open].slice(0, 20), 20, (id) => airlock.get(id))
    const ended = looked.filter(hasEnded)
    for (const { id } of ended) open.delete(id)
    if (ended.length > 0) last = Date.now()
    else await sleep(20)
  }
}

function isWhole(root: string, { sha256, file }: MadeWheel): boolean {
  const paths = [incomingPath(sha256, file), poolPath('pip', sha256, file)]
  return paths.some((path) => statSync(join(root, path), { throwIfNoEntry: false }) !== undefined)
}

function timesReady({ timeline }: RequestDetail): number {
  return timeline.filter(({ state }) => state === 'ready').length
}

/** How many requests the server knows. */
async function numbers(airlock: Airlock): Promise<number> {
  let count = 0
  for (let next: string | null = ''; next !== null;) {
    const cursor: string = next === '' ? '' : `&cursor=${next}`
    const page: { requests: unknown[]; next: string | null } = await airlock.call(`/api/requests?limit=100${cursor}`)
    count += page.requests.length
    next = page.next
  }
  return count
}

export type FairOptions = {
  /** Closures that are asked for before the small one, and files in each. */
  readonly large: number
  readonly files: number
  /** Milliseconds that upstream takes for a file. */
  readonly pace?: number
  readonly cuts?: readonly Cut[]
}

/** A request for one small file after so many for many: how many of those were ready when it was. */
export async function beFair(t: TestContext, { large, files, pace = 100, cuts = [] }: FairOptions): Promise<number> {
  const index = await startIndex()
  t.after(() => index.close())
  for (let at = 0; at < large; at++) {
    const parts = Array.from({ length: files }, (_, part) => `large${at}-${part}`)
    for (const name of parts) index.add(makeWheel({ name, version: '1.0' }))
    index.add(makeWheel({ name: `large${at}`, version: '1.0', requires: parts }))
  }
  index.add(makeWheel({ name: 'small', version: '1.0' }))
  // upstream takes its time for each file, so that slots are what everybody waits for
  index.files.otherwise((req, res) => {
    const isFile = req.url!.startsWith('/files/') && !req.url!.endsWith('.metadata')
    setTimeout(() => index.answer(req, res), isFile ? pace : 0)
  })
  const airlock = await startAirlock({
    index: index.url,
    config: { download: { overlap: 0, perHost: 2 } },
    ...(cuts.length > 0 && { preload: ['sabotage.ts'], env: sabotageOf(cuts) }),
  })
  t.after(() => airlock.close())
  const before: RequestView[] = []
  for (let at = 0; at < large; at++) before.push(await airlock.ask(`large${at}`))
  for (const { id } of before) await airlock.wait(id, ({ state }) => state === 'downloading')
  await airlock.ready((await airlock.ask('small')).id)
  const then = await Promise.all(before.map(({ id }) => airlock.get(id)))
  return then.filter(hasEnded).length
}
