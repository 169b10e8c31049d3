/** A pod beside Airlock, in networks of their own: what works in it, what it cannot reach, and that nothing gets out. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Airlock } from '../support/airlock.ts'
import { makeCanaries } from '../support/canaries.ts'
import { countOf, type Frames, type Wire } from '../support/frames.ts'
import { startJail, type Jail } from '../support/jail.ts'
import { addresses } from '../support/outside.ts'
import { attempt, tableOf } from './escapes.ts'
import { carriers, pathsOf, readFrom, type Reader } from './reads.ts'
import { hosts, mirrorAddress, mirrorPort, mirrorUrl, startRig, type Rig } from './rig.ts'

const minutes = 60_000
const projects = ['ipykernel', 'fonttools']
const packages = ['python3-pip', 'cmake']
/** What `during` may not see: anything. */
const nothing: Frames = {}

let rig: Rig
let pod: Jail
let mounted: Jail
let wire: Wire
let mountedWire: Wire
/** By HTTP, in the pod whose link is counted. */
let reader: Reader
const ends: (() => unknown)[] = []
const hooks = { after: (end: () => unknown) => void ends.push(end) }

before(
  async () => {
    const pip = { python: '3.11.2', platform: 'x86_64-manylinux_2_36' }
    rig = await startRig(hooks, { config: { targets: { default: { pip, apt: {} } } }, fill })
    const { root: tree } = rig.airlock
    const jail = { tree, hosts, resolver: mirrorAddress }
    pod = await startJail(hooks, jail)
    mounted = await startJail(hooks, jail)
    wire = await rig.connectPod(pod)
    mountedWire = await rig.connectPod(mounted)
    reader = { python: (program, given) => pod.python(program, given), host: 'airlock.example', port: mirrorPort }
  },
  { timeout: 8 * minutes },
)
after(async () => {
  for (const end of ends) await end()
})

/** From this machine's own upstreams, by a request each. */
async function fill(airlock: Airlock): Promise<void> {
  const asked = await Promise.all([
    airlock.askFor({ ecosystem: 'pip', requirements: projects }),
    airlock.askFor({ ecosystem: 'apt', requirements: packages }),
  ])
  for (const { id } of asked.flat()) {
    const { state, problem } = await airlock.wait(id, undefined, 5 * minutes)
    assert.equal(state, 'ready', JSON.stringify(problem))
  }
}

/** As its user would: setup.sh, then both clients as if nothing were special. */
async function furnish(jail: Jail, setUp: string): Promise<void> {
  await jail.sh(setUp)
  const apt = await jail.sh(`apt-get install -y ${packages.join(' ')}`)
  assert.doesNotMatch(apt, /^[WE]: /m, apt)
  const pip = await jail.sh(`pip install --break-system-packages --no-cache-dir ${projects.join(' ')}`)
  assert.match(pip, /Successfully installed .*fonttools-.*ipykernel-/, pip)
  assert.match(await jail.sh('cmake --version && python3 -c "import ipykernel, fontTools"'), /^cmake version/)
  const uv = await jail.sh(`uv pip install --no-cache --target /tmp/by-uv ${projects.join(' ')}`)
  assert.match(uv, /\+ ipykernel==/, uv)
}

const onlyMirror = /^(?:arp|tcp 10\.77\.1\.2:\* > 10\.77\.1\.1:8080|tcp 10\.77\.1\.1:8080 > 10\.77\.1\.2:\*)$/

async function onlyMirrorOnTheLink(): Promise<Frames> {
  const frames = await wire.since()
  const others = Object.keys(frames).filter((name) => !onlyMirror.test(name))
  assert.deepEqual(others, [], 'nothing but the mirror’s port and ARP')
  return frames
}

test(
  'setup.sh, apt and pip bring what was asked for: over HTTP from the mirror alone, from the mounted folder without a frame',
  { timeout: 9 * minutes },
  async (t) => {
    const options = '-o APT::Sandbox::User=root -o Acquire::EnableSrvRecords=false'
    const fetched = `/usr/lib/apt/apt-helper ${options} download-file ${mirrorUrl}/homepod/setup.sh /tmp/setup.sh`
    const outside = await rig.during(() =>
      Promise.all([
        furnish(pod, `${fetched} && sh /tmp/setup.sh ${mirrorUrl}`),
        furnish(mounted, 'sh /opt/public/airlock/homepod/setup.sh'),
      ]),
    )
    assert.deepEqual(outside, nothing)
    const frames = await onlyMirrorOnTheLink()
    assert.ok(countOf(frames) > 1000)
    t.diagnostic(`${countOf(frames)} frames on the pod’s link: ${JSON.stringify(frames)}`)
    assert.deepEqual(await mountedWire.since(), nothing)
  },
)

test(
  'two thousand reads, odd ones among them, put no frame on the outside link',
  { timeout: 5 * minutes },
  async (t) => {
    const canaries = makeCanaries(carriers)
    const paths = await pathsOf(rig.airlock.root)
    const missing = canaries.words.name
    const outside = await rig.during(async () => {
      const [{ statuses, marked }] = await Promise.all([
        readFrom(reader, { count: 2000, paths, words: canaries.words }),
        pod.sh(`apt-get update; apt-get install -y ${missing} || true; pip download ${missing} || true;
        uv pip install --no-cache --target /tmp/x ${missing} || true; pip index versions fonttools || true`),
      ])
      assert.equal(marked, 0, 'an answer came from the outside')
      for (const status of ['200', '302', '400', '404', '405', '414', '431'])
        assert.ok(statuses[status]! > 0, `${status} among ${JSON.stringify(statuses)}`)
      t.diagnostic(`answers: ${JSON.stringify(statuses)}`)
    })
    assert.deepEqual(outside, nothing)
    await onlyMirrorOnTheLink()
    assert.deepEqual(canaries.foundIn(await rig.everything()), [])
  },
)

