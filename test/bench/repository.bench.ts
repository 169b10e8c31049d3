/**
 * One package more in a repository of 5,000: what Airlock itself adds (staging, recording, publishing) beside
 * apt-ftparchive with a warm database over the same packages, in turns.
 *
 *   npm run bench:repository [-- ROUNDS]
 *
 * Ends with {"name":"repository","ratios":{"apt":…},"goals":{…}}, which bench:publish makes part of its own.
 * The repository is made by a first process and added to by a second one, whose memory is what counts.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createPublication } from '../../server/apt/publication.ts'
import { createDebs } from '../../server/apt/deb.ts'
import { toArtifact, type Package } from '../../server/apt/packages.ts'
import { openSigner } from '../../server/apt/sign.ts'
import { createStage } from '../../server/apt/stage.ts'
import type { AptTarget } from '../../server/apt/target.ts'
import { openChild } from '../../server/child.ts'
import { createAptState } from '../../storage/apt.ts'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createJobs } from '../../storage/jobs.ts'
import { incomingPath } from '../../storage/layout.ts'
import { createListings } from '../../storage/listings.ts'
import { createRequests } from '../../storage/requests.ts'
import { createTree } from '../../storage/tree.ts'
import { buildDeb } from '../support/deb.ts'

const run = promisify(execFile)
const rounds = Number(process.argv[2] ?? 5)
const count = 5000
const lane = 'apt/default'
const isSecond = process.argv[3] !== undefined
const folder = process.argv[3] ?? (await mkdtemp(join(tmpdir(), 'airlock-bench-')))
const root = join(folder, 'root')
const now = () => new Date()
const db = await openDatabase(join(folder, 'airlock.db'))
const events = createEvents(db)
const jobs = createJobs(db, events, now)
const requests = createRequests(db, events, now)
const listings = createListings(db)
const state = createAptState(db, now)
const tree = createTree(root)
const signer = await openSigner(join(folder, 'key.asc'), () => new Date(Date.now() - 86_400_000))
const debs = createDebs({ openChild })
const publications = createPublication({ state, listings, signer, architecturesOf: () => ['amd64'], now })
const stageRepository = createStage({
  state,
  signer,
  debs,
  prepare: publications.prepare,
  now,
  work: join(folder, 'work'),
  pathOf: ({ sha256, file }) => join(root, incomingPath(sha256, file)),
})
const target = { name: 'default', lane, architectures: ['amd64'] } as unknown as AptTarget
const plain = join(folder, 'plain')
await mkdir(join(plain, 'pool'), { recursive: true })

/** A package as downloaded, for us and for apt-ftparchive. */
async function make(index: number): Promise<Package> {
  const fields = { Homepage: `https://packages.example/${index}`, 'Installed-Size': '1234', Tag: 'x::y, '.repeat(20) }
  const depends = `libc6 (>= 2.36), package-${(index * 7) % count}, package-${(index * 13) % count}`
  const deb = await buildDeb({ name: `package-${index}`, depends, fields })
  const { name, version, architecture, control, bytes } = deb
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const file = `${name}_${version}_${architecture}.deb`
  const path = join(root, incomingPath(sha256, file))
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
  await writeFile(join(plain, 'pool', file), bytes)
  const stanza = `${control}Filename: pool/${file}\nSize: ${bytes.length}\nSHA256: ${sha256}`
  const url = `http://packages.example/pool/${file}`
  return {
    key: name,
    name,
    version,
    architecture,
    file,
    sha256,
    size: bytes.length,
    stanza,
    url,
    origin: 'packages.example',
  }
}

/** Everything between the solve and `ready`, but for apt's own proof. */
async function publish(packages: readonly Package[], added: readonly Package[]): Promise<number> {
  const roots = added.map(({ name }) => name)
  const asked = {
    ecosystem: 'apt',
    targets: ['default'],
    asked: roots,
    roots,
    options: {},
    requester: null,
    note: null,
  }
  const [request] = await requests.add(asked)
  const { job } = request!
  const items = added.map((item) => ({ artifact: toArtifact(item), isRoot: true, neededBy: [] }))
  const closure = { items, remarks: [] }
  await jobs.keepClosure(job, lane, closure)
  const solution = {
    generation: await listings.generation(lane),
    snapshot: 1,
    packages,
    roots: { image: roots, bare: null },
    held: new Map(),
    released: [],
    guests: [],
    remarks: [],
  }
  const wish = { roots, withdrawn: [], refresh: false, guests: [] }
  const began = performance.now()
  const stage = await stageRepository(job, target, closure, { solution, wish, signal: new AbortController().signal })
  const { artifacts, neededBy, remarks, dropped, record } = stage
  await jobs.intend(job, { lane, artifacts, neededBy, remarks, picked: {}, dropped, record })
  await stage.close()
  await tree.publish(await publications.publication(lane))
  return performance.now() - began
}

async function ftparchive(): Promise<number> {
  const began = performance.now()
  const packages = join(plain, 'Packages')
  const line = `apt-ftparchive --db ${join(folder, 'cache.db')} packages pool > Packages`
  await run('sh', ['-c', line], { cwd: plain })
  await run('gzip', ['-kf6', packages])
  await run('zstd', ['-qf3', packages])
  await run('sh', ['-c', 'apt-ftparchive release . > Release'], { cwd: plain })
  return performance.now() - began
}

const median = (figures: readonly number[]) => figures.toSorted((a, b) => a - b)[figures.length >> 1]!

/** What is published, as a solve would give it again. */
async function published(): Promise<Package[]> {
  return (await state.stanzas(lane)).map((stanza) => ({ ...stanza, key: stanza.name, url: '', origin: '' }))
}

async function prepare(): Promise<void> {
  const packages: Package[] = []
  for (let index = 0; index < count; index++) packages.push(await make(index))
  await publish(packages, packages)
  await ftparchive()
}

async function measure(): Promise<void> {
  const ours: number[] = []
  const theirs: number[] = []
  const packages = await published()
  for (let round = 0; round < rounds; round++) {
    const one = await make(count + round)
    packages.push(one)
    ours.push(await publish(packages, [one]))
    theirs.push(await ftparchive())
    process.stdout.write(
      `round ${round + 1}: ${ours.at(-1)!.toFixed(0)} ms, apt-ftparchive ${theirs.at(-1)!.toFixed(0)} ms\n`,
    )
  }
  const peak = process.resourceUsage().maxRSS / 1024
  process.stdout.write(
    `one more in ${count}: median ${median(ours).toFixed(0)} ms, apt-ftparchive with a warm database ${median(theirs).toFixed(0)} ms, ` +
      `peak ${peak.toFixed(0)} MB\n`,
  )
  const ratios = { apt: Math.round((median(ours) / median(theirs)) * 100) / 100 }
  process.stdout.write(`${JSON.stringify({ name: 'repository', ratios, goals: { apt: { max: 1 } } })}\n`)
}

try {
  await (isSecond ? measure() : prepare())
  await db.destroy()
  if (!isSecond) {
    const { stdout } = await run(process.execPath, [process.argv[1]!, String(rounds), folder])
    process.stdout.write(stdout)
  }
} finally {
  if (!isSecond) await rm(folder, { recursive: true, force: true })
}
