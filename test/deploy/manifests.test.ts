/** deploy/k8s as kubectl composes it: valid by Kubernetes' own schemas, made by settings.yaml alone, run with no right too many. */
import assert from 'node:assert/strict'
import { access, cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { parse, parseDocument } from 'yaml'
import { readConfigFile } from '../../server/config-file.ts'
import { temporaryFolder } from '../support/folders.ts'
import { composeText, faultsOf, find, manifestsFolder, parseManifests } from '../support/kubernetes.ts'
import type { Manifest } from '../support/policies.ts'

type Container = {
  readonly name: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value: string }[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
  readonly resources: { readonly requests: object; readonly limits: object }
}
type PodSpec = {
  readonly containers: readonly [Container]
  readonly securityContext: Readonly<Record<string, unknown>>
  readonly volumes: readonly {
    readonly name: string
    readonly persistentVolumeClaim?: { readonly readOnly?: boolean }
  }[]
  readonly dnsPolicy?: string
  readonly dnsConfig?: { readonly nameservers: readonly string[] }
  readonly automountServiceAccountToken?: boolean
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames: readonly string[] }[]
}
type Workload = {
  readonly replicas: number
  readonly strategy?: { readonly type?: string }
  readonly template: { readonly spec: PodSpec }
}

let text: string
let manifests: Manifest[]
before(async () => {
  text = await composeText()
  manifests = parseManifests(text)
})
const workload = (kind: string, name: string) => find(manifests, kind, name).spec as Workload

/** The composed text after a change of one file of the folder. */
async function composed(folder: string, file: string, change: (text: string) => string): Promise<string> {
  const changed = join(folder, 'k8s')
  await cp(manifestsFolder, changed, { recursive: true })
  await writeFile(join(changed, file), change(await readFile(join(changed, file), 'utf8')))
  return composeText(changed)
}

for (const release of ['1.30', '1.37']) {
  test(`the schemas of Kubernetes ${release} take every manifest`, async () => {
    assert.equal(await faultsOf(text, release), '')
  })
}

test('the pod that a backup is put back in is valid, has the console’s volumes and user, and is closed by the policies', async () => {
  const restore = await readFile(join(manifestsFolder, 'restore.yaml'), 'utf8')
  assert.equal(await faultsOf(restore, '1.30'), '')
  const [pod] = parseManifests(restore)
  const own = pod!.spec as PodSpec
  const console = workload('Deployment', 'airlock-console').template.spec
  assert.deepEqual(own.securityContext, console.securityContext)
  assert.deepEqual(own.containers[0].securityContext, console.containers[0].securityContext)
  for (const volume of own.volumes)
    assert.ok(
      console.volumes.some((other) => isDeepStrictEqual(other, volume)),
      volume.name,
    )
  const state = (container: Container) => container.env?.find(({ name }) => name === 'AIRLOCK_STATE')?.value
  assert.equal(state(own.containers[0]), state(console.containers[0]))
  assert.equal(pod!.metadata.labels, undefined)
})

for (const [what, file, from, to, shown] of [
  ['a misspelt field', 'network.yaml', 'policyTypes:', 'policyType:', /policyType/],
  ['a number that is text', 'airlock.yaml', 'periodSeconds: 5', 'periodSeconds: soon', /soon/],
  ['a field of another kind', 'homepod.yaml', 'serviceName:', 'strategy: {}\n  serviceName:', /strategy/],
] as const) {
  test(`the schemas notice ${what}`, async (t) => {
    const spoiled = await composed(await temporaryFolder(t), file, (before) => before.replace(from, to))
    assert.match(await faultsOf(spoiled, '1.37'), shown)
  })
}

