/**
 * The image, without an engine to build it: deploy/Dockerfile's own steps in a clean Debian, then what it starts, as its
 * user, on a read-only root with nothing to write in but its volumes.
 */
import assert from 'node:assert/strict'
import { chmod, chown, copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { RequestDetail, RequestView } from '../../server/contract.ts'
import { freePorts } from '../support/airlock.ts'
import { pipInstall } from '../support/clients.ts'
import { makeVolume, peakOf, startContainer, until, type ContainerOptions } from '../support/container.ts'
import { temporaryFolder } from '../support/folders.ts'
import { buildImage, sizeOf } from '../support/image.ts'
import { startIndex } from '../support/index.ts'
import { compose, find, parseManifests } from '../support/kubernetes.ts'
import { cleanRoot } from '../support/pod.ts'
import type { Manifest } from '../support/policies.ts'
import { checkTree, hashTree } from '../support/tree.ts'
import { makeWheel } from '../support/wheels.ts'

const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const certificates = 'etc/ssl/certs/ca-certificates.crt'
const minutes = 60_000

/** What a base image has beside debootstrap's: a dpkg that does not wait for the disk, the organisation's certificates and pip's settings. */
async function furnish(root: string): Promise<void> {
  await writeFile(join(root, 'etc/dpkg/dpkg.cfg.d/unsafe-io'), 'force-unsafe-io\n')
  await writeFile(join(root, 'etc/apt/apt.conf.d/90languages'), 'Acquire::Languages "none";\n')
  await copyFile(`/${certificates}`, join(root, certificates))
  await copyFile('/etc/pip.conf', join(root, 'etc/pip.conf')).catch(() => {})
}

/** How this machine reaches the registries, given to the build as --build-arg would. */
const way =
  /^(?:PIP_(?:INDEX_URL|CERT|TRUSTED_HOST|PROXY|DEFAULT_TIMEOUT)|npm_config_registry|NODE_EXTRA_CA_CERTS|(?:https?|no)_proxy)$/i
const buildEnv = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => way.test(entry[0])),
)

