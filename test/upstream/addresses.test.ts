import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLookup, createResolve, isPublicAddress, notPublicCode } from '../../server/upstream/addresses.ts'

const notPublic = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '100.100.100.200',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.19.255.255',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '168.63.129.16',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:10.1.2.3',
  '::127.0.0.1',
  '64:ff9b::10.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '',
  'localhost',
  '1.2.3',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '1.2.3.4.5',
  '2130706433',
]

const open = [
  '1.1.1.1',
  '9.9.9.9',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '126.255.255.255',
  '128.0.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.255.255',
  '192.169.0.1',
  '198.17.255.255',
  '198.20.0.1',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00::1',
  '::ffff:1.1.1.1',
  '64:ff9b::1.1.1.1',
]

for (const address of notPublic)
  test(`${JSON.stringify(address)} is not public`, () => assert.equal(isPublicAddress(address), false))

for (const address of open) test(`${address} is public`, () => assert.equal(isPublicAddress(address), true))

type Found = { error: unknown; address: unknown; family: unknown }

function ask(lookup: ReturnType<typeof createLookup>, options: object = { all: true }): Promise<Found> {
  return new Promise((resolve) =>
    lookup('files.example', options, (error, address, family) => resolve({ error, address, family })),
  )
}

const v4 = (address: string) => ({ address, family: 4 })

test('a name with one private address among public ones is refused', async () => {
  const { error } = await ask(createLookup(() => Promise.resolve([v4('1.1.1.1'), v4('10.0.0.1'), v4('9.9.9.9')]), true))
  assert.equal((error as { code: string }).code, notPublicCode)
})

test('the refusal does not tell the address', async () => {
  const { error } = await ask(createLookup(() => Promise.resolve([v4('10.9.8.7')]), true))
  assert.doesNotMatch(String(error), /10\.9/)
})

test('a private address is refused although only the other family was asked for', async () => {
  const lookup = createLookup(() => Promise.resolve([v4('1.1.1.1'), { address: '::1', family: 6 }]), true)
  assert.ok((await ask(lookup, { family: 4 })).error)
})

test('a name without an address of the family asked for is unknown', async () => {
  const { error } = await ask(
    createLookup(() => Promise.resolve([v4('1.1.1.1')]), false),
    { family: 6 },
  )
  assert.equal((error as { code: string }).code, 'ENOTFOUND')
})

test('a configured host may have a private address', async () => {
  const { error, address, family } = await ask(
    createLookup(() => Promise.resolve([v4('10.0.0.1')]), false),
    {},
  )
  assert.deepEqual([error, address, family], [null, '10.0.0.1', 4])
})

test('all public addresses are given when all are asked for', async () => {
  const addresses = [v4('1.1.1.1'), { address: '2606:4700::1111', family: 6 }]
  const found = await ask(createLookup(() => Promise.resolve(addresses), true))
  assert.deepEqual([found.error, found.address], [null, addresses])
})

test('a failure of DNS is passed on', async () => {
  const failure = Object.assign(new Error('no'), { code: 'EAI_AGAIN' })
  assert.equal((await ask(createLookup(() => Promise.reject(failure), true))).error, failure)
})

test('an answer is remembered, and a question under way is shared', async () => {
  let asked = 0
  const resolve = createResolve(async () => [v4(`1.1.1.${++asked}`)])
  await Promise.all([resolve('a.example'), resolve('a.example')])
  assert.deepEqual(await resolve('a.example'), [v4('1.1.1.1')])
  assert.equal(asked, 1)
})

test('an answer is not remembered for longer than it may be', async () => {
  let asked = 0
  const resolve = createResolve(async () => [v4(`1.1.1.${++asked}`)], 0)
  await resolve('a.example')
  await resolve('a.example')
  assert.equal(asked, 2)
})

test('a failure is not remembered', async () => {
  let asked = 0
  const resolve = createResolve(() => (++asked === 1 ? Promise.reject(new Error('no')) : Promise.resolve([])))
  await assert.rejects(resolve('a.example'))
  assert.deepEqual(await resolve('a.example'), [])
})

test('a rebinding name is judged by each answer, not by its first', async () => {
  const answers = [[v4('1.1.1.1')], [v4('127.0.0.1')]]
  const lookup = createLookup(
    createResolve(() => Promise.resolve(answers.shift()!), 0),
    true,
  )
  assert.equal((await ask(lookup)).error, null)
  assert.equal(((await ask(lookup)).error as { code: string }).code, notPublicCode)
})
