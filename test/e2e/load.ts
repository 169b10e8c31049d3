/**
 * The mirror under load beside jobs: pods read and download while requests are fulfilled, one after the other. Now and
 * then the pods are halted in the midst for a job alone, so that both kinds of jobs are timed in the same minutes.
 */
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { poolPath, urlPath } from '../../storage/layout.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { startSwarm, type Seen, type SwarmPage } from '../support/swarm.ts'
import { makeWheel } from '../support/wheels.ts'

export type LoadOptions = {
  /** Of load; the jobs alone come on top. */
  readonly seconds: number
  readonly readers?: number
  readonly downloads?: number
  /** Between jobs, in ms. */
  readonly pause?: number
  /** So many jobs beside the load for each alone. */
  readonly each?: number
  /** Whether jobs run. */
  readonly jobs?: boolean
  /** The mirror and the pods on one core, the server and its solvers on the other; `same`: all on one. */
  readonly cores?: 'apart' | 'same'
  /** Modules of test/support that are loaded into the mirror too. */
  readonly preload?: readonly string[]
}

export type Loaded = {
  readonly seen: Seen
  /** MB, of the mirror's process. */
  readonly peak: number
  /** Descriptors of the mirror that are open afterwards and were not before. */
  readonly left: readonly string[]
  /** ms from the question to ready. */
  readonly alone: readonly number[]
  readonly beside: readonly number[]
}

const fileSize = 16 * 2 ** 20
const json = 'application/vnd.pypi.simple.v1+json'

export async function load(t: TestContext, options: LoadOptions): Promise<Loaded> {
  const { seconds, readers = 192, downloads = 64, pause = 0, each = 4, jobs = true, preload = [] } = options
  const index = await startIndex()
  t.after(() => index.close())
  const airlock = await startAirlock({ index: index.url, preload, config: { download: { confirmAbove: 2 ** 40 } } })
  t.after(() => airlock.close())
  const mirror = await mirrorOf(airlock.pid())
  const cores = options.cores === undefined ? undefined : await coresFor(options.cores)
  if (cores !== undefined) {
    for (const pid of [process.pid, airlock.pid()]) await pin(pid, cores.jobs)
    await pin(mirror, cores.mirror)
  }
  const { files, pages } = await furnish(airlock, index)
  let made = 0
  const job = async () => {
    const name = `job${made++}`
    const own = Array.from({ length: 6 }, (_, at) =>
      makeWheel({
        name: at === 0 ? name : `${name}-part${at}`,
        version: '1.0',
        requires: at === 0 ? [1, 2, 3, 4, 5].map((part) => `${name}-part${part}`) : [],
        files: { [`${name}/data`]: randomBytes(100_000) },
      }),
    )
    for (const wheel of own) index.add(wheel)
    return timeOf(airlock, name)
  }
  if (jobs) await job()

  const before = new Set(await descriptorsOf(mirror))
  const swarm = await startSwarm({
    port: Number(new URL(airlock.mirrorUrl).port),
    readers,
    downloads,
    pages,
    files,
    core: cores?.mirror,
  })
  const alone: number[] = []
  const beside: number[] = []
  for (let under = 0; under < seconds * 1000;) {
    const from = performance.now()
    if (jobs) beside.push(await job())
    await sleep(jobs ? pause : 100)
    under += performance.now() - from
    if (!jobs || each * alone.length >= beside.length) continue
    swarm.pause()
    // what is under way in the kernel and in the mirror comes to rest
    await sleep(100)
    alone.push(await job())
    swarm.go()
  }
  const seen = await swarm.stop()
  return { seen, alone, beside, peak: await peakOf(mirror), left: await untilClosed(mirror, before) }
}

/** What there is to read: large wheels, small projects, a page of 3,000 files, a miss. All but that page is published. */
async function furnish(airlock: Airlock, index: TestIndex) {
  const files = await Promise.all(
    Array.from({ length: 4 }, async (_, at) => {
      const wheel = makeWheel({
        name: `large${at}`,
        version: '1.0',
        method: 'stored',
        files: { data: randomBytes(fileSize) },
      })
      index.add(wheel)
      const same = join(airlock.folder, wheel.file)
      await writeFile(same, wheel.bytes)
      return { path: `/${urlPath(poolPath('pip', wheel.sha256, wheel.file))}`, same }
    }),
  )
  await airlock.ready((await airlock.ask('large0', 'large1', 'large2', 'large3')).id)
  const crowd = join(airlock.root, 'pip/simple/crowd')
  await mkdir(crowd)
  const many = Array.from({ length: 3000 }, (_, at) => ({
    filename: `crowd-1.${at}-py3-none-any.whl`,
    url: files[0]!.path,
  }))
  await writeFile(join(crowd, 'index.json'), JSON.stringify({ name: 'crowd', files: many }))
  const page = (path: string, headers: Readonly<Record<string, string>> = {}, status = 200): SwarmPage => ({
    path,
    headers,
    status,
  })
  const pages: readonly SwarmPage[] = [
    page('/pip/simple/large0/', { accept: json, 'accept-encoding': 'gzip' }),
    page('/pip/simple/crowd/', { accept: json, 'accept-encoding': 'gzip' }),
    page('/pip/simple/large1/', { accept: json }),
    page('/pip/simple/large2/'),
    page('/pip/simple/large0/', { accept: json, 'if-none-match': '*' }, 304),
    page('/pip/simple/none/', {}, 404),
    page(`${files[0]!.path}.metadata`),
    page('/'),
    { ...page('/pip/simple/', { accept: json }), changes: true },
    page('/homepod/setup.sh'),
  ]
  return { files, pages }
}

async function timeOf(airlock: Airlock, name: string): Promise<number> {
  const { timeline } = await airlock.ready((await airlock.ask(name)).id)
  const [first, last] = [timeline[0]!, timeline.at(-1)!]
  return Date.parse(last.at) - Date.parse(first.at)
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

async function mirrorOf(server: number): Promise<number> {
  const children = (await readFile(`/proc/${server}/task/${server}/children`, 'utf8')).trim().split(' ')
  for (const pid of children) {
    const line = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    if (line.includes('mirror')) return Number(pid)
  }
  throw new Error('the server has no mirror')
}

/** The most that a process has held, in MB. */
async function peakOf(pid: number): Promise<number> {
  return Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]) / 1000
}

async function descriptorsOf(pid: number): Promise<string[]> {
  const names = await readdir(`/proc/${pid}/fd`)
  return Promise.all(names.map(async (fd) => `${fd} ${await readlink(`/proc/${pid}/fd/${fd}`).catch(() => 'closed')}`))
}

/** What stays open: sockets whose end has arrived are closed within a moment. */
async function untilClosed(pid: number, before: ReadonlySet<string>): Promise<string[]> {
  for (const until = Date.now() + 10_000; ; await sleep(20)) {
    const left = (await descriptorsOf(pid)).filter((one) => !before.has(one) && !one.endsWith(' closed'))
    if (left.length === 0 || Date.now() > until) return left
  }
}

/** Two cores that this process may use. */
async function coresFor(kind: 'apart' | 'same'): Promise<{ jobs: string; mirror: string } | undefined> {
  const list = /Cpus_allowed_list:\s+(\S+)/.exec(await readFile('/proc/self/status', 'utf8'))![1]!
  const all = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, at) => String(first + at))
  })
  if (all.length < 2) return undefined
  return { jobs: all[0]!, mirror: kind === 'same' ? all[0]! : all[1]! }
}

async function pin(pid: number, core: string): Promise<void> {
  await promisify(execFile)('taskset', ['-acp', core, String(pid)])
}
