/**
 * What NetworkPolicies allow, by networking.k8s.io/v1's own semantics, for a cluster that enforces them:
 *
 *   const allows = createPolicies(manifests, { homepods: { 'kubernetes.io/metadata.name': 'homepods' }, … })
 *   allows({ from: podOf(…), to: { ip: '192.0.2.10' }, port: 443 })
 *
 * A connection needs the leave of both its ends. An end that no policy selects for a direction is open in it; one that any
 * selects may do what one of their rules says. Policies add up; none takes away. A field that is not understood is an error.
 */
import { BlockList, isIPv6 } from 'node:net'

export type Labels = Readonly<Record<string, string>>
export type Manifest = {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels }
  readonly spec?: unknown
}

type ContainerPort = { readonly name?: string; readonly containerPort: number; readonly protocol?: string }
export type Pod = {
  readonly namespace: string
  readonly labels: Labels
  readonly ip: string
  readonly ports: readonly ContainerPort[]
}
/** A pod, or an address that is none's. */
export type End = Pod | { readonly ip: string }
export type Connection = {
  readonly from: End
  readonly to: End
  readonly port: number
  readonly protocol?: 'TCP' | 'UDP'
}

type Expression = { key: string; operator: string; values?: string[] }
type Selector = { matchLabels?: Labels; matchExpressions?: Expression[] }
type Peer = { podSelector?: Selector; namespaceSelector?: Selector; ipBlock?: { cidr: string; except?: string[] } }
type Port = { protocol?: string; port?: number | string; endPort?: number }
type Rule = { from?: Peer[]; to?: Peer[]; ports?: Port[] }
type Spec = { podSelector: Selector; policyTypes?: string[]; ingress?: Rule[]; egress?: Rule[] }
type Policy = { readonly namespace: string; readonly spec: Spec }
type Direction = 'Ingress' | 'Egress'

/** `namespaces`: the labels of each. */
export function createPolicies(manifests: readonly Manifest[], namespaces: Readonly<Record<string, Labels>>) {
  const policies = manifests
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map(({ metadata, spec }): Policy => ({ namespace: metadata.namespace ?? 'default', spec: checked(spec as Spec) }))

  function selects({ namespace, spec }: Policy, end: End, direction: Direction): end is Pod {
    // without policyTypes: ingress always, egress when there is any
    const types = spec.policyTypes ?? ['Ingress', ...(spec.egress ? ['Egress'] : [])]
    return (
      types.includes(direction) &&
      'namespace' in end &&
      end.namespace === namespace &&
      fits(spec.podSelector, end.labels)
    )
  }

  function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, end: End, policy: Policy): boolean {
    if (ipBlock) return inBlock(end.ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => inBlock(end.ip, cidr))
    if (!('namespace' in end)) return false
    const there = namespaceSelector
      ? fits(namespaceSelector, namespaces[end.namespace] ?? {})
      : end.namespace === policy.namespace
    return there && (podSelector === undefined || fits(podSelector, end.labels))
  }

  function leave(connection: Connection, direction: Direction): boolean {
    const [own, other] = direction === 'Ingress' ? [connection.to, connection.from] : [connection.from, connection.to]
    const selecting = policies.filter((policy) => selects(policy, own, direction))
    if (selecting.length === 0) return true
    return selecting.some((policy) =>
      ((direction === 'Ingress' ? policy.spec.ingress : policy.spec.egress) ?? []).some((rule) => {
        const peers = (direction === 'Ingress' ? rule.from : rule.to) ?? []
        const isMeant = peers.length === 0 || peers.some((peer) => isPeer(peer, other, policy))
        return isMeant && ((rule.ports ?? []).length === 0 || rule.ports!.some((port) => isPort(port, connection)))
      }),
    )
  }

  return (connection: Connection): boolean => leave(connection, 'Egress') && leave(connection, 'Ingress')
}

/** A named port is that of the pod which is connected to, by its protocol too. */
function isPort(
  { protocol = 'TCP', port, endPort }: Port,
  { to, port: asked, protocol: spoken = 'TCP' }: Connection,
): boolean {
  if (protocol !== spoken) return false
  if (port === undefined) return true
  if (typeof port === 'number') return asked >= port && asked <= (endPort ?? port)
  const named = 'ports' in to ? to.ports : []
  return named.some(
    ({ name, containerPort, protocol: own = 'TCP' }) => name === port && containerPort === asked && own === spoken,
  )
}

/** An empty selector fits everything. */
function fits({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value)
        case 'NotIn':
          return value === undefined || !values.includes(value)
        case 'Exists':
          return value !== undefined
        case 'DoesNotExist':
          return value === undefined
        default:
          throw new Error(`not an operator: ${operator}`)
      }
    })
  )
}

function inBlock(ip: string, cidr: string): boolean {
  const [network = '', bits = ''] = cidr.split('/')
  const family = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4')
  if (family(network) !== family(ip)) return false
  const block = new BlockList()
  block.addSubnet(network, Number(bits), family(network))
  return block.check(ip, family(ip))
}

const known = new Set(
  'podSelector policyTypes ingress egress from to ports protocol port endPort namespaceSelector ipBlock cidr except matchLabels matchExpressions'.split(
    ' ',
  ),
)

function checked(spec: Spec): Spec {
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (!Array.isArray(value) && !known.has(key)) throw new Error(`a NetworkPolicy's ${key} is not understood`)
      if (key !== 'matchLabels' && key !== 'matchExpressions') look(inner)
    }
  }
  look(spec)
  return spec
}

/** The pods that a workload makes, at an address. */
export function podOf({ metadata, spec }: Manifest, ip: string): Pod {
  type Template = { metadata: { labels: Labels }; spec: { containers: { ports?: ContainerPort[] }[] } }
  const { template } = spec as { template: Template }
  const ports = template.spec.containers.flatMap((container) => container.ports ?? [])
  return { namespace: metadata.namespace ?? 'default', labels: template.metadata.labels, ip, ports }
}
