/** Who may speak to whom in the composed manifests: every line of the table is one connection, with what must become of it. */
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { compose, find } from '../support/kubernetes.ts'
import { createPolicies, podOf, type End, type Manifest, type Pod } from '../support/policies.ts'

type Row = readonly [from: keyof typeof ends, to: keyof typeof ends, ports: string, verdict: 'allow' | 'deny']

const name = 'kubernetes.io/metadata.name'
const namespaces = Object.fromEntries(
  ['homepods', 'ingress-nginx', 'kube-system', 'monitoring', 'elsewhere'].map((namespace) => [
    namespace,
    { [name]: namespace },
  ]),
)
const other = (namespace: string, labels: Record<string, string>, ip: string): Pod => ({
  namespace,
  labels,
  ip,
  ports: [],
})
/** Filled with what the manifests make; the rest is what a cluster has beside it, and the outside. */
const ends = {
  homepod: { ip: '10.244.1.10' } as End,
  'another homepod': { ip: '10.244.2.10' } as End,
  mirror: { ip: '10.244.1.20' } as End,
  console: { ip: '10.244.1.30' } as End,
  uploadmlab: other('homepods', { 'app.kubernetes.io/name': 'uploadmlab' }, '10.244.1.40'),
  'an unlabelled pod': other('homepods', {}, '10.244.1.50'),
  'a homepod of another namespace': other('elsewhere', { 'app.kubernetes.io/name': 'homepod' }, '10.244.3.10'),
  'the ingress controller': other('ingress-nginx', {}, '10.244.3.20'),
  prometheus: other('monitoring', {}, '10.244.3.30'),
  'the cluster’s DNS': other('kube-system', { 'k8s-app': 'kube-dns' }, '10.244.3.53'),
  'another pod of kube-system': other('kube-system', {}, '10.244.3.60'),
  'DNS by its service address': { ip: '10.96.0.10' },
  'the API server': { ip: '10.96.0.1' },
  'a node': { ip: '10.0.0.5' },
  'the cloud’s metadata': { ip: '169.254.169.254' },
  'the git service': { ip: '192.0.2.10' },
  'beside the git service': { ip: '192.0.2.11' },
  office: { ip: '198.51.100.7' },
  'beside the office': { ip: '198.51.101.7' },
  outside: { ip: '203.0.113.9' },
  'a public resolver': { ip: '203.0.113.53' },
  'outside by IPv6': { ip: '2001:db8::9' },
}