test(
  'what a pod can try to get out fails, and puts no frame on the outside link',
  { timeout: 3 * minutes },
  async (t) => {
    let attempts: Awaited<ReturnType<typeof attempt>> = []
    const outside = await rig.during(async () => {
      attempts = await attempt(pod, rig)
    })
    for (const line of tableOf(attempts)) t.diagnostic(line)
    assert.ok(attempts.length >= 30, `${attempts.length} attempts`)
    assert.deepEqual(
      attempts.filter(({ escaped }) => escaped),
      [],
    )
    assert.deepEqual(outside, nothing)
    await wire.since()
  },
)

test(
  'while the office asks, only the allowed hosts are reached, and nothing that a pod says goes along',
  { timeout: 3 * minutes },
  async (t) => {
    const canaries = makeCanaries(carriers)
    const paths = [...(await pathsOf(rig.airlock.root)), '/pip/simple/office-app/', '/pip/simple/office-late/']
    const { words } = canaries
    const outside = await rig.during(() =>
      Promise.all([
        rig.office(['request', 'pip', 'office-app', '--wait']),
        rig.office(['request', 'apt', 'office-tool', '--target', 'office', '--wait']),
        rig.office(['request', 'pip', 'nobody-has-this', '--wait'], 1),
        readFrom(reader, { count: 600, paths, words }),
        pod.sh(`pip download ${words.name} || true; apt-get install -y ${words.name} || true`),
      ]),
    )
    const allowed = new RegExp(
      `^(?:arp|(?:udp|tcp) 10\\.77\\.2\\.1:\\* > (?:${[
        `${addresses['resolver.example']}:53`,
        `${addresses['index.example']}:8000`,
        `${addresses['archive.example']}:8001`,
      ].join('|')}))$`,
    )
    const sent = Object.keys(outside).filter((name) => name.includes('10.77.2.1:* >'))
    assert.ok(sent.length >= 3, JSON.stringify(outside))
    assert.deepEqual(
      Object.keys(outside).filter((name) => !allowed.test(name) && !name.endsWith(' > 10.77.2.1:*')),
      [],
    )
    t.diagnostic(`on the outside link: ${JSON.stringify(outside)}`)
    const { connections, questions } = await rig.outside.transcript()
    const heard = connections.map(({ to, bytes }) => `${to}\n${bytes}`).join('\n')
    assert.match(heard, /GET \/simple\/office-app\//)
    assert.match(heard, /GET \/simple\/nobody-has-this\//)
    assert.match(heard, /office-tool_/)
    assert.ok(connections.every(({ to }) => !to.startsWith('nobodys')))
    assert.deepEqual(canaries.foundIn(heard), [])
    assert.deepEqual(canaries.foundIn(questions.join('\n')), [])
    assert.deepEqual(canaries.foundIn(await rig.everything()), [])
    await pod.sh('pip download --no-cache-dir -d /tmp/office office-app')
    assert.deepEqual(
      (await readdir(join(rig.airlock.root, 'pip/simple'))).filter((name) => name.startsWith('canary')),
      [],
    )
    for (const file of (await readdir(rig.airlock.state)).filter((name) => name.startsWith('airlock.db')))
      assert.deepEqual(canaries.foundIn(await readFile(join(rig.airlock.state, file), 'latin1')), [], file)
  },
)

test('control: where Airlock’s machine forwards, what a pod sends past it is seen', { timeout: minutes }, async () => {
  const forward = (value: number) => rig.namespace.run(`echo ${value} >/proc/sys/net/ipv4/ip_forward`)
  await forward(1)
  const outside = await rig.during(() => attempt(pod, rig, 'a frame for Airlock to forward'))
  await forward(0)
  assert.ok(outside['udp 10.77.1.2:* > 10.77.2.4:53']! > 0, JSON.stringify(outside))
  await wire.since()
})

for (const [way, carried] of [
  ['a name is looked up', 'name'],
  ['the index is asked', 'name'],
  ['a datagram is sent', 'user-agent'],
  ['a child asks', 'name'],
] as const) {
  test(
    `control: where ${way} on a miss, that is seen, and so is what was carried out`,
    { timeout: minutes },
    async () => {
      const canaries = makeCanaries(carriers)
      const leaky = await rig.startLeakyMirror(way)
      const paths = await pathsOf(rig.airlock.root)
      const outside = await rig.during(() =>
        readFrom({ ...reader, port: leaky.port }, { count: 150, paths, words: canaries.words }),
      )
      await leaky.stop()
      assert.ok(countOf(outside) > 0, 'it would not have been seen')
      const found = canaries.foundIn(await rig.everything())
      assert.ok(
        found.some((one) => one.startsWith(carried)),
        `${carried} among ${found.join(', ')}`,
      )
      await wire.since()
    },
  )
}
