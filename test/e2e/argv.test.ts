/** Hostile words at the real server's door, in every operation that ends in a child: each is refused, and none is started. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { parseRoots } from '../../server/apt/names.ts'
import { parseRequirement } from '../../server/pip/requirement.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { describePod, pythonSections, system } from '../support/description.ts'
import { hostileWords } from '../support/hostile-words.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

let index: TestIndex
let airlock: Airlock
let folder: string
let children: string

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'numpy', version: '1.0' }))
  const apt = { architectures: ['amd64'], sources: 'deb http://127.0.0.1:9/debian stable main', status: 'none' }
  const pip = { python: '3.11.2', platform: 'x86_64-manylinux_2_36' }
  folder = await mkdtemp(join(tmpdir(), 'airlock-test-'))
  children = join(folder, 'children')
  airlock = await startAirlock({
    index: index.url,
    config: { targets: { default: { apt, pip } } },
    preload: ['spied-children.ts'],
    env: { CHILDREN: children },
  })
})

after(async () => {
  await airlock?.close()
  await index?.close()
  await rm(folder, { recursive: true, force: true })
})

const started = async () => (await readFile(children, 'utf8').catch(() => '')).split('\n').length

const isRefused = (read: () => unknown): boolean => {
  try {
    read()
    return false
  } catch {
    return true
  }
}

/** The statuses of the answers to each of the bodies, and how many children came of them. */
async function post(path: string, bodies: readonly unknown[]): Promise<{ statuses: number[]; children: number }> {
  const before = await started()
  const statuses = new Set<number>()
  for (let at = 0; at < bodies.length; at += 20) {
    const answers = bodies.slice(at, at + 20).map((body) =>
      fetch(airlock.consoleUrl + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    )
    for (const answer of await Promise.all(answers)) {
      await answer.body?.cancel()
      statuses.add(answer.status)
    }
  }
  return { statuses: [...statuses].toSorted((a, b) => a - b), children: (await started()) - before }
}

const none = { statuses: [400], children: 0 }

test('hostile requirements and packages are refused, and no child is started', { timeout: 300_000 }, async () => {
  const pip = hostileWords.filter((word) => isRefused(() => parseRequirement(word)))
  const apt = hostileWords.filter((word) => isRefused(() => parseRoots([word])))
  assert.ok(pip.length >= 300 && apt.length >= 300)
  assert.deepEqual(
    await post(
      '/api/requests',
      pip.map((word) => ({ ecosystem: 'pip', requirements: [word] })),
    ),
    none,
  )
  assert.deepEqual(
    await post(
      '/api/requests',
      apt.map((word) => ({ ecosystem: 'apt', requirements: [word] })),
    ),
    none,
  )
})

test(
  'hostile names of targets, and descriptions of pods, are refused, and no child is started',
  { timeout: 300_000 },
  async () => {
    const description = (version: string, platform: string) =>
      describePod(...system, ...pythonSections('/p', { version, platform }))
    const right = description('3.11.2', 'x86_64-manylinux_2_36')
    const names = hostileWords.filter((word) => !/^[a-z0-9][a-z0-9-]{0,31}$/.test(word))
    assert.ok(names.length >= 300)
    assert.deepEqual(
      await post(
        '/api/targets',
        names.map((name) => ({ name, description: right })),
      ),
      none,
    )
    assert.deepEqual(
      await post(
        '/api/targets',
        names.map((index) => ({ name: 'pod', index, description: right })),
      ),
      none,
    )
    const pods = hostileWords
      .slice(0, 300)
      .map((word) => ({ name: 'pod', description: description(word, 'linux-x86_64') }))
    assert.deepEqual(await post('/api/targets', pods), none)
  },
)

test('hostile names of targets in a request are unknown, and no child is started', { timeout: 300_000 }, async () => {
  const bodies = hostileWords
    .slice(0, 300)
    .map((target) => ({ ecosystem: 'pip', requirements: ['numpy'], targets: [target] }))
  assert.deepEqual(await post('/api/requests', bodies), { ...none, statuses: [400, 404] })
})

test('control: what is right starts children, and they are seen', async () => {
  const before = await started()
  await airlock.ready((await airlock.ask('numpy')).id)
  assert.ok((await started()) > before)
})