test('the four files that are applied today are there by their names, each with what it is named for', async () => {
  const { resources } = parse(await readFile(join(manifestsFolder, 'kustomization.yaml'), 'utf8')) as {
    resources: string[]
  }
  for (const file of ['airlock.yaml', 'homepod.yaml', 'network.yaml', 'uploadmlab.yaml'])
    assert.ok(resources.includes(file), file)
  assert.deepEqual(
    manifests.map(({ kind, metadata }) => `${kind} ${metadata.name.replace(/-[a-z0-9]{10}$/, '')}`).toSorted(),
    [
      'ConfigMap airlock-config',
      'Deployment airlock-console',
      'Deployment airlock-mirror',
      'Ingress airlock-console',
      'NetworkPolicy airlock-console',
      'NetworkPolicy airlock-mirror',
      'NetworkPolicy closed',
      'NetworkPolicy homepod',
      'NetworkPolicy uploadmlab',
      'PersistentVolumeClaim airlock-state',
      'PersistentVolumeClaim public',
      'PodDisruptionBudget airlock-mirror',
      'Service airlock-console',
      'Service airlock-mirror',
      'Service homepod',
      'StatefulSet homepod',
    ],
  )
  for (const { kind, metadata } of manifests) assert.equal(metadata.namespace, 'homepods', `${kind} ${metadata.name}`)
})

test('every setting arrives wherever it is used: with other values nothing of the old ones is left', async (t) => {
  const others: Record<string, string> = {}
  const changed = await composed(await temporaryFolder(t), 'settings.yaml', (before) => {
    const document = parseDocument(before)
    const { data } = document.toJS() as { data: Record<string, string> }
    for (const [at, name] of Object.keys(data).entries()) {
      const value = data[name]!
      others[name] = name.endsWith('-cidr')
        ? `172.${16 + at}.0.0/${value === '0.0.0.0/0' ? '12' : '24'}`
        : name.endsWith('-address')
          ? `172.31.0.${at}`
          : name.endsWith('-port')
            ? String(20_000 + at)
            : name.endsWith('-url')
              ? `https://other-${at}.example`
              : `other-${at}`
      document.setIn(['data', name], others[name])
    }
    for (const [name, value] of Object.entries(data)) {
      const used = new RegExp(`(?<![\\w./-])${value.replaceAll('.', String.raw`\.`)}(?![\\w/-]|\\.\\d)`)
      assert.match(text, used, `${name} is used`)
    }
    return String(document)
  })
  for (const [name, value] of Object.entries(others)) assert.ok(changed.includes(value), `${name} arrives`)
  assert.equal(await faultsOf(changed, '1.37'), '')
  // the ports that are left are DNS's own, and what is not an address of this cluster is the cloud's metadata
  assert.doesNotMatch(
    changed,
    /192\.0\.2|198\.51\.100|10\.(?:96|244|0)\.|\.example:|console\.airlock|git\.example|\bnginx$/m,
  )
  assert.doesNotMatch(changed, /\b(?:8080|8081|5901|6080|443|22|80)$/m)
})

test('the defaults agree with each other and name no real place', async () => {
  const { data } = parse(await readFile(join(manifestsFolder, 'settings.yaml'), 'utf8')) as {
    data: Record<string, string>
  }
  assert.equal(data['mirror-url'], `http://${data['mirror-host']}:${data['mirror-port']}`)
  assert.equal(data['console-url'], `https://${data['console-host']}`)
  assert.equal(data['git-cidr'], `${data['git-address']}/32`)
  for (const [name, value] of Object.entries(data)) if (name.endsWith('-host')) assert.match(value, /\.example$/)
})

for (const name of ['airlock-console', 'airlock-mirror']) {
  test(`${name} fits the restricted profile, on a root that cannot be written, with probes and bounds`, () => {
    const { spec } = workload('Deployment', name).template
    const [container] = spec.containers
    assert.equal(spec.automountServiceAccountToken, false)
    assert.equal(spec.securityContext['runAsNonRoot'], true)
    assert.equal(spec.securityContext['runAsUser'], 10001)
    assert.deepEqual(spec.securityContext['seccompProfile'], { type: 'RuntimeDefault' })
    assert.deepEqual(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    for (const forbidden of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'initContainers'])
      assert.ok(!(forbidden in spec))
    assert.ok(!spec.volumes.some((volume) => 'hostPath' in volume))
    for (const needed of ['livenessProbe', 'readinessProbe', 'resources']) assert.ok(needed in container, needed)
    assert.ok('memory' in container.resources.limits && 'cpu' in container.resources.requests)
  })
}

