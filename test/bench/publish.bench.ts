/**
 * What a large state costs: one publication at 1,000, 10,000 and 100,000 artifacts, a start at 100,000 and at none, one
 * more package in an apt repository of 5,000 (repository.bench.ts, beside apt-ftparchive). The servers are real, of their
 * own, and all run at once; they take turns, so that a slow minute hits all of them.
 *
 *   npm run bench:publish [-- --rounds 15 --starts 7 --sizes 1000,10000,100000]
 *
 * Folders lie in memory (/dev/shm) where it has 4 GB: half a million small files, and a disk whose syncs would only hide
 * what differs. Not compared: the background look at the pool is off, since it reads all the time at any size.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex } from '../support/index.ts'
import { grow, nameOf, wheelOf } from './grown.ts'
import { startMirror } from './servers.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    starts: { type: 'string', default: '7' },
    sizes: { type: 'string', default: '1000,10000,100000' },
  },
})
const rounds = Number(values.rounds)
const starts = Number(values.starts)
const sizes = values.sizes.split(',').map(Number)
const [least, most] = [sizes[0]!, sizes.at(-1)!]

const disk = { ...process.env }
const memory = '/dev/shm'
const room = existsSync(memory) ? statfsSync(memory) : null
if (room && room.bavail * room.bsize > 4e9) process.env['TMPDIR'] = memory

type Grown = { readonly size: number; readonly airlock: Airlock }
/** Of one publication: ms from the question to the end, ms from the proof on, ms of the server's processors. */
type Times = { readonly job: number; readonly publish: number; readonly cpu: number }

const index = await startIndex()
const all: Grown[] = []
const ratios: Record<string, number> = {}

try {
  for (const size of [0, ...sizes]) {
    const airlock = await startAirlock({ index: index.url, config: { verify: { rate: 0 } } })
    all.push({ size, airlock })
    await airlock.stop()
    const begun = performance.now()
    await grow({ root: airlock.root, state: airlock.state, upstream: index.url }, size)
    if (size > 0) console.log(`${size} artifacts made in ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  }
  const [empty, ...grown] = all as [Grown, ...Grown[]]
  await compareStarts(empty, grown.at(-1)!)
  for (const { airlock } of grown) await airlock.start()
  await comparePublications(grown)
} finally {
  for (const { airlock } of all) await airlock.close().catch((error: unknown) => console.error(error))
  await index.close()
}

const repository = fileURLToPath(new URL('repository.bench.ts', import.meta.url))
const { stdout } = await promisify(execFile)(process.execPath, [repository], { env: disk })
process.stdout.write(stdout)
const apt = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
  ratios: Record<string, number>
  goals: Record<string, object>
}

const goals = {
  known: { max: 1.3 },
  'known, whole job': { max: 1.3 },
  'start, mirror alone': { max: 1.5 },
  'start, serve': { max: 1.5 },
  ...apt.goals,
}
console.log(JSON.stringify({ name: 'publish', ratios: { ...ratios, ...apt.ratios }, goals }))

/** A new version of a project that is known, and a project that is new, at each size in turn. */
async function comparePublications(grown: readonly Grown[]): Promise<void> {
  const found = { known: new Map<number, Times[]>(), new: new Map<number, Times[]>() }
  // the first rounds warm up the servers, the solver and the compiler
  for (let round = -2; round < rounds; round++) {
    const [known, fresh] = [100 + round, most + 100 + round]
    for (const wheel of [wheelOf(known), wheelOf(known, '2.0'), wheelOf(fresh)]) index.add(wheel)
    for (const { size, airlock } of grown) {
      const times = {
        known: await publish(airlock, `${nameOf(known)}==2.0`),
        new: await publish(airlock, nameOf(fresh)),
      }
      if (round < 0) continue
      for (const kind of ['known', 'new'] as const)
        found[kind].set(size, [...(found[kind].get(size) ?? []), times[kind]])
    }
  }
  for (const kind of ['known', 'new'] as const) {
    const middle = (size: number, what: keyof Times) => median(found[kind].get(size)!.map((times) => times[what]))
    for (const size of sizes) {
      const [job, published, cpu] = (['job', 'publish', 'cpu'] as const).map((what) => middle(size, what).toFixed(0))
      console.log(
        `${kind} project at ${size}: job ${job} ms, from the proof on ${published} ms, server's CPU ${cpu} ms`,
      )
    }
    const ratio = (what: keyof Times) => round2(middle(most, what) / middle(least, what))
    ratios[kind] = ratio('publish')
    ratios[`${kind}, whole job`] = ratio('job')
    ratios[`${kind}, CPU`] = ratio('cpu')
  }
}

async function publish(airlock: Airlock, requirement: string): Promise<Times> {
  const cpu = cpuOf(airlock.pid())
  const begun = performance.now()
  const { id } = await airlock.ask(requirement)
  const { timeline } = await airlock.ready(id)
  const at = (state: string) => Date.parse(timeline.find((entry) => entry.state === state)!.at)
  const job = performance.now() - begun
  return { job, publish: at('ready') - at('proving'), cpu: cpuOf(airlock.pid()) - cpu }
}

/** From the start of the process to the first byte of a page: the mirror alone, and as the server's child; and until the server says that it runs. */
async function compareStarts(empty: Grown, grown: Grown): Promise<void> {
  const pages = new Map([
    [empty, '/pip/simple/'],
    [grown, `/pip/simple/${nameOf(grown.size >> 1)}/`],
  ])
  const found = {
    'mirror alone': new Map<Grown, number[]>(),
    serve: new Map<Grown, number[]>(),
    greeting: new Map<Grown, number[]>(),
  }
  const note = (what: keyof typeof found, one: Grown, ms: number) =>
    found[what].set(one, [...(found[what].get(one) ?? []), ms])
  for (let start = -1; start < starts; start++) {
    for (const [one, page] of pages) {
      const { airlock } = one
      let begun = performance.now()
      const mirror = await startMirror(airlock.root, '0-1')
      await firstByte(mirror.port, page)
      const alone = performance.now() - begun
      await mirror.stop()

      begun = performance.now()
      const answered = firstByte(Number(new URL(airlock.mirrorUrl).port), page).then(() => performance.now() - begun)
      await airlock.start()
      const greeting = performance.now() - begun
      const serve = await answered
      await airlock.stop()
      if (start < 0) continue
      note('mirror alone', one, alone)
      note('serve', one, serve)
      note('greeting', one, greeting)
    }
  }
  for (const [what, times] of Object.entries(found)) {
    const [few, many] = [median(times.get(empty)!), median(times.get(grown)!)]
    console.log(
      `start to ${what === 'greeting' ? 'greeting' : `first byte, ${what}`}: ${few.toFixed(0)} ms empty, ${many.toFixed(0)} ms at ${grown.size}`,
    )
    ratios[`start, ${what}`] = round2(many / few)
  }
}

/** Resolves with the first byte of an answer 200, as soon as somebody listens. */
async function firstByte(port: number, path: string): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      const [bytes] = (await once(socket, 'data')) as [Buffer]
      if (!bytes.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(`${path}: ${bytes.toString('latin1')}`)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error
      await sleep(2)
    } finally {
      socket.destroy()
    }
  }
}

/** ms that a process and its threads have run, its children's apart. */
function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const ran = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]),
  )
  return ran.reduce((sum, ns) => sum + ns, 0) / 1e6
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1]!
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}