const rows: readonly Row[] = [
  // a HomePod: the mirror and the git service
  ['homepod', 'mirror', '8080', 'allow'],
  ['homepod', 'mirror', '22 80 443 5901 6080 8081 8082 8090 9229', 'deny'],
  ['homepod', 'mirror', '8080/UDP 53/UDP', 'deny'],
  ['homepod', 'the git service', '22 443', 'allow'],
  ['homepod', 'the git service', '53 80 8080 9418 53/UDP 443/UDP', 'deny'],
  ['homepod', 'beside the git service', '22 443', 'deny'],
  // and nothing else: no name is ever asked for
  ['homepod', 'the cluster’s DNS', '53 53/UDP 443 853', 'deny'],
  ['homepod', 'DNS by its service address', '53 53/UDP', 'deny'],
  ['homepod', 'a public resolver', '53 53/UDP 443 853', 'deny'],
  ['homepod', 'console', '8081 8080 8082 80 443', 'deny'],
  ['homepod', 'uploadmlab', '80 443 8080', 'deny'],
  ['homepod', 'another homepod', '22 5901 6080 8080', 'deny'],
  ['homepod', 'an unlabelled pod', '80 8080', 'deny'],
  ['homepod', 'the ingress controller', '80 443', 'deny'],
  ['homepod', 'the API server', '443', 'deny'],
  ['homepod', 'a node', '22 443 10250', 'deny'],
  ['homepod', 'the cloud’s metadata', '80', 'deny'],
  ['homepod', 'office', '22 80 443 5901', 'deny'],
  ['homepod', 'outside', '22 80 443 8080 53/UDP 443/UDP', 'deny'],
  ['homepod', 'outside by IPv6', '443 53/UDP', 'deny'],
  // its desktop, for the office
  ['office', 'homepod', '5901 6080', 'allow'],
  ['office', 'homepod', '22 8080 5900 6081', 'deny'],
  ['beside the office', 'homepod', '5901 6080', 'deny'],
  ['outside', 'homepod', '5901 6080', 'deny'],
  ['the ingress controller', 'homepod', '5901 6080', 'deny'],
  ['console', 'homepod', '22 5901 6080', 'deny'],
  ['mirror', 'homepod', '22 5901 6080', 'deny'],
  ['uploadmlab', 'homepod', '5901', 'deny'],
  // the mirror: asked by HomePods, sends nothing
  ['a homepod of another namespace', 'mirror', '8080', 'deny'],
  ['an unlabelled pod', 'mirror', '8080', 'deny'],
  ['office', 'mirror', '8080', 'deny'],
  ['outside', 'mirror', '8080', 'deny'],
  ['console', 'mirror', '8080', 'deny'],
  ['the ingress controller', 'mirror', '8080', 'deny'],
  // its counts, for the monitoring alone
  ['prometheus', 'mirror', '8090', 'allow'],
  ['prometheus', 'mirror', '8080 8081 22', 'deny'],
  ['prometheus', 'homepod', '22 5901 6080 8090', 'deny'],
  ['another homepod', 'mirror', '8090', 'deny'],
  ['a homepod of another namespace', 'mirror', '8090', 'deny'],
  ['an unlabelled pod', 'mirror', '8090', 'deny'],
  ['console', 'mirror', '8090', 'deny'],
  ['prometheus', 'console', '8090', 'allow'],
  ['prometheus', 'console', '8081 8080 22', 'deny'],
  ['the ingress controller', 'console', '8090', 'deny'],
  ['homepod', 'console', '8090', 'deny'],
  ['mirror', 'console', '8090', 'deny'],
  ['the ingress controller', 'mirror', '8090', 'deny'],
  ['office', 'mirror', '8090', 'deny'],
  ['outside', 'mirror', '8090', 'deny'],
  ['mirror', 'prometheus', '80 443 9090', 'deny'],
  ['mirror', 'console', '8081', 'deny'],
  ['mirror', 'the cluster’s DNS', '53 53/UDP', 'deny'],
  ['mirror', 'the git service', '22 443', 'deny'],
  ['mirror', 'office', '443', 'deny'],
  ['mirror', 'outside', '80 443 53/UDP', 'deny'],
  ['mirror', 'the cloud’s metadata', '80', 'deny'],
  ['mirror', 'outside by IPv6', '443', 'deny'],
  // the console: asked through the ingress controller, the one door out
  ['the ingress controller', 'console', '8081', 'allow'],
  ['the ingress controller', 'console', '8080 8082', 'deny'],
  ['office', 'console', '8081', 'deny'],
  ['outside', 'console', '8081', 'deny'],
  ['an unlabelled pod', 'console', '8081', 'deny'],
  ['a homepod of another namespace', 'console', '8081', 'deny'],
  ['console', 'the cluster’s DNS', '53 53/UDP', 'allow'],
  ['console', 'the cluster’s DNS', '443 9153', 'deny'],
  ['console', 'another pod of kube-system', '53 53/UDP 443', 'deny'],
  ['console', 'outside', '80 443', 'allow'],
  ['console', 'outside', '22 25 8080 53/UDP 443/UDP', 'deny'],
  ['console', 'a public resolver', '53 53/UDP', 'deny'],
  ['console', 'the API server', '443', 'deny'],
  ['console', 'a node', '80 443 10250', 'deny'],
  ['console', 'an unlabelled pod', '80 443', 'deny'],
  ['console', 'the cloud’s metadata', '80', 'deny'],
  ['console', 'outside by IPv6', '443', 'deny'],
  // named, and closed until its service comes
  ['office', 'uploadmlab', '80 443', 'deny'],
  ['another homepod', 'uploadmlab', '80 443', 'deny'],
  ['uploadmlab', 'mirror', '8080', 'deny'],
  ['uploadmlab', 'console', '8081', 'deny'],
  ['uploadmlab', 'the cluster’s DNS', '53/UDP', 'deny'],
  ['uploadmlab', 'outside', '443', 'deny'],
  // whatever else is started in the namespace
  ['an unlabelled pod', 'outside', '80 443', 'deny'],
  ['an unlabelled pod', 'the cluster’s DNS', '53/UDP', 'deny'],
  ['an unlabelled pod', 'homepod', '5901', 'deny'],
]

let manifests: Manifest[]
before(async () => {
  manifests = await compose()
  const homepod = find(manifests, 'StatefulSet', 'homepod')
  const fill = (end: 'homepod' | 'another homepod' | 'mirror' | 'console', made: Manifest) =>
    (ends[end] = podOf(made, ends[end].ip))
  fill('homepod', homepod)
  fill('another homepod', homepod)
  fill('mirror', find(manifests, 'Deployment', 'airlock-mirror'))
  fill('console', find(manifests, 'Deployment', 'airlock-console'))
})

