/**
 * From request to ready, cold, against `pip download` and against the least that could be: uv's own solve straight
 * upstream, then a plain parallel fetch of the same files. And the same request again with `refresh`. Each of them starts
 * from nothing and goes to the upstream that this machine's pip uses; they take turns, so that a slow minute hits all. All of
 * it as near as upstream is, and all of it with upstream 30 ms farther away. Told beside, as a part of the same least: what
 * uv's solve takes of it, and what uv and a bare relay take from the solve's begin until every file is here.
 *
 *   npm run bench:closure [-- ROUNDS [CLOSURE]]
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import PQueue from 'p-queue'
import { runChild } from '../../server/child.ts'
import { askInterpreter, type Interpreter } from '../../server/pip/interpreter.ts'
import { readPylock, type LockedFile } from '../../server/pip/lock.ts'
import { bestWheel } from '../../server/pip/tags.ts'
import { uvPlatform } from '../../server/pip/target.ts'
import { startAirlock } from '../support/airlock.ts'
import { startFar } from './far.ts'
import { createFetching, type Fetching } from './fetching.ts'
import { startRelay } from './relay.ts'

const run = promisify(execFile)
const project = fileURLToPath(new URL('../..', import.meta.url))
const uv = join(project, '.tools/uv/bin/uv')

const closures = {
  jupyterlab: ['jupyterlab'],
  fastapi: ['fastapi[standard]'],
  science: ['pandas', 'matplotlib', 'scikit-learn'],
  gradio: ['gradio'],
} as const

const rounds = Number(process.argv[2] ?? 3)
const only = process.argv[3]
/** ms that a round trip takes longer. */
const distance = 30
const interpreter = await askInterpreter({
  run: runChild,
  env: process.env,
  given: null,
  project,
  signal: AbortSignal.timeout(60_000),
})

type Times = { airlock: number; refresh: number; pip: number; plain: number; solve: number; relay: number }
type Env = Readonly<Record<string, string>>
const ratios: Record<string, number> = {}

await measure('', {})
const far = await startFar(distance)
try {
  // NO_PROXY keeps uv's questions to the server's own gateway on this machine
  await measure('far ', { HTTPS_PROXY: far.url, https_proxy: far.url, NO_PROXY: '127.0.0.1' })
} finally {
  far.close()
}

process.stdout.write(
  '\nratios, smaller is better: airlock to pip download, airlock to uv and a plain fetch, refresh to the first time, and of uv and a plain fetch: its solve, a bare relay\n',
)
for (const [key, ratio] of Object.entries(ratios)) process.stdout.write(`  ${key.padEnd(24)} ${ratio.toFixed(2)}\n`)
const goals = Object.fromEntries(
  Object.entries({ pip: 0.5, plain: 0.8, refresh: 0.3 }).flatMap(([key, max]) => [
    [key, { max }],
    [`far ${key}`, { max }],
  ]),
)
process.stdout.write(`${JSON.stringify({ name: 'closure', ratios, goals })}\n`)

/** Every closure, with these variables around it: the ratios of each, and the medians of all. */
async function measure(where: string, env: Env): Promise<void> {
  const all: Record<string, number[]> = { pip: [], plain: [], refresh: [], solve: [], relay: [] }
  for (const [name, requirements] of Object.entries(closures)) {
    if (only !== undefined && name !== only) continue
    const times: Times[] = []
    for (let round = 0; round < rounds; round++) {
      const mirrored = await viaAirlock(requirements, env)
      let solve = 0
      const one = {
        ...mirrored,
        pip: await timed((folder) => viaPip(requirements, folder, env)),
        plain: await timed(async (folder) => {
          solve = await viaPlainFetch(requirements, folder, env)
        }),
        relay: await timed((folder) => viaRelay(requirements, folder, env)),
      }
      times.push({ ...one, solve })
      process.stdout.write(
        `${where}${name.padEnd(12)} airlock ${seconds(one.airlock)}  refresh ${seconds(one.refresh)}  pip download ${seconds(one.pip)}  uv and a plain fetch ${seconds(one.plain)} (the solve ${seconds(solve)})  a bare relay ${seconds(one.relay)}\n`,
      )
    }
    const middle = (ratio: (one: Times) => number) => median(times.map(ratio))
    for (const [key, ratio] of Object.entries({
      pip: middle((one) => one.airlock / one.pip),
      plain: middle((one) => one.airlock / one.plain),
      refresh: middle((one) => one.refresh / one.airlock),
      solve: middle((one) => one.solve / one.plain),
      relay: middle((one) => one.relay / one.plain),
    })) {
      ratios[`${where}${name} ${key}`] = round2(ratio)
      all[key]!.push(ratio)
    }
  }
  for (const [key, values] of Object.entries(all)) ratios[`${where}${key}`] = round2(median(values))
}