test('there is one console, and never two at once; the mirror may be as many as one likes', () => {
  const console = workload('Deployment', 'airlock-console')
  assert.deepEqual([console.replicas, console.strategy?.type], [1, 'Recreate'])
  assert.deepEqual(console.template.spec.containers[0].args, ['serve'])
  assert.equal(workload('Deployment', 'airlock-mirror').replicas, 2)
  assert.deepEqual(workload('Deployment', 'airlock-mirror').template.spec.containers[0].args, ['mirror'])
})

test('only the console can write the tree, and only it has the state', () => {
  for (const [kind, name] of [
    ['Deployment', 'airlock-mirror'],
    ['StatefulSet', 'homepod'],
  ] as const) {
    const { spec } = workload(kind, name).template
    const mounts = spec.containers[0].volumeMounts.filter(({ name: volume }) => volume !== 'home')
    assert.deepEqual(mounts, [{ name: 'public', mountPath: '/opt/public', readOnly: true }], name)
    assert.equal(spec.volumes.find(({ name: volume }) => volume === 'public')?.persistentVolumeClaim?.readOnly, true)
  }
  const console = workload('Deployment', 'airlock-console').template.spec.containers[0].volumeMounts
  assert.deepEqual(
    console.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath),
    ['/opt/public', '/var/lib/airlock'],
  )
})

test('neither HomePods nor the mirror have a resolver: names are in the hosts file', () => {
  for (const [kind, name] of [
    ['Deployment', 'airlock-mirror'],
    ['StatefulSet', 'homepod'],
  ] as const) {
    const { dnsPolicy, dnsConfig } = workload(kind, name).template.spec
    assert.equal(dnsPolicy, 'None')
    assert.deepEqual(dnsConfig, { nameservers: ['127.0.0.1'] })
  }
  const { hostAliases } = workload('StatefulSet', 'homepod').template.spec
  const { clusterIP } = find(manifests, 'Service', 'airlock-mirror').spec as { clusterIP: string }
  assert.deepEqual(hostAliases, [
    { ip: clusterIP, hostnames: ['airlock.example'] },
    { ip: '192.0.2.10', hostnames: ['git.example'] },
  ])
})

test('a Service leads to pods that there are, at a port that they have', () => {
  const pods = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
  for (const { metadata, spec } of manifests.filter(({ kind }) => kind === 'Service')) {
    const { selector, ports } = spec as {
      selector: Record<string, string>
      ports: { port: number; targetPort: string }[]
    }
    const behind = pods.filter((pod) => {
      const { labels } = (pod.spec as { template: { metadata: { labels: Record<string, string> } } }).template.metadata
      return Object.entries(selector).every(([key, value]) => labels[key] === value)
    })
    assert.equal(behind.length, 1, metadata.name)
    const own = (behind[0]!.spec as Workload).template.spec.containers[0].ports
    for (const { port, targetPort } of ports)
      assert.equal(own.find(({ name }) => name === targetPort)?.containerPort, port, `${metadata.name} ${targetPort}`)
  }
})

test('Airlock reads the settings that the console is given', () => {
  const config = readConfigFile(join(manifestsFolder, 'config.yaml'))
  assert.equal(config.download.keepFree, 10 * 2 ** 30)
})

for (const file of ['README.md', 'README.zh-CN.md']) {
  test(`deploy/${file} speaks of every resource and every setting’s file, and links to what is there`, async () => {
    const folder = join(manifestsFolder, '..')
    const said = await readFile(join(folder, file), 'utf8')
    for (const { kind, metadata } of manifests) {
      const name = metadata.name.replace(/-[a-z0-9]{10}$/, '')
      assert.ok(said.includes(`\`${name}\``) || said.includes(`(k8s/${kind.toLowerCase()}.yaml)`), `${kind} ${name}`)
    }
    const links = [...said.matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => link!)
    assert.ok(links.length > 8)
    for (const link of links) await access(join(folder, link))
  })
}