/** The connections of the table that end otherwise than it says. */
function surprises(policies: readonly Manifest[]): string[] {
  const allows = createPolicies(policies, namespaces)
  return rows.flatMap(([from, to, ports, verdict]) =>
    ports.split(' ').flatMap((word) => {
      const [port, protocol = 'TCP'] = word.split('/') as [string, 'TCP' | 'UDP' | undefined]
      const found = allows({ from: ends[from], to: ends[to], port: Number(port), protocol }) ? 'allow' : 'deny'
      return found === verdict ? [] : [`${from} → ${to}:${word} is ${found}`]
    }),
  )
}

/** The manifests with one policy's spec changed. */
function changed(policy: string, change: (spec: Record<string, unknown[]>) => void): Manifest[] {
  const copy = structuredClone(manifests)
  change(find(copy, 'NetworkPolicy', policy).spec as Record<string, unknown[]>)
  return copy
}

test('every connection of the table is allowed or denied as it says', () => {
  assert.deepEqual(surprises(manifests), [])
  const allowed = rows.filter(([, , , verdict]) => verdict === 'allow').map(([from, to]) => `${from} → ${to}`)
  assert.deepEqual(allowed, [
    'homepod → mirror',
    'homepod → the git service',
    'office → homepod',
    'prometheus → mirror',
    'prometheus → console',
    'the ingress controller → console',
    'console → the cluster’s DNS',
    'console → outside',
  ])
})

test('nothing beyond the table is open: every pair at every port that is named anywhere', () => {
  const allows = createPolicies(manifests, namespaces)
  const open = new Set(
    rows
      .filter(([, , , verdict]) => verdict === 'allow')
      .flatMap(([from, to, ports]) => ports.split(' ').map((port) => `${from} ${to} ${port}`)),
  )
  // one HomePod is as good as another, and two addresses are outside
  const same: Record<string, string> = { 'another homepod': 'homepod', 'a public resolver': 'outside' }
  const words = new Set(rows.flatMap(([, , ports]) => ports.split(' ')))
  const ours = new Set(['homepod', 'another homepod', 'mirror', 'console', 'uploadmlab', 'an unlabelled pod'])
  let asked = 0
  for (const [from, source] of Object.entries(ends))
    for (const [to, target] of Object.entries(ends))
      for (const word of words) {
        if (from === to || (!ours.has(from) && !ours.has(to))) continue
        const [port, protocol = 'TCP'] = word.split('/') as [string, 'TCP' | 'UDP' | undefined]
        const found = allows({ from: source, to: target, port: Number(port), protocol })
        // the office, the git service and what lies beside them are also somewhere that the console may fetch from
        const fetched =
          from === 'console' && 'ip' in target && /^(?:192|198)\./.test(target.ip) && (word === '80' || word === '443')
        assert.equal(
          found,
          fetched || open.has(`${same[from] ?? from} ${same[to] ?? to} ${word}`),
          `${from} → ${to}:${word}`,
        )
        asked++
      }
  assert.ok(asked > 4000, String(asked))
})

const anyDns = { ports: [{ protocol: 'UDP', port: 53 }] }
for (const [what, policy, change, shown] of [
  [
    'DNS for HomePods',
    'homepod',
    (spec) => spec['egress']!.push(anyDns),
    'homepod → the cluster’s DNS:53/UDP is allow',
  ],
  [
    'DNS for the mirror',
    'airlock-mirror',
    (spec) => spec['egress']!.push(anyDns),
    'mirror → the cluster’s DNS:53/UDP is allow',
  ],
  ['everything for everybody', 'closed', (spec) => spec['egress']!.push({}), 'homepod → outside:443 is allow'],
  [
    'what the mirror counts for everybody',
    'airlock-mirror',
    (spec) => spec['ingress']!.push({ ports: [{ port: 'metrics' }] }),
    'office → mirror:8090 is allow',
  ],
  [
    'desktops for everybody',
    'homepod',
    (spec) => spec['ingress']!.push({ ports: [{ port: 5901 }] }),
    'the ingress controller → homepod:5901 is allow',
  ],
] as readonly [string, string, (spec: Record<string, unknown[]>) => void, string][]) {
  test(`the table notices a policy that opens ${what}`, () => {
    const found = surprises(
      changed(policy, (spec) => {
        spec['egress'] ??= []
        change(spec)
      }),
    )
    assert.ok(found.includes(shown), found.join('\n'))
  })
}
