/** The evaluator that network.test.ts relies on, by Kubernetes' own description of what a policy means. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPolicies, type End, type Labels, type Manifest, type Pod } from '../support/policies.ts'

const pod = (labels: Labels, ip: string, namespace = 'here'): Pod => ({
  namespace,
  labels,
  ip,
  ports: [
    { name: 'web', containerPort: 8080 },
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
  ],
})
const a = pod({ app: 'a' }, '10.1.0.1')
const b = pod({ app: 'b', tier: 'back' }, '10.1.0.2')
const far = pod({ app: 'a' }, '10.1.0.3', 'there')
const outside: End = { ip: '203.0.113.9' }

function allows(specs: readonly object[], from: End, to: End, port: number, protocol: 'TCP' | 'UDP' = 'TCP'): boolean {
  const manifests = specs.map((spec, at): Manifest => ({
    kind: 'NetworkPolicy',
    metadata: { name: `p${at}`, namespace: 'here' },
    spec,
  }))
  return createPolicies(manifests, { here: { team: 'x' }, there: { team: 'y' } })({ from, to, port, protocol })
}
const select = (app: string) => ({ matchLabels: { app } })
const closed = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }

test('without a policy everything is open', () => {
  assert.ok(allows([], a, b, 1) && allows([], outside, a, 1) && allows([], a, outside, 1, 'UDP'))
})

test('a policy that selects everybody and lists nothing closes both directions, in its own namespace only', () => {
  assert.ok(!allows([closed], a, b, 8080))
  assert.ok(!allows([closed], a, outside, 443))
  assert.ok(!allows([closed], outside, a, 8080))
  assert.ok(allows([closed], far, outside, 443))
})

test('a connection needs the leave of both its ends', () => {
  const leave = { podSelector: select('a'), policyTypes: ['Egress'], egress: [{}] }
  const take = { podSelector: select('b'), policyTypes: ['Ingress'], ingress: [{}] }
  assert.ok(!allows([closed, leave], a, b, 8080))
  assert.ok(!allows([closed, take], a, b, 8080))
  assert.ok(allows([closed, leave, take], a, b, 8080))
})

test('without policyTypes a policy is about ingress, and about egress when it lists any', () => {
  assert.ok(!allows([{ podSelector: {} }], outside, a, 1))
  assert.ok(allows([{ podSelector: {} }], a, outside, 1))
  assert.ok(!allows([{ podSelector: {}, egress: [] }], a, outside, 1))
})

test('a block excludes what it excepts, and holds for its own family of addresses', () => {
  const to = [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }]
  const spec = { podSelector: select('a'), policyTypes: ['Egress'], egress: [{ to }] }
  assert.ok(allows([spec], a, outside, 443))
  assert.ok(!allows([spec], a, b, 443))
  assert.ok(!allows([spec], a, { ip: '10.255.255.255' }, 443))
  assert.ok(allows([spec], a, { ip: '11.0.0.0' }, 443))
  assert.ok(!allows([spec], a, { ip: '2001:db8::1' }, 443))
})

test('a pod selector alone means the policy’s namespace, a namespace selector alone everybody there, both together both', () => {
  const from = (peer: object) => [{ podSelector: select('b'), policyTypes: ['Ingress'], ingress: [{ from: [peer] }] }]
  const y = { matchLabels: { team: 'y' } }
  assert.ok(allows(from({ podSelector: select('a') }), a, b, 1))
  assert.ok(!allows(from({ podSelector: select('a') }), far, b, 1))
  assert.ok(allows(from({ namespaceSelector: y }), far, b, 1))
  assert.ok(!allows(from({ namespaceSelector: y }), a, b, 1))
  assert.ok(allows(from({ namespaceSelector: y, podSelector: select('a') }), far, b, 1))
  assert.ok(!allows(from({ namespaceSelector: y, podSelector: select('b') }), far, b, 1))
  assert.ok(allows(from({ namespaceSelector: {} }), far, b, 1))
  assert.ok(!allows(from({ podSelector: {} }), outside, b, 1))
})

test('a named port is that of the pod which is asked, by its protocol', () => {
  const at = (port: object) => [{ podSelector: select('b'), policyTypes: ['Ingress'], ingress: [{ ports: [port] }] }]
  assert.ok(allows(at({ port: 'web' }), a, b, 8080))
  assert.ok(!allows(at({ port: 'web' }), a, b, 8081))
  assert.ok(!allows(at({ port: 'dns' }), a, b, 53))
  assert.ok(allows(at({ port: 'dns', protocol: 'UDP' }), a, b, 53, 'UDP'))
  const out = [{ podSelector: select('a'), policyTypes: ['Egress'], egress: [{ ports: [{ port: 'web' }] }] }]
  assert.ok(allows(out, a, b, 8080))
  assert.ok(!allows(out, a, outside, 8080), 'an address has no names for its ports')
})

test('a port without a protocol is TCP, one without a number every port, one with an end a range', () => {
  const at = (port: object) => [{ podSelector: select('b'), policyTypes: ['Ingress'], ingress: [{ ports: [port] }] }]
  assert.ok(!allows(at({ port: 53 }), a, b, 53, 'UDP'))
  assert.ok(allows(at({ protocol: 'UDP' }), a, b, 5353, 'UDP'))
  assert.ok(!allows(at({ protocol: 'UDP' }), a, b, 5353))
  assert.ok(allows(at({ port: 100, endPort: 200 }), a, b, 200))
  assert.ok(!allows(at({ port: 100, endPort: 200 }), a, b, 201))
})

test('expressions of selectors', () => {
  const with_ = (expression: object) => [{ podSelector: { matchExpressions: [expression] }, policyTypes: ['Ingress'] }]
  const selected = (expression: object, to: Pod) => !allows(with_(expression), outside, to, 1)
  assert.ok(selected({ key: 'app', operator: 'In', values: ['a', 'c'] }, a))
  assert.ok(!selected({ key: 'app', operator: 'In', values: ['a', 'c'] }, b))
  assert.ok(selected({ key: 'tier', operator: 'NotIn', values: ['front'] }, a))
  assert.ok(!selected({ key: 'tier', operator: 'NotIn', values: ['back'] }, b))
  assert.ok(selected({ key: 'tier', operator: 'Exists' }, b))
  assert.ok(!selected({ key: 'tier', operator: 'DoesNotExist' }, b))
  assert.throws(() => selected({ key: 'tier', operator: 'Gt', values: ['1'] }, b), /not an operator: Gt/)
})

test('what it does not understand is an error, not leave', () => {
  assert.throws(() => allows([{ podSelector: {}, egress: [{ toFQDNs: [] }] }], a, b, 1), /toFQDNs is not understood/)
})
