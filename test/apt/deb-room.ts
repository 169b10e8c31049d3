/**
 * An Airlock whose pods see one package, and an archive that has another for each fault: signed with all of them from
 * the beginning, so that only what is sent for a .deb differs.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Problem } from '../../storage/records.ts'
import { buildDeb, type Deb } from '../support/deb.ts'
import { artifact, sha256 } from '../support/records.ts'
import { file, startUpstream } from '../support/upstream.ts'
import { never, quick } from '../upstream/fixture.ts'
import * as honest from './airlock.ts'
import type { Fault } from './deb-faults.ts'
import { pathOf, renderSuite, serve, sourcesOf, stanza } from './suite.ts'
import { snapshotOf } from './tree.ts'

export type DebRoom = Awaited<ReturnType<typeof openDebRoom>>

/** The name of a fault's package; each has as many bytes as the others. */
const nameOf = (index: number) => `d${String(index).padStart(3, '0')}`

/** `rooms`: an Airlock of the server's own, or of one with a check cut out. */
export async function openDebRoom(t: TestContext, faults: readonly Fault[], rooms: typeof honest = honest) {
  const upstream = await startUpstream()
  const base = await buildDeb({ name: 'base' })
  // of a size at which half a file is more than one write
  const content = Buffer.alloc(60_000, 'content that does not pack well').map((byte, at) => byte ^ (at * at * 7))
  const build = (options: { name: string; version?: string }) =>
    buildDeb({ version: '1', ...options, files: { 'usr/share/x': Buffer.from(content).toString('base64') } })
  const debs = await Promise.all(
    faults.map(async ({ sent = {} }, index) => {
      const listed = await build({ name: nameOf(index) })
      // what its control file says, under the listed one's path
      const own = await build({ name: nameOf(index), ...sent })
      return { ...listed, bytes: own.bytes }
    }),
  )
  const packages = [base, ...debs].map((deb, index) => stanza(deb, faults[index - 1]?.fields ?? {}))
  const files = new Map(await renderSuite({ packages }))
  for (const deb of [base, ...debs]) files.set(pathOf(deb), deb.bytes)
  serve(upstream, files)

  const sources = sourcesOf(`${upstream.url}/`)
  const names = ['default', ...faults.map((_, index) => nameOf(index))]
  const airlock = await rooms.startAptAirlock(t, {
    targets: Object.fromEntries(names.map((name) => [name, { sources }])),
    client: { timeouts: quick, patience: { retries: 1 }, wait: async () => {} },
  })
  t.after(() => upstream.close())
  assert.equal((await airlock.ask('base')).job.state, 'ready')
  const visible = await snapshotOf(airlock.root)
  assert.ok(Object.keys(visible).some((path) => path.endsWith('base_1.0-1_all.deb')))
  const path = (deb: Deb) => `/${pathOf(deb)}`

  return {
    upstream,
    airlock,
    deb: (index: number) => debs[index]!,
    /** What the archive sends for a .deb: these answers first, then `last`, or the .deb. */
    send(index: number, ...answers: ReturnType<Fault['answers'] & {}>): void {
      const deb = debs[index]!
      upstream.on(path(deb), ...answers, file(deb.bytes, { etag: '"1"' }))
    },
    /** What the archive sends from now on. */
    always: (index: number, answer: ReturnType<typeof file>) => upstream.on(path(debs[index]!), answer),
    /** Asks for a fault's package on the target that everybody shares, or on one of its own: its problem, or null. */
    async ask(index: number, target: 'default' | 'own'): Promise<Problem | null> {
      const { job } = await airlock.ask(nameOf(index), target === 'own' ? nameOf(index) : 'default')
      return job.state === 'ready' ? null : job.problem!
    },
    /** Fetches the .deb alone. */
    async fetch(index: number): Promise<void> {
      await airlock.downloads.fetch([wanted(index)], { signal: never })
    },
    has: (index: number) => airlock.downloads.has(wanted(index)),
    /** Everything that pods saw in the beginning is there, byte for byte, and nothing of the fault's package is. */
    async isUntouched(index: number): Promise<boolean> {
      const now = await snapshotOf(airlock.root)
      const same = Object.entries(visible).every(([path, digest]) => now[path] === digest)
      return same && !Object.keys(now).some((path) => path.includes(`/${nameOf(index)}_`))
    },
  }

  function wanted(index: number) {
    const deb = debs[index]!
    const url = `${upstream.url}${path(deb)}`
    const name = path(deb).slice(path(deb).lastIndexOf('/') + 1)
    return artifact(name, { ecosystem: 'apt', sha256: sha256(deb.bytes), size: deb.bytes.length, url })
  }
}
