/** Upstreams that are slow, huge or gone; pods that have something installed; small requests beside large ones. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

const python = { python: '3.11.7', platform: 'x86_64-manylinux_2_36' }

let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  for (const version of ['1.0', '2.0']) index.add(makeWheel({ name: 'library', version }))
  index.add(makeWheel({ name: 'app', version: '1.0', requires: ['library'] }))
  airlock = await startAirlock({
    index: index.url,
    config: { targets: { default: { pip: python } } },
    preload: ['impatient.ts'],
  })
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

test('a project with 10,000 files is solved, in bounded memory', async (t) => {
  const wheel = makeWheel({ name: 'crowd', version: '1.10000' })
  index.add(wheel)
  const files = Array.from({ length: 10_000 }, (_, n) => ({
    filename: `crowd-1.${n}-py3-none-any.whl`,
    url: `../../files/none/crowd-1.${n}-py3-none-any.whl`,
    hashes: { sha256: n.toString(16).padStart(64, '0') },
    size: 1000,
    'core-metadata': false,
  }))
  files.push({
    filename: wheel.file,
    url: index.pathOf(wheel),
    hashes: { sha256: wheel.sha256 },
    size: wheel.bytes.length,
    'core-metadata': false,
  })
  const body = JSON.stringify({ meta: { 'api-version': '1.1' }, name: 'crowd', files })
  index.pages.on('/simple/crowd/', (_, res) => {
    res.writeHead(200, {
      'content-type': 'application/vnd.pypi.simple.v1+json',
      'content-length': Buffer.byteLength(body),
    })
    res.end(body)
  })
  const { closure } = await airlock.ready((await airlock.ask('crowd')).id)
  assert.equal(closure![0]!.version, '1.10000')
  const memory = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${airlock.pid()}/status`, 'utf8'))![1]
  t.diagnostic(`${Math.round(Number(memory) / 1000)} MB at the most`)
  assert.ok(Number(memory) < 600_000)
})

test('a small request is not stuck behind one whose files come slowly', async () => {
  const big = makeWheel({
    name: 'big',
    version: '1.0',
    files: { 'big/data.bin': Buffer.alloc(200_000, 1) },
    method: 'stored',
  })
  index.add(big)
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  index.files.on(index.pathOf(big), async (_, res) => {
    await held
    res.writeHead(200, { 'content-length': big.bytes.length })
    res.end(big.bytes)
  })
  const slow = await airlock.ask('big')
  const small = await airlock.ready((await airlock.ask('library==1.0')).id)
  assert.equal(small.state, 'ready')
  assert.notEqual((await airlock.get(slow.id)).state, 'ready')
  release()
  await airlock.ready(slow.id)
})

test('with upstream gone, an exact request is solved from the pages last seen, which is said; an open one is not', async () => {
  const own = await startIndex()
  own.add(makeWheel({ name: 'kept', version: '1.0' }))
  const one = await startAirlock({
    index: own.url,
    config: { targets: { default: { pip: python } }, reuse: 0 },
    preload: ['impatient.ts'],
  })
  try {
    await one.ready((await one.ask('kept')).id)
    await own.close()
    const [exact] = await one.askFor({ ecosystem: 'pip', requirements: ['kept==1.0'], refresh: true })
    const { closure } = await one.ready(exact!.id)
    assert.equal(closure![0]!.new, false)
    const [open] = await one.askFor({ ecosystem: 'pip', requirements: ['kept'], refresh: true })
    assert.match((await one.problem(open!.id)).code, /^upstream-/)
  } finally {
    await one.close()
  }
})

test('what the pod has installed is kept where it fits, and what no index has is listed once', async () => {
  const freeze = join(airlock.folder, 'pod-freeze.txt')
  await writeFile(freeze, 'library==1.0\nconda-thing @ file:///opt/conda/work\nunrelated==3.0\n')
  const one = await startAirlock({
    index: index.url,
    config: {
      targets: { pod: { pip: { ...python, installed: freeze } }, bare: { pip: { ...python, index: 'bare' } } },
    },
  })
  try {
    const versions = async (target: string) => {
      const [asked] = await one.askFor({ ecosystem: 'pip', requirements: ['app'], targets: [target] })
      const { closure } = await one.ready(asked!.id)
      return closure!.find(({ project }) => project === 'library')!.version
    }
    assert.equal(await versions('pod'), '1.0')
    assert.equal(await versions('bare'), '2.0')
    const { targets } = await one.call<{ targets: { name: string; facts: { notOnAnIndex?: string[] } }[] }>(
      '/api/targets',
    )
    assert.deepEqual(targets.find(({ name }) => name === 'pod')!.facts.notOnAnIndex, ['conda-thing'])
  } finally {
    await one.close()
  }
})

test('a closure beyond what needs no confirmation is refused with its size, and taken when confirmed', async () => {
  const one = await startAirlock({
    index: index.url,
    config: { targets: { default: { pip: python } }, download: { confirmAbove: 100, overlap: 0 } },
  })
  try {
    const problem = await one.problem((await one.ask('app')).id)
    assert.equal(problem.code, 'closure-too-large')
    assert.match(problem.hint, /confirm/)
    const [confirmed] = await one.askFor({ ecosystem: 'pip', requirements: ['app'], confirm: true })
    await one.ready(confirmed!.id)
  } finally {
    await one.close()
  }
})

test('changes of state are streamed with ids, and a stream goes on where another one ended', async () => {
  const read = async (headers: Record<string, string>, until: (text: string) => boolean) => {
    const abort = new AbortController()
    const answer = await fetch(`${airlock.consoleUrl}/api/events`, { headers, signal: abort.signal })
    assert.match(answer.headers.get('content-type')!, /^text\/event-stream/)
    let text = ''
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      if (until(text)) break
    }
    abort.abort()
    return [...text.matchAll(/^id: (\d+)\nevent: state\ndata: (.+)$/gm)].map(([, id, data]) => ({
      id: Number(id),
      ...(JSON.parse(data!) as { state: string; requests: number[] }),
    }))
  }
  const live = read({}, (text) => text.includes('"ready"'))
  await sleep(100)
  const { id } = await airlock.ask('library==2.0', 'app')
  await airlock.ready(id)
  const mine = (await live).filter(({ requests }) => requests.includes(id))
  assert.deepEqual(
    mine.map(({ state }) => state),
    ['queued', 'solving', 'downloading', 'proving', 'publishing', 'ready'],
  )
  const again = await read({ 'last-event-id': String(mine[2]!.id) }, (text) => text.includes('"ready"'))
  assert.deepEqual(
    again.map((event) => event.id),
    mine.slice(3).map((event) => event.id),
  )
})
