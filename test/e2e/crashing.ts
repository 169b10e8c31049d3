/**
 * A server whose system calls are refused, or are its last, while it makes what was asked for visible; for pip and for apt.
 * Used by a sample in this folder and by every call there is in test/soak.
 */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RequestView } from '../../server/contract.ts'
import { createClient } from '../apt/client.ts'
import { hasEnded, startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive, type Archive } from '../support/archive.ts'
import { hostPython, uvInstall } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'
import { checkAptTree, packagesIn } from '../support/apt-tree.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { held } from './hold.ts'
import { sabotageOf, type Cut } from '../support/sabotage.ts'
import { strike, type Strike } from '../support/strike.ts'
import { checkTree } from '../support/tree.ts'
import { makeWheel } from '../support/wheels.ts'

export type Ecosystem = 'pip' | 'apt'

export const nameOf = (at: number) => `p${String(at).padStart(3, '0')}`

/** Both upstreams, with as many packages of one dependency each as there will be requests: `p000`, `p001`, … */
export async function startUpstreams(t: TestContext, count: number) {
  const index = await startIndex()
  t.after(() => index.close())
  const archive = await startArchive()
  t.after(() => archive.close())
  for (let at = 0; at < count; at++) {
    const [name, lib] = [nameOf(at), `${nameOf(at)}-lib`]
    index.add(makeWheel({ name, version: '1.0', requires: [lib] }))
    index.add(makeWheel({ name: lib, version: '1.0' }))
    await archive.add({ name, depends: lib }, { name: lib })
  }
  return { index, archive }
}

/** A configuration in which both can be asked for. */
export function targetsOf(archive: Archive) {
  const pip = { python: hostPython().version, platform: 'x86_64-manylinux_2_36' }
  return { default: { apt: { architectures: ['amd64'], sources: archive.sources, status: 'none' }, pip } }
}

/** A disk that refused is tried again soon; nothing else is other than in earnest. */
const hasty: readonly Cut[] = [
  { file: 'server/fulfil.ts', from: 'publishInterval = 5000', to: 'publishInterval = 50' },
  { file: 'server/queue.ts', from: 'passingInterval = 10', to: 'passingInterval = 0.05' },
]

export type Point = Strike & {
  /** Whence the calls are counted: from the ask on (else), or from when it is proved and all that is left is to publish. */
  readonly since?: 'ask' | 'proof'
}
/** What was hit, whether it concerned a file of the server's, and the request's state then; or the server had died. */
export type Struck = Point & { readonly at: string; readonly isOfDisk: boolean; readonly ended: string }

export async function startCrashing(
  t: TestContext,
  ecosystem: Ecosystem,
  { index, archive }: { readonly index: TestIndex; readonly archive: Archive },
  cuts: readonly Cut[] = [],
) {
  const hold = join(await temporaryFolder(t), 'hold')
  const airlock = await startAirlock({
    index: index.url,
    config: { targets: targetsOf(archive) },
    env: {
      AIRLOCK_MIRROR_LISTEN: 'off',
      UV_THREADPOOL_SIZE: '1',
      // it is started again and again
      NODE_COMPILE_CACHE: await temporaryFolder(t),
      HOLD: hold,
      ...sabotageOf([...hasty, held, ...cuts]),
    },
    preload: ['sabotage.ts'],
  })
  t.after(() => airlock.close())
  const ask = async (name: string) => (await airlock.askFor({ ecosystem, requirements: [name] }))[0]!
  let asked = 0
  const next = () => nameOf(asked++)
  // so that its thread for files is there, and what only a first time does is done
  await airlock.ready((await ask(next())).id)
  const names = [nameOf(0)]
  let open: string[] = []

  /** Asks with a fault in the way. Null: the request made fewer such calls, and met nothing. */
  async function meet(one: Point): Promise<Struck | null> {
    const name = next()
    open.push(name)
    const pid = airlock.pid()
    const proved = one.since === 'proof' ? await askAndHold(name) : null
    const under = await strike(pid, one)
    if (proved) await rm(hold)
    const acknowledged = proved ?? (await ask(name).catch(() => null))
    const ended = acknowledged && (await outcome(airlock, acknowledged.id))
    const at = await under.end()
    const died = ended === null && !(await isAlive(airlock))
    if (died) {
      assert.notEqual(at, null, `the server died by itself:\n${airlock.log().slice(-3000)}`)
      await airlock.died()
      const faults = await faultsBetween(airlock.root, ...open)
      assert.deepEqual(faults, [], `right after it died at ${at}`)
      await airlock.start()
      const { requests } = await airlock.call<{ requests: RequestView[] }>(`/api/requests?text=${name}`)
      const kept = requests.some((request) => request.requirements.includes(name))
      assert.ok(kept || acknowledged === null, `${name} was acknowledged and is lost`)
      // else the next fault would meet this request too
      for (const { id } of requests) await outcome(airlock, id)
    }
    if (ended === 'failed')
      assert.ok(!(await isVisible(airlock.root, ecosystem, name)), `${name} failed and is visible`)
    if (ended === 'ready') assert.ok(await isVisible(airlock.root, ecosystem, name), `${name} is said to be ready`)
    return at === null
      ? null
      : { ...one, at, isOfDisk: at.includes(airlock.folder), ended: died ? 'died' : (ended ?? 'refused') }
  }

  /** Asks, and resolves when it is proved and goes no further. */
  async function askAndHold(name: string): Promise<RequestView> {
    await rm(`${hold}.reached`, { force: true })
    writeFileSync(hold, '')
    const request = await ask(name)
    for (const late = Date.now() + 60_000; !existsSync(`${hold}.reached`); await sleep(5)) {
      if (Date.now() > late) throw new Error(`${name} was not proved:\n${airlock.log().slice(-3000)}`)
    }
    return request
  }

  return {
    airlock,
    meet,
    /** What was said to be ready is; after a restart everything that was asked for gets there; pods can install it all. */
    async converge(): Promise<void> {
      const soFar: string[] = []
      for (const name of open) if (await isReady(name)) soFar.push(name)
      await installs(t, airlock, ecosystem, soFar)
      await airlock.stop()
      await airlock.start()
      for (const name of open) await airlock.ready((await ask(name)).id)
      names.push(...open)
      open = []
      assert.deepEqual(await faultsOf(airlock.root), [])
      await installs(t, airlock, ecosystem, names)
      const { damaged, unknown } = await airlock.call<{ damaged: []; unknown: [] }>('/api/maintenance/verify', {})
      assert.deepEqual([damaged, unknown], [[], []])
    },
  }

  async function isReady(name: string): Promise<boolean> {
    const { requests } = await airlock.call<{ requests: RequestView[] }>(`/api/requests?text=${name}`)
    return requests.some(({ state, requirements }) => state === 'ready' && requirements.includes(name))
  }
}