/** Asked at the API and waited for as the page does, by events; then once more with `refresh`. Seconds. */
async function viaAirlock(requirements: readonly string[], env: Env): Promise<{ airlock: number; refresh: number }> {
  const airlock = await startAirlock({ live: true, env })
  try {
    const ask = async (refresh: boolean) => {
      const begun = performance.now()
      const answer = await fetch(`${airlock.consoleUrl}/api/requests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ecosystem: 'pip', requirements, refresh }),
      })
      const { requests } = (await answer.json()) as { requests: { id: number }[] }
      const events = await fetch(`${airlock.consoleUrl}/api/requests/${requests[0]!.id}/events`)
      let told = ''
      for await (const text of events.body!.pipeThrough(new TextDecoderStream())) {
        told += text
        if (told.includes('"state":"ready"')) return (performance.now() - begun) / 1000
        if (told.includes('"state":"failed"')) throw new Error(told)
      }
      throw new Error(`the events ended: ${told}`)
    }
    return { airlock: await ask(false), refresh: await ask(true) }
  } finally {
    await airlock.close()
  }
}

async function viaPip(requirements: readonly string[], folder: string, env: Env): Promise<void> {
  const args = [
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-cache-dir',
    '--only-binary=:all:',
    '--dest',
    folder,
    ...requirements,
  ]
  await run(interpreter.executable, args, { env: { ...process.env, PIP_FIND_LINKS: '', ...env } })
}

/** Returns the seconds of the solve. */
async function viaPlainFetch(requirements: readonly string[], folder: string, env: Env): Promise<number> {
  return withFetching(env, async (fetching) => {
    const begun = performance.now()
    const wheels = await solved(requirements, interpreter.index.url!, folder, env)
    const solve = (performance.now() - begun) / 1000
    await eachOf(wheels, ({ url, file, sha256 }) => fetching.file(url, join(folder, file), sha256))
    return solve
  })
}

async function viaRelay(requirements: readonly string[], folder: string, env: Env): Promise<void> {
  await withFetching(env, async (fetching) => {
    const relay = await startRelay(interpreter.index.url!, folder, fetching)
    try {
      const wheels = await solved(requirements, relay.url, folder, env)
      await eachOf(wheels, ({ url }) => relay.fetch(url))
    } finally {
      relay.close()
    }
  })
}

async function withFetching<T>(env: Env, work: (fetching: Fetching) => Promise<T>): Promise<T> {
  const fetching = createFetching(env)
  try {
    return await work(fetching)
  } finally {
    fetching.close()
  }
}

async function eachOf(wheels: readonly LockedFile[], work: (wheel: LockedFile) => Promise<void>): Promise<void> {
  await new PQueue({ concurrency: 8 }).addAll(wheels.map((wheel) => () => work(wheel)))
}

/** What uv makes of the requirements: the one wheel of each release that the machine's pip would take. */
async function solved(
  requirements: readonly string[],
  index: string,
  folder: string,
  env: Env,
): Promise<readonly LockedFile[]> {
  const input = join(folder, 'requirements.in')
  const output = join(folder, 'pylock.toml')
  await writeFile(input, requirements.join('\n'))
  const options = [
    '--format',
    'pylock.toml',
    '--output-file',
    output,
    '--cache-dir',
    join(folder, 'cache'),
    '--python',
    interpreter.executable,
  ]
  const target = [
    '--python-version',
    interpreter.version,
    '--python-platform',
    uvPlatform(interpreter),
    '--default-index',
    index,
  ]
  await run(
    uv,
    ['pip', 'compile', '--quiet', '--no-config', '--no-build', '--system-certs', ...options, ...target, input],
    { env: { ...process.env, ...env } },
  )
  return readPylock(await readFile(output, 'utf8')).map(({ wheels }) => bestWheel(wheels, tagsOf(interpreter))!)
}

function tagsOf({ tags }: Interpreter): readonly string[] {
  if (!tags) throw new Error('this pip does not tell its tags')
  return tags
}

/** Seconds that `work` takes in an empty folder, which is gone afterwards. */
async function timed(work: (folder: string) => Promise<void>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-bench-'))
  await mkdir(folder, { recursive: true })
  try {
    const begun = performance.now()
    await work(folder)
    return (performance.now() - begun) / 1000
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function round2(value: number): number {
  return Math.round(value * 100) / 100
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`
}
