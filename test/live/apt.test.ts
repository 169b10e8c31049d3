import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { cleanRoot, ownArchives, startPod } from '../support/pod.ts'

const minutes = 60_000
/** apt’s own lines of complaint. */
const complaint = /^[WEN]: /m

let airlock: Airlock
before(
  async () => {
    const trixie = await cleanRoot('trixie')
    await cleanRoot('bookworm')
    const archives = await ownArchives()
    const security = archives.find((uri) => /security/.test(uri))
    const sources = [
      `Types: deb\nURIs: ${archives[0]!}\nSuites: trixie trixie-updates\nComponents: main\n`,
      ...(security === undefined ? [] : [`Types: deb\nURIs: ${security}\nSuites: trixie-security\nComponents: main\n`]),
    ]
    const keyrings = [join(trixie, 'usr/share/keyrings/debian-archive-keyring.gpg')]
    const other = { sources, keyrings }
    airlock = await startAirlock({
      live: true,
      config: {
        targets: {
          default: { apt: {} },
          trixie: { apt: { ...other, architectures: ['amd64'] } },
          arm: { apt: { ...other, architectures: ['arm64'] } },
        },
      },
    })
  },
  { timeout: 5 * minutes },
)
after(() => airlock?.close())

async function ready(target: string, ...requirements: string[]) {
  const [request] = await airlock.askFor({ ecosystem: 'apt', requirements, targets: [target] })
  const ended = await airlock.wait(request!.id, undefined, 3 * minutes)
  assert.equal(ended.state, 'ready', JSON.stringify(ended.problem))
  return ended
}

async function install(t: TestContext, suite: string, target: string, uri: string): Promise<void> {
  const pod = await startPod(t, { suite, tree: airlock.root, target, uri })
  const said = await pod.run('apt-get update && apt-get install -y cmake jq')
  assert.doesNotMatch(said, complaint, said)
  assert.match(await pod.run('jq --version && cmake --version'), /^jq-.*\ncmake version/)
}

for (const [suite, target] of [
  ['bookworm', 'default'],
  ['trixie', 'trixie'],
] as const) {
  test(
    `cmake and jq come out of Airlock into a clean ${suite}, over HTTP and from the folder`,
    { timeout: 6 * minutes },
    async (t) => {
      await ready(target, 'cmake', 'jq')
      await install(t, suite, target, `${airlock.mirrorUrl}/apt/`)
      await install(t, suite, target, 'file:/srv/airlock/apt/')
    },
  )
}

test(
  'another architecture is mirrored on the same host, and its packages are fetched and verified',
  { timeout: 5 * minutes },
  async (t) => {
    await ready('arm', 'jq')
    const pod = await startPod(t, {
      suite: 'trixie',
      tree: airlock.root,
      target: 'arm',
      uri: `${airlock.mirrorUrl}/apt/`,
    })
    const options = '-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::status=/tmp/status'
    const said = await pod.run(
      `: > /tmp/status; apt-get ${options} update && apt-get ${options} install -y --download-only jq`,
    )
    assert.doesNotMatch(said, complaint, said)
    const listed = await pod.run(
      'for deb in /var/cache/apt/archives/*.deb; do dpkg-deb -f $deb Package Architecture; done',
    )
    assert.match(listed, /Package: jq\nArchitecture: arm64/)
  },
)