/** Until it has ended or the server has; a refusal of the API is no outcome. Null: the server is gone. */
async function outcome(airlock: Airlock, id: number): Promise<string | null> {
  for (const late = Date.now() + 60_000; ;) {
    const request = await airlock.get(id).catch(() => null)
    if (request && hasEnded(request)) return request.state
    if (request === null && !(await isAlive(airlock))) return null
    if (Date.now() > late) throw new Error(`${JSON.stringify(request)}\n${airlock.log().slice(-5000)}`)
    await sleep(20)
  }
}

async function isAlive(airlock: Airlock): Promise<boolean> {
  const state = /^State:\t(\w)/m.exec(await readFile(`/proc/${airlock.pid()}/status`, 'utf8').catch(() => ''))?.[1]
  return state !== undefined && state !== 'Z'
}

export async function isVisible(root: string, ecosystem: Ecosystem, name: string): Promise<boolean> {
  if (ecosystem === 'apt') return (await packagesIn(root, 'default')).includes(name)
  const read = (path: string) => readFile(join(root, 'pip/simple', path, 'index.html'), 'utf8').catch(() => '')
  return (await read(name)).includes(`${name}-1.0`) && (await read('')).includes(`"${name}/"`)
}

export async function faultsOf(root: string): Promise<readonly string[]> {
  return [...(await checkTree(root)).faults, ...(await checkAptTree(root))]
}

/** Without what lies between two renames of one step: a page's two forms, a project that the top index does not name yet. */
export async function faultsBetween(root: string, ...names: readonly string[]): Promise<readonly string[]> {
  const project = `(?:${names.join('|')})(?:-lib)?`
  const ahead = [
    `^pip/simple/${project}: (?:HTML and JSON differ$|pip/simple/${project}/index\\.\\w+ is not there$|it lists nothing$)`,
    '^(?:pip/)?requests/\\d+: (?:pip/requests/\\d+/[a-z.]+ is not there|locks differ)$',
    `^pip/simple: (?:HTML and JSON differ|${project} has a page and is not listed|pip/simple/index\\.\\w+ is not there)$`,
    // made, and not yet given its mode; nothing is in it
    '^[^:]+: its mode is \\d+$',
  ].map((text) => new RegExp(text))
  const { faults } = await checkTree(root)
  return [
    ...faults.filter((fault) => !ahead.some((known) => known.test(fault))),
    ...(await checkAptTree(root, { between: true })),
  ]
}

/** By real clients, from the shared folder, all at once. */
export async function installs(
  t: TestContext,
  { root }: { readonly root: string },
  ecosystem: Ecosystem,
  names: readonly string[],
) {
  if (names.length === 0) return
  if (ecosystem === 'apt') {
    const pod = await createClient(t, { root })
    await pod.download(...names)
    return
  }
  const { releases, output } = await uvInstall(['--index-url', `file://${root}/pip/simple/`, ...names])
  assert.equal(Object.keys(releases).length, 2 * names.length, output)
}