test('the image’s steps make one that serves as nobody on a read-only root', { timeout: 9 * minutes }, async (t) => {
  const base = await cleanRoot('bookworm')
  const image = await buildImage(t, { project, base, furnish, buildEnv, say: (line) => t.diagnostic(line) })
  const [whole, clean, ours] = await Promise.all([image.root, base, join(image.root, 'opt/airlock')].map(sizeOf))
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
  t.diagnostic(`${megabytes(whole!)}, of which the base ${megabytes(clean!)} and Airlock ${megabytes(ours!)}`)
  assert.ok(ours! < 300e6, megabytes(ours!))
  assert.match(image.user, /^[1-9]\d*:[1-9]\d*$/)

  const folder = await temporaryFolder(t)
  const index = await startIndex()
  t.after(() => index.close())
  index.add(makeWheel({ name: 'widget', version: '1.0' }))
  const [consolePort, mirrorPort, gatewayPort] = await freePorts(3)
  const settings = join(folder, 'airlock.yaml')
  const upstreams = { pip: { default: { url: index.url } } }
  await writeFile(settings, JSON.stringify({ gateway: { port: gatewayPort }, upstreams, download: { keepFree: 0 } }))
  const [tree, state] = [join(folder, 'tree'), join(folder, 'state')]
  assert.deepEqual(image.volumes, ['/opt/public/airlock', '/var/lib/airlock'])
  await makeVolume(image, '/opt/public/airlock', tree)
  await makeVolume(image, '/var/lib/airlock', state)
  const consoleUrl = `http://127.0.0.1:${consolePort}`
  const mirrorUrl = `http://127.0.0.1:${mirrorPort}`
  const options: ContainerOptions = {
    env: {
      AIRLOCK_CONFIG: '/etc/airlock/airlock.yaml',
      AIRLOCK_CONSOLE_LISTEN: `127.0.0.1:${consolePort}`,
      AIRLOCK_MIRROR_LISTEN: `127.0.0.1:${mirrorPort}`,
      AIRLOCK_CONSOLE_URL: consoleUrl,
    },
    volumes: { '/opt/public/airlock': tree, '/var/lib/airlock': state, '/etc/airlock/airlock.yaml': settings },
    readOnly: ['/etc/airlock/airlock.yaml'],
  }

  /** Its status and what it said, once it has ended. */
  async function run(line: readonly string[], more: Partial<ContainerOptions> = {}) {
    const { ended, said } = startContainer(image, { ...options, ...more, line })
    return { status: await ended, said: said() }
  }

  await t.test('its user can write in the volumes and nowhere else', async () => {
    const whatever = [
      '/x',
      '/tmp/x',
      '/opt/airlock/x',
      '/opt/airlock/.tools/stamps/x',
      '/etc/x',
      '/dev/x',
      '/home/x',
      '/run/x',
    ]
    const line = `for place in ${whatever.join(' ')}; do if (: >"$place") 2>/dev/null; then echo "$place"; fi; done
      : >/opt/public/airlock/x && : >/var/lib/airlock/x && rm /opt/public/airlock/x /var/lib/airlock/x
      id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status | tr -d '\\t'`
    const { said } = await run(['sh', '-c', line])
    assert.equal(said, '10001\nCapEff:0000000000000000\nCapBnd:0000000000000000\nNoNewPrivs:1\n')
  })

  await t.test('nobody answers yet, and the health check says so', async () => {
    assert.deepEqual(await run(image.healthcheck), { status: 1, said: '' })
  })

  await t.test('serve starts, is ready, fulfils requests for pip and for apt, and ends in order', async (t) => {
    const server = startContainer(image, options)
    t.after(() => server.child.exitCode === null && server.child.kill('SIGKILL'))
    await until(`${consoleUrl}/readyz`, server)
    assert.doesNotMatch(server.said(), /not writable|Installing|Building/)
    assert.deepEqual(await run(image.healthcheck), { status: 0, said: '' })
    assert.match(await (await fetch(`${mirrorUrl}/`)).text(), /<title>Airlock<\/title>/)
    const page = await fetch(`${consoleUrl}/`, { headers: { accept: 'text/html' } })
    assert.match(await page.text(), /<script type="module"/)

    for (const [ecosystem, name] of [
      ['pip', 'widget'],
      ['apt', 'jq'],
    ] as const) {
      const request = await ask(consoleUrl, ecosystem, name)
      assert.equal(request.state, 'ready', JSON.stringify(request.problem) + server.said())
    }
    const installed = await pipInstall(['--index-url', `${mirrorUrl}/pip/simple/`, 'widget'])
    assert.deepEqual(installed.releases, { widget: '1.0' }, installed.output)
    assert.deepEqual((await checkTree(tree)).faults, [])
    assert.equal((await stat(join(tree, 'pip/simple/index.html'))).uid, 10001)
    // the command line is in the image, too
    const status = await run([...image.entrypoint, 'status', '--json'])
    assert.equal(status.status, 0, status.said)

    t.diagnostic(`the console took ${await peakOf(server)} at most`)
    server.child.kill('SIGTERM')
    assert.equal(await server.ended, 0, server.said())
    assert.equal((await run(image.healthcheck)).status, 1)
  })

  await t.test('mirror alone serves a tree that it can only read, without a state', async (t) => {
    const volumes = { '/opt/public/airlock': tree }
    const alone = {
      ...options,
      env: { AIRLOCK_MIRROR_LISTEN: `127.0.0.1:${mirrorPort}` },
      volumes,
      readOnly: Object.keys(volumes),
    }
    const server = startContainer(image, { ...alone, args: ['mirror'] })
    t.after(() => server.child.exitCode === null && server.child.kill('SIGKILL'))
    await until(`${mirrorUrl}/healthz`, server)
    const check = { ...alone, env: { ...alone.env, AIRLOCK_CONSOLE_LISTEN: `127.0.0.1:${consolePort}` } }
    assert.deepEqual(await run(image.healthcheck, check), { status: 0, said: '' })
    const installed = await pipInstall(['--index-url', `${mirrorUrl}/pip/simple/`, 'widget'])
    assert.deepEqual(installed.releases, { widget: '1.0' }, installed.output)
    assert.match(await (await fetch(`${mirrorUrl}/apt/default/InRelease`)).text(), /BEGIN PGP SIGNED MESSAGE/)
    t.diagnostic(`the mirror took ${await peakOf(server)} at most`)
    server.child.kill('SIGTERM')
    assert.equal(await server.ended, 0, server.said())
  })

  await t.test('the containers of deploy/k8s start in it as they are written there', async (t) => {
    const manifests = await compose()
    const [shared, block, config] = ['public', 'block', 'config'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    // as Kubernetes hands volumes to a pod with an fsGroup
    for (const volume of [shared, block]) {
      await mkdir(volume)
      await chown(volume, 0, 10001)
      await chmod(volume, 0o2775)
    }
    await mkdir(config)
    const given = await readFile(join(project, 'deploy/k8s/config.yaml'), 'utf8')
    await writeFile(join(config, 'airlock.yaml'), `${given}gateway: { port: ${gatewayPort} }\n`)
    const from: Record<string, string> = { public: shared, state: block, config, credentials: await temporaryFolder(t) }

    // pods have addresses of their own, these containers share this machine's
    const [mirrorMetrics, consoleMetrics] = await freePorts(2)

    function start(manifest: Manifest, line?: readonly string[]) {
      const { args = [], env, volumeMounts } = containerOf(manifest)
      const listen = [
        ['AIRLOCK_MIRROR_LISTEN', mirrorPort],
        ['AIRLOCK_CONSOLE_LISTEN', consolePort],
        ['AIRLOCK_METRICS_LISTEN', args.includes('mirror') ? mirrorMetrics : consoleMetrics],
      ] as const
      const own = Object.fromEntries(env.map(({ name: variable, value }) => [variable, value]))
      for (const [variable, port] of listen) if (own[variable]?.includes(':')) own[variable] = `127.0.0.1:${port}`
      const server = startContainer(image, {
        args,
        ...(line && { line: [...image.entrypoint, ...line] }),
        env: { ...own, ...(line && { AIRLOCK_CONSOLE_URL: consoleUrl }) },
        volumes: Object.fromEntries(volumeMounts.map((mount) => [mount.mountPath, from[mount.name]!])),
        readOnly: volumeMounts.filter(({ readOnly }) => readOnly).map(({ mountPath }) => mountPath),
      })
      t.after(() => server.child.exitCode === null && server.child.kill('SIGKILL'))
      return server
    }
    // in the order in which a first start may bring them: there is no tree yet
    const mirror = start(find(manifests, 'Deployment', 'airlock-mirror'))
    await until(`${mirrorUrl}/healthz`, mirror)
    const deployment = find(manifests, 'Deployment', 'airlock-console')
    const server = start(deployment)
    await until(`${consoleUrl}/readyz`, server)
    // the mirror sees what the console publishes
    await until(`${mirrorUrl}/homepod/setup.sh`, server)
    for (const port of [mirrorMetrics, consoleMetrics])
      assert.match(
        await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(),
        /^airlock_mirror_|^airlock_queue_jobs /m,
      )
    assert.equal((await stat(join(block, 'state'))).mode & 0o777, 0o700)
    // as deploy/README.md has it by `kubectl exec`
    const file = '/var/lib/airlock/airlock.tar'
    for (const line of [['status'], ['doctor'], ['backup', file]]) {
      const command = start(deployment, line)
      assert.equal(await command.ended, 0, command.said())
    }
    assert.match(server.said(), /mirror +http:\/\/airlock\.example:8080/)
    for (const { child, ended, said } of [server, mirror]) {
      child.kill('SIGTERM')
      assert.equal(await ended, 0, said())
    }

    const published = await hashTree(join(shared, 'airlock'))
    await rm(join(block, 'state'), { recursive: true })
    const [pod] = parseManifests(await readFile(join(project, 'deploy/k8s/restore.yaml'), 'utf8'))
    const restore = start(pod!, ['restore', file])
    assert.equal(await restore.ended, 0, restore.said())
    const again = start(deployment)
    await until(`${consoleUrl}/readyz`, again)
    const rebuild = start(deployment, ['rebuild'])
    assert.equal(await rebuild.ended, 0, rebuild.said())
    assert.deepEqual(await hashTree(join(shared, 'airlock')), published)
    again.child.kill('SIGTERM')
    assert.equal(await again.ended, 0, again.said())
  })
})

type Container = {
  readonly args?: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
}

/** The one of a workload, or of a pod by itself. */
function containerOf({ spec }: Manifest): Container {
  type Pod = { readonly containers: readonly [Container] }
  const { template, ...own } = spec as Pod & { readonly template?: { readonly spec: Pod } }
  return (template?.spec ?? own).containers[0]
}

/** The request, once it has ended. */
async function ask(consoleUrl: string, ecosystem: string, name: string): Promise<RequestDetail> {
  const body = JSON.stringify({ ecosystem, requirements: [name] })
  const headers = { 'content-type': 'application/json' }
  const asked = await fetch(`${consoleUrl}/api/requests`, { method: 'POST', headers, body })
  const { requests } = (await asked.json()) as { requests: RequestView[] }
  for (;;) {
    const request = (await (await fetch(`${consoleUrl}/api/requests/${requests[0]!.id}`)).json()) as RequestDetail
    if (['ready', 'failed', 'rejected', 'cancelled'].includes(request.state)) return request
    await sleep(100)
  }
}
