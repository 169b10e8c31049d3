/**
 * Non-interference: whatever pods read, in whatever words, upstream is sent the same bytes in the same order, as long as the
 * office asks the same. So nothing that a pod chooses can be told from out there, not even by what is left out.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { freePorts, Refused, startAirlock } from '../support/airlock.ts'
import { startIndex } from '../support/index.ts'
import { startLeakyMirror, type LeakyMirror } from '../support/leaky.ts'
import { makeWheel } from '../support/wheels.ts'

/** What is asked for in every run, one after the other: each needs one more at most, so that nothing is fetched side by side. */
const approved = ['first', 'second==1.0', 'nobody-has-this', 'third', 'second>=1']
/** One thing at a time, for the same reason. */
const oneByOne = { queue: { solves: 1 }, download: { parallel: 1, perHost: 1, overlap: 0 } }
/** The same in every run, as it is in the Host header. */
const [port] = await freePorts(1)

/** In front of an index: what arrives, byte by byte in the order of arrival. */
async function startRecorder() {
  const index = await startIndex()
  for (const [name, requires] of [
    ['first', ['first-lib']],
    ['first-lib', ['first-base>=1']],
    ['first-base', []],
    ['second', ['first-base']],
    ['third', ['second']],
  ] as const)
    index.add(makeWheel({ name, version: '1.0', requires }))
  const chunks: Buffer[] = []
  const server = createServer((socket) => {
    const there = connect(Number(new URL(index.url).port), '127.0.0.1')
    for (const end of [socket, there])
      end.on('error', () => {
        socket.destroy()
        there.destroy()
      })
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.pipe(there).pipe(socket)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple/`,
    heard: () => Buffer.concat(chunks).toString('latin1'),
    async close() {
      await index.close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What a pod may send, and what may be asked of the console and is refused. */
type Read = { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string>> }
type Workload = { readonly reads: readonly Read[]; readonly refused: readonly string[] }

const word = fc.stringMatching(/^[a-z0-9]{1,24}$/)
const anything = fc.string({ maxLength: 200 }).map((text) => encodeURIComponent(text.toWellFormed()))
const workload: fc.Arbitrary<Workload> = fc.record({
  reads: fc.array(
    fc.record({
      method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'PROPFIND', 'OPTIONS'),
      path: fc.oneof(
        word.map((name) => `/pip/simple/${name}/`),
        // names that the office asks for too, before and after
        fc
          .constantFrom('first', 'second', 'third', 'first-lib', 'nobody-has-this')
          .map((name) => `/pip/simple/${name}/`),
        word.map((name) => `/pip/simple/${name}/${name}-1.0-py3-none-any.whl`),
        anything.map((text) => `/${text}`),
        anything.map((text) => `/pip/simple/first/?${text}`),
        word.map((name) => `http://127.0.0.1:${port}/simple/${name}/`),
        word.map((name) => `//127.0.0.1:${port}/simple/${name}/`),
        fc.constantFrom('/', '/pip/simple/', '/apt/default/InRelease', '/healthz', '/api/requests'),
      ),
      headers: fc.dictionary(
        fc.constantFrom(
          'user-agent',
          'referer',
          'cookie',
          'authorization',
          'x-forwarded-host',
          'accept',
          'accept-encoding',
          'range',
          'if-none-match',
          'via',
        ),
        fc.stringMatching(/^[!-~]{1,60}$/),
      ),
    }),
    { minLength: 40, maxLength: 80 },
  ),
  refused: fc.array(
    fc.oneof(
      word.map((name) => `-e git+https://${name}.example/x`),
      word.map((name) => `${name} @ file:///${name}`),
      word.map((name) => `${name}==`),
      word.map((name) => `--index-url https://${name}.example/`),
      anything.map((text) => `%${text}`),
    ),
    { minLength: 3, maxLength: 6 },
  ),
})

/** Everything that upstream is sent while the office asks for what is approved and pods do as they like. */
async function transcriptBeside({ reads, refused }: Workload, leaks = false): Promise<string> {
  const recorder = await startRecorder()
  const airlock = await startAirlock({ index: recorder.url, config: oneByOne })
  let mirror: LeakyMirror | null = null
  try {
    if (leaks) {
      const [own] = await freePorts(1)
      const leak = { way: 'the index is asked', to: `127.0.0.1:${port}` }
      mirror = await startLeakyMirror({ root: airlock.root, ...leak, host: '127.0.0.1', port: own! })
    }
    const share = Math.ceil(reads.length / approved.length)
    for (const [at, requirement] of approved.entries()) {
      const pods = readAll(
        mirror?.port ?? Number(new URL(airlock.mirrorUrl).port),
        reads.slice(at * share, (at + 1) * share),
      )
      for (const line of refused) await assert.rejects(airlock.ask(line), Refused)
      const { id } = await airlock.ask(requirement)
      const { state } = await airlock.wait(id)
      assert.equal(state, requirement === 'nobody-has-this' ? 'failed' : 'ready', airlock.log())
      await pods
    }
    return recorder.heard()
  } finally {
    await mirror?.stop()
    await airlock.close()
    await recorder.close()
  }
}

async function readAll(mirror: number, reads: readonly Read[]): Promise<void> {
  for (const { method, path, headers } of reads) {
    const lines = Object.entries({ host: 'mirror', connection: 'close', ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    const socket = connect(mirror, '127.0.0.1')
    socket.on('error', () => {}).resume()
    socket.write([`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n'))
    // a reset is an end as well
    await new Promise((resolve) => socket.once('close', resolve))
  }
}

/** What upstream is sent where no pod reads and nothing is refused. */
let usual = ''
before(async () => {
  usual = await transcriptBeside({ reads: [], refused: [] })
})

test('whatever pods read and whatever is refused, upstream is sent the same bytes', { timeout: 400_000 }, async (t) => {
  assert.match(usual, /^GET \/simple\/first\/ HTTP\/1\.1\r\n/)
  assert.match(usual, /GET \/simple\/nobody-has-this\//)
  const requests = usual.match(/^[A-Z]+ \S+ HTTP\/1\.1$/gm)!
  assert.ok(requests.length >= 10, requests.join('\n'))
  t.diagnostic(`${requests.length} requests, ${createHash('sha256').update(usual).digest('hex')}`)
  await fc.assert(
    fc.asyncProperty(workload, async (one) => {
      assert.deepEqual((await transcriptBeside(one)).split('\r\n'), usual.split('\r\n'))
    }),
    { numRuns: 2, endOnFailure: true },
  )
})

test('control: a mirror that asks upstream on a miss is told by it', { timeout: 200_000 }, async () => {
  const [one] = fc.sample(workload, 1)
  const missing: Read = { method: 'GET', path: '/pip/simple/what-the-pod-wants/', headers: {} }
  const reads = [missing, ...one!.reads]
  const leaky = await transcriptBeside({ ...one!, reads }, true)
  assert.match(leaky, /GET \/simple\/pip-simple-what-the-pod-wants\//)
  assert.notEqual(leaky, usual)
})
