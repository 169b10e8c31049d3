/** What a running Airlock says of itself, and what is watched for: rules by promtool, and no name that nobody gives. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePorts, livingIn, startAirlock, type Airlock } from '../support/airlock.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

const run = promisify(execFile)
const project = fileURLToPath(new URL('../..', import.meta.url))
const promtool = join(project, '.tools/promtool')
const rules = join(project, 'deploy/prometheus-rules.yml')

let index: TestIndex
let airlock: Airlock
let apart: string
const wheel = makeWheel({ name: 'widget', version: '1.0', files: { 'widget/data': Buffer.alloc(5000, 'x') } })

before(async () => {
  index = await startIndex()
  index.add(wheel)
  const [port] = await freePorts(1)
  apart = `http://127.0.0.1:${port}`
  airlock = await startAirlock({ index: index.url, env: { AIRLOCK_METRICS_LISTEN: `127.0.0.1:${port}` } })
})
after(async () => {
  await airlock?.close()
  await index?.close()
})

/** Every sample, by its name and labels as they are written. */
async function scrape(base = airlock.consoleUrl): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${base}/metrics`)
  assert.equal(answer.status, 200)
  assert.match(answer.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/)
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
}

/** Scrapes until it is so: what the mirror counts arrives a little later. */
async function until(holds: (samples: ReadonlyMap<string, number>) => boolean): Promise<ReadonlyMap<string, number>> {
  for (const end = Date.now() + 60_000; ;) {
    const samples = await scrape()
    if (holds(samples)) return samples
    if (Date.now() > end) assert.fail([...samples].filter(([name]) => name.startsWith('airlock')).join('\n'))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test('requests, their durations, what was fetched and what pods read are counted', async () => {
  assert.equal((await scrape()).get('airlock_fetched_bytes_total'), 0)
  await airlock.ready((await airlock.ask('widget')).id)
  const { id } = await airlock.ask('not-there')
  await airlock.wait(id)
  await (await fetch(`${airlock.indexUrl}widget/`)).text()
  await (await fetch(`${airlock.indexUrl}nothing/`)).text()
  const samples = await until((now) => now.get('airlock_mirror_requests_total{status="404"}') === 1)
  const at = (name: string) => samples.get(name)
  assert.equal(at('airlock_requests{ecosystem="pip",state="ready"}'), 1)
  assert.equal(at('airlock_requests{ecosystem="pip",state="failed"}'), 1)
  assert.equal(at('airlock_queue_jobs'), 0)
  assert.equal(at('airlock_fetched_bytes_total'), wheel.bytes.length)
  assert.equal(at('airlock_job_duration_seconds_count{ecosystem="pip",outcome="ready"}'), 1)
  assert.equal(at('airlock_job_duration_seconds_count{ecosystem="pip",outcome="failed"}'), 1)
  assert.equal(at('airlock_state_duration_seconds_count{ecosystem="pip",state="solving"}'), 2)
  assert.equal(at('airlock_request_ready_seconds_count{ecosystem="pip"}'), 1)
  assert.equal(at('airlock_mirror_requests_total{status="200"}'), 1)
  assert.ok(at('airlock_mirror_sent_bytes_total')! > 300)
  assert.ok(at('airlock_gateway_pages_total{source="upstream"}')! >= 2)
  assert.ok(at('airlock_disk_free_bytes{folder="root"}')! > 0)
})

test('a listener of its own tells the same and nothing else', async () => {
  const names = (samples: ReadonlyMap<string, number>) =>
    [...samples.keys()].filter((name) => name.startsWith('airlock_'))
  assert.deepEqual(names(await scrape(apart)).toSorted(), names(await scrape()).toSorted())
  for (const path of ['/', '/api/requests', '/healthz']) assert.equal((await fetch(`${apart}${path}`)).status, 404)
  assert.equal((await fetch(`${apart}/metrics`, { method: 'POST', body: 'x' })).status, 405)
  assert.match(airlock.log(), new RegExp(`metrics .*${apart}/metrics`))
})

test('a mirror that died and is back counts on', async () => {
  const before = (await scrape()).get('airlock_mirror_requests_total{status="200"}')!
  const mirror = (await livingIn(airlock.root)).find(({ line }) => line.endsWith(' mirror'))!
  process.kill(mirror.pid, 'SIGKILL')
  for (;;) {
    const answered = await fetch(`${airlock.indexUrl}widget/`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (answered) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await until((now) => now.get('airlock_mirror_requests_total{status="200"}')! >= before + 1)
})

test('promtool takes the alert rules, and each is raised by what it is for and by nothing else', async (t) => {
  await run(promtool, ['check', 'rules', rules])
  const cases = join(await temporaryFolder(t), 'rules.test.yml')
  const text = await readFile(new URL('rules.test.yml', import.meta.url), 'utf8')
  await writeFile(cases, text.replace('RULES', rules))
  await run(promtool, ['test', 'rules', cases]).catch((error: { stdout: string; stderr: string }) =>
    assert.fail(error.stdout + error.stderr),
  )
})

test('control: a rule that is never raised is seen', async (t) => {
  const folder = await temporaryFolder(t)
  const mute = join(folder, 'mute.yml')
  await writeFile(
    mute,
    (await readFile(rules, 'utf8')).replace('airlock_verify_damaged_files > 0', 'airlock_verify_damaged_files > 9'),
  )
  const cases = join(folder, 'rules.test.yml')
  await writeFile(cases, (await readFile(new URL('rules.test.yml', import.meta.url), 'utf8')).replace('RULES', mute))
  await assert.rejects(run(promtool, ['test', 'rules', cases]), /AirlockFilesDamaged/)
})

test('rules and dashboard ask for nothing that Airlock does not tell', async () => {
  const told = new Set([...(await scrape()).keys()].map((name) => name.replace(/\{.*/, '')))
  const dashboard = await readFile(join(project, 'deploy/grafana-dashboard.json'), 'utf8')
  for (const text of [await readFile(rules, 'utf8'), JSON.stringify(JSON.parse(dashboard))])
    for (const [name] of text.matchAll(/\b(?:airlock|nodejs|process)_[a-z0-9_]+\b/g)) assert.ok(told.has(name), name)
})
