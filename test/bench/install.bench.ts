/**
 * jupyterlab and all it needs, installed in a clean venv: from the mirror, and with `--find-links` from a folder of the
 * same wheels on the local disk. By pip, and by uv, in turns. The closure is asked for once, from the upstream that this
 * machine's pip uses; nothing that is timed goes there.
 *
 *   npm run bench:install [-- --rounds 3 --ask jupyterlab]
 *
 * Prints what each took by the clock and of the processor, and as its last line {"name":"install","ratios":{…},"goals":{…}}.
 */
import { execFile } from 'node:child_process'
import { copyFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { globSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { startAirlock } from '../support/airlock.ts'
import { hostPython, releasesIn, uv } from '../support/clients.ts'

const run = promisify(execFile)

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, ask: { type: 'string', default: 'jupyterlab' } },
})
const rounds = Number(values.rounds)
const asked = values.ask

/** Seconds: by the clock, and of the processors, the client's children included. */
type Took = { readonly wall: number; readonly cpu: number }
type Source = 'mirror' | 'folder'

const folder = await mkdtemp(join(tmpdir(), 'airlock-bench-'))
const env = { PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8', PIP_CONFIG_FILE: '/dev/null', NO_PROXY: '*' }
const clean = join(folder, 'clean')
const venv = join(folder, 'venv')
const wheels = join(folder, 'wheels')
const airlock = await startAirlock({ live: true })
try {
  const { id } = await airlock.ask(asked)
  const request = await airlock.wait(id, undefined, 300_000)
  if (request.state !== 'ready') throw new Error(JSON.stringify(request.problem))
  await mkdir(wheels)
  for (const path of globSync(`${airlock.root}/pip/pool/*/*/*.whl`)) await copyFile(path, join(wheels, basename(path)))
  await run(hostPython().path, ['-m', 'venv', venv], { env })
  await cp(venv, clean, { recursive: true, verbatimSymlinks: true })

  const from: Record<Source, readonly string[]> = {
    mirror: ['--index-url', airlock.indexUrl],
    folder: ['--no-index', '--find-links', wheels],
  }
  const python = join(venv, 'bin/python')
  const clients = {
    pip: [python, '-m', 'pip', 'install', '--quiet', '--no-cache-dir', '--disable-pip-version-check'],
    uv: [uv, 'pip', 'install', '--quiet', '--no-config', '--no-cache', '--python', python],
  }
  const ratios: Record<string, number> = {}
  for (const [client, line] of Object.entries(clients)) {
    const took: Record<Source, Took[]> = { mirror: [], folder: [] }
    // the first round warms up the mirror and the kernel's cache
    for (let round = 0; round <= rounds; round++)
      for (const source of ['mirror', 'folder'] as const) {
        const one = await install([...line, ...from[source], asked])
        if (round > 0) took[source].push(one)
      }
    for (const what of ['wall', 'cpu'] as const) {
      const [mirror, local] = (['mirror', 'folder'] as const).map((source) =>
        median(took[source].map((one) => one[what])),
      ) as [number, number]
      ratios[what === 'wall' ? client : `${client}, CPU`] = Math.round((mirror / local) * 100) / 100
      console.log(
        `${client.padEnd(3)} ${what.padEnd(4)} mirror ${mirror.toFixed(2)} s  find-links ${local.toFixed(2)} s`,
      )
    }
  }
  console.log(JSON.stringify({ name: 'install', ratios, goals: { pip: { max: 1.1 } } }))
} finally {
  await airlock.close()
  await rm(folder, { recursive: true, force: true })
}

/** Into the venv as it was when it was made. Throws where fewer releases are there afterwards than wheels were offered. */
async function install(line: readonly string[]): Promise<Took> {
  await rm(venv, { recursive: true, force: true })
  await cp(clean, venv, { recursive: true, verbatimSymlinks: true })
  const begun = performance.now()
  const { stdout } = await run('sh', ['-c', '"$@" && times', 'sh', ...line], { env, maxBuffer: 1 << 24 })
  const wall = (performance.now() - begun) / 1000
  const [packages] = globSync(`${venv}/lib/python3*/site-packages`)
  const there = Object.keys(await releasesIn(packages!)).filter((name) => name !== 'pip' && name !== 'setuptools')
  const offered = new Set(globSync(`${wheels}/*.whl`).map((path) => nameOf(path)))
  offered.delete('setuptools')
  if (there.length !== offered.size) throw new Error(`${there.length} installed of ${offered.size}`)
  return { wall, cpu: cpuOf(stdout) }
}

function nameOf(path: string): string {
  return basename(path)
    .split('-', 1)[0]!
    .replaceAll(/[-_.]+/g, '-')
    .toLowerCase()
}

/** POSIX `times`: user and system time of the shell, then of its children, as `1m2.5s 0m0.3s`. */
function cpuOf(said: string): number {
  const [user, system] = said
    .trim()
    .split('\n')
    .at(-1)!
    .split(' ')
    .map((part) => {
      const [minutes, seconds] = part.slice(0, -1).split('m')
      return Number(minutes) * 60 + Number(seconds)
    }) as [number, number]
  return user + system
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1]!
}
