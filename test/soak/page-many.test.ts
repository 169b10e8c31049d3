/** Ten thousand requests and fifty thousand packages: the board is there at once and nothing makes it stutter. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import Sqlite from 'better-sqlite3'
import type { Browser } from 'playwright-core'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { openPage, startBrowser, until } from '../page/browser.ts'

const requests = 10_000
const packages = 50_000

let index: TestIndex
let airlock: Airlock
let browser: Browser

before(async () => {
  index = await startIndex()
  airlock = await startAirlock({ index: index.url })
  await airlock.stop()
  seed(join(airlock.state, 'airlock.db'))
  await airlock.start()
  browser = await startBrowser()
})

after(async () => {
  await browser?.close()
  await airlock?.close()
  await index?.close()
})

/** Rows as requests that were made leave them. */
function seed(path: string): void {
  const db = new Sqlite(path)
  const at = (n: number) => new Date(1_760_000_000_000 + n * 60_000).toISOString()
  const job = db.prepare(
    `insert into jobs (id, ecosystem, target, roots, options, identity, state, created_at, started_at, finished_at, solved_at, problem)
     values (?, 'pip', 'default', ?, '{}', ?, ?, ?, ?, ?, ?, ?)`,
  )
  const request = db.prepare(
    `insert into requests (batch, ecosystem, target, asked, requester, note, created_at, job_id)
     values (?, 'pip', 'default', ?, ?, ?, ?, ?)`,
  )
  const artifact = db.prepare(
    `insert into artifacts (id, ecosystem, sha256, file, name, version, size, origin, url, uploaded_at, facts)
     values (?, 'pip', ?, ?, ?, '1.0', 1000, 'default', 'http://files.example/x', null, '{}')`,
  )
  const listing = db.prepare(
    `insert into listings (lane, file, name, artifact_id, added_at) values ('pip/simple', ?, ?, ?, ?)`,
  )
  const item = db.prepare(
    `insert into closure_items (job_id, position, artifact_id, is_root, is_new, needed_by) values (?, ?, ?, 1, 1, '[]')`,
  )
  db.transaction(() => {
    for (let n = 1; n <= packages; n++) {
      const name = `project-${n}`
      const file = `project_${n}-1.0-py3-none-any.whl`
      artifact.run(n, n.toString(16).padStart(64, '0'), file, name)
      listing.run(file, name, n, at(n % requests))
    }
    for (let n = 1; n <= requests; n++) {
      const roots = JSON.stringify([`project-${n}`])
      const failed = n % 7 === 0
      const problem = failed
        ? JSON.stringify({ code: 'package-not-found', message: '', hint: '', fields: { name: `p${n}`, near: '' } })
        : null
      job.run(n, roots, `identity-${n}`, failed ? 'failed' : 'ready', at(n), at(n), at(n), at(n), problem)
      request.run(`batch-${n}`, roots, `person-${n % 40}`, 'for a test', at(n), n)
      for (let position = 0; position < 5; position++) item.run(n, position, ((n * 5 + position) % packages) + 1)
    }
    db.prepare(`insert into lanes (lane, generation) values ('pip/simple', 1)`).run()
  })()
  db.close()
}

test('the rows are painted within a second, and scrolling and paging make no long task', async () => {
  // the first page of a browser pays for the browser
  await (await openPage(browser, airlock.consoleUrl)).context.close()
  const { page, context, problems } = await openPage(browser, airlock.consoleUrl)
  await page.waitForSelector('.board tbody tr:nth-child(100)')
  const painted = Number(await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0].startTime`))
  assert.ok(painted < 1000, `painted after ${painted} ms`)

  await page.evaluate(`
    window.long = []
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' })
  `)
  for (let n = 0; n < 40; n++) await page.mouse.wheel(0, 200)
  for (let n = 0; n < 40; n++) await page.mouse.wheel(0, -200)
  for (let turned = 0; turned < 5; turned++) {
    const first = await page.getAttribute('.board tbody tr', 'data-request')
    await page.click('.paging a >> nth=-1')
    await until(page, `document.querySelector('.board tbody tr').dataset.request !== '${first}'`)
  }
  const long = await page.evaluate<number[]>('window.long')
  assert.deepEqual(
    long.filter((ms) => ms > 100),
    [],
  )
  assert.deepEqual(problems, [])
  await context.close()
})

test('fifty thousand packages are searched and completed in the time of a key’s way down', async () => {
  await airlock.call('/api/names/pip?prefix=project-4')
  await airlock.call('/api/names/pip?prefix=project-4')
  for (const [path, within] of [
    ['/api/names/pip?prefix=project-49', 100],
    ['/api/packages/pip?text=project-499', 500],
    ['/api/requests?text=project-99&limit=100', 500],
    ['/api/requests?state=failed&limit=100', 500],
    ['/api/requests?requester=person-7&limit=100', 500],
  ] as const) {
    const begun = performance.now()
    await airlock.call(path)
    const took = performance.now() - begun
    assert.ok(took < within, `${path} took ${took} ms`)
  }
  const begun = performance.now()
  const { lines } = await airlock.call<{ lines: { near: string[] }[] }>('/api/requirements/check', {
    ecosystem: 'pip',
    requirements: ['projct-4711'],
  })
  assert.ok(lines[0]!.near.includes('project-4711'))
  assert.ok(performance.now() - begun < 500)
})

test('two hundred open streams cost the server less than 50 MB', async () => {
  const server = serverProcess()
  const before = residentBytes(server)
  const ends = new AbortController()
  const streams = await Promise.all(
    Array.from({ length: 200 }, () => fetch(`${airlock.consoleUrl}/api/events`, { signal: ends.signal })),
  )
  const readers = streams.map(({ body }) => body!.getReader())
  await Promise.all(readers.map((reader) => reader.read()))
  const { id } = await airlock.ask('nosuch')
  await airlock.problem(id)
  const told = await readers[199]!.read()
  assert.match(new TextDecoder().decode(told.value), /event: state/)
  const grown = residentBytes(server) - before
  ends.abort()
  assert.ok(grown < 50 << 20, `${grown} bytes`)
})

/** The server is a child of the test. */
function serverProcess(): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ')
  const server = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('server/main.ts'))
  assert.ok(server !== undefined)
  return Number(server)
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
}
