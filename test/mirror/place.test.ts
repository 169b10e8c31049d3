import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalised, placeOf, type Place, type Refusal } from '../../server/mirror/place.ts'

const digest = 'ab'.repeat(32)
const pool = `ab/${digest}`

const page = (url: string, project: string | null): Place => ({ kind: 'page', url, project })
const file = (path: string, digest: string | null = null, attachment = false): Place => ({
  kind: 'file',
  path,
  digest,
  attachment,
})

const places: readonly (readonly [target: string, place: Place | Refusal])[] = [
  ['/', { kind: 'front' }],
  ['/?from=pod', { kind: 'front' }],
  ['/index.html', { kind: 'front' }],
  ['/healthz', { kind: 'health' }],
  ['/pip/simple/', page('/pip/simple/', null)],
  ['/pip/cu121/', page('/pip/cu121/', null)],
  ['/pip/simple/numpy/', page('/pip/simple/numpy/', 'numpy')],
  ['/pip/simple/NumPy/', page('/pip/simple/numpy/', 'numpy')],
  ['/pip/simple/zope.interface/', page('/pip/simple/zope-interface/', 'zope-interface')],
  ['/pip/simple/a-_.-b/', page('/pip/simple/a-b/', 'a-b')],
  ['/pip/simple/numpy/?x=/../', page('/pip/simple/numpy/', 'numpy')],
  ['/pip/simple/%6eumpy/', page('/pip/simple/numpy/', 'numpy')],
  ['/pip/simple/index.html/', page('/pip/simple/index-html/', 'index-html')],
  ['/pip/simple', { kind: 'slash', location: 'simple/', page: page('/pip/simple/', null) as never }],
  [
    '/pip/simple/Foo_Bar',
    { kind: 'slash', location: 'foo-bar/', page: page('/pip/simple/foo-bar/', 'foo-bar') as never },
  ],
  ['/pip/simple/index.html', file('pip/simple/index.html')],
  ['/pip/simple/numpy/index.json', file('pip/simple/numpy/index.json')],
  ['/pip/simple/NumPy/index.html', file('pip/simple/numpy/index.html')],
  [`/pip/pool/${pool}/x-1.0-py3-none-any.whl`, file(`pip/pool/${pool}/x-1.0-py3-none-any.whl`, digest, true)],
  [
    `/pip/pool/${pool}/x-1.0%2Bcu118-py3-none-any.whl`,
    file(`pip/pool/${pool}/x-1.0+cu118-py3-none-any.whl`, digest, true),
  ],
  [
    `/pip/pool/${pool}/x-1.0-py3-none-any.whl.metadata`,
    file(`pip/pool/${pool}/x-1.0-py3-none-any.whl.metadata`, `${digest}-metadata`),
  ],
  ['/pip/requests/12/requirements.txt', file('pip/requests/12/requirements.txt')],
  ['/pip/requests/12/pylock.toml', file('pip/requests/12/pylock.toml')],
  [
    `/apt/pool/${pool}/x_1.0+dfsg-1~deb12u1_amd64.deb`,
    file(`apt/pool/${pool}/x_1.0+dfsg-1~deb12u1_amd64.deb`, digest, true),
  ],
  [
    `/apt/pool/${pool}/x_1.0%2bdfsg-1%7edeb12u1_amd64.deb`,
    file(`apt/pool/${pool}/x_1.0+dfsg-1~deb12u1_amd64.deb`, digest, true),
  ],
  ['/apt/trixie/InRelease', file('apt/trixie/InRelease')],
  ['/apt/trixie/./InRelease', file('apt/trixie/InRelease')],
  ['/apt/trixie/./Packages.gz', file('apt/trixie/Packages.gz')],
  [`/apt/trixie/by-hash/SHA256/${digest}`, file(`apt/trixie/by-hash/SHA256/${digest}`, digest)],
  [`/apt/trixie/./by-hash/SHA256/${digest}`, file(`apt/trixie/by-hash/SHA256/${digest}`, digest)],
  ['/apt/trixie/by-hash/SHA256/abc', file('apt/trixie/by-hash/SHA256/abc')],
  ['/homepod/setup.sh', file('homepod/setup.sh')],
  ['/homepod/keys/airlock.asc', file('homepod/keys/airlock.asc')],
]

test('a target names a place of the tree', () => {
  for (const [target, place] of places) assert.deepEqual(placeOf(target), place, target)
})

const nowhere: readonly (readonly [target: string, refusal: Refusal])[] = [
  ['', 400],
  ['*', 400],
  ['pip/simple/', 400],
  ['http://other.example/pip/simple/numpy/', 400],
  ['HTTP://other.example/', 400],
  ['other.example:443', 400],
  ['/%', 400],
  ['/pip/simple/%zz/', 400],
  ['/pip/simple/%ff/', 400],
  ['/pip/simple/%c0%ae%c0%ae/', 400],
  [`/${'a'.repeat(2048)}`, 414],
  ['//', 404],
  ['//pip/simple/', 404],
  ['//other.example/pip/simple/', 404],
  ['/pip//simple/', 404],
  ['/pip/simple//', 404],
  ['/pip/simple/numpy//', 404],
  ['/pip', 404],
  ['/pip/', 404],
  ['/healthz/', 404],
  ['/healthz/x', 404],
  ['/index.html/', 404],
  ['/favicon.ico', 404],
  ['/robots.txt', 404],
  ['/data/x', 404],
  ['/notes.txt', 404],
  ['/pip/pool/', 404],
  ['/pip/requests/', 404],
  ['/pip/pool', 404],
  ['/pip/requests', 404],
  ['/pip/requests/12/', 404],
  ['/pip/requests/12', 404],
  ['/pip/requests/0/requirements.txt', 404],
  ['/pip/requests/01/requirements.txt', 404],
  ['/pip/requests/-1/requirements.txt', 404],
  ['/pip/requests/1e3/requirements.txt', 404],
  ['/pip/requests/9999999999999999/requirements.txt', 404],
  ['/pip/requests/12/other.txt', 404],
  ['/pip/requests/12/requirements.txt/', 404],
  ['/pip/Simple/', 404],
  ['/pip/-simple/', 404],
  [`/pip/${'a'.repeat(33)}/`, 404],
  ['/pip/simple/-numpy/', 404],
  ['/pip/simple/numpy-/', 404],
  ['/pip/simple/num+py/', 404],
  ['/pip/simple/numpy/numpy-1.0-py3-none-any.whl', 404],
  ['/pip/simple/numpy/x/', 404],
  ['/pip/simple/numpy/x/index.html', 404],
  [`/pip/pool/cd/${digest}/x.whl`, 404],
  [`/pip/pool/ab/${digest.toUpperCase()}/x.whl`, 404],
  [`/pip/pool/ab/${digest.slice(1)}/x.whl`, 404],
  [`/pip/pool/${pool}/`, 404],
  [`/pip/pool/${pool}/x.whl/`, 404],
  [`/pip/pool/${pool}/x/y.whl`, 404],
  [`/pip/pool/${pool}/.metadata`, 404],
  [`/apt/pool/${pool}/.x.deb`, 404],
  ['/apt/', 404],
  ['/apt/trixie', 404],
  ['/apt/trixie/', 404],
  ['/apt/./trixie/InRelease', 404],
  ['/apt/trixie/././InRelease', 404],
  ['/apt/trixie/./../InRelease', 404],
  ['/apt/trixie/%2e/InRelease', 404],
  ['/apt/Trixie/InRelease', 404],
  ['/homepod', 404],
  ['/homepod/', 404],
  ['/homepod/./setup.sh', 404],
  ['/pip/./simple/', 404],
  ['/pip/simple/./numpy/', 404],
]

test('any other target has no place', () => {
  for (const [target, refusal] of nowhere) assert.equal(placeOf(target), refusal, target)
})

test('a place is always inside a folder that Airlock owns, whatever the characters', () => {
  const alphabet = [
    '.',
    '..',
    '%2e',
    '%2f',
    '/',
    '\\',
    '%5c',
    '%00',
    'pip',
    'apt',
    'simple',
    'pool',
    'ab',
    digest,
    'x',
    '~',
    '+',
    '%25',
    '?',
    '#',
    ' ',
  ]
  let seed = 1
  const pick = (): string => alphabet[(seed = (seed * 48271) % 2147483647) % alphabet.length]!
  for (let round = 0; round < 50_000; round++) {
    const target = `/${Array.from({ length: 1 + (seed % 7) }, pick).join(seed % 3 ? '/' : '')}`
    const place = placeOf(target)
    if (typeof place === 'number' || place.kind === 'front' || place.kind === 'health') continue
    const path =
      place.kind === 'file' ? place.path : place.kind === 'page' ? place.url.slice(1, -1) : place.page.url.slice(1, -1)
    assert.match(path, /^(?:pip|apt|homepod)(?:\/[A-Za-z0-9][A-Za-z0-9._+!~-]*)+$/, target)
  }
})

test('names are normalised as PEP 503 says', () => {
  for (const [name, normal] of [
    ['Foo', 'foo'],
    ['a.b_c-d', 'a-b-c-d'],
    ['a--__..b', 'a-b'],
    ['ABC123', 'abc123'],
  ] as const)
    assert.equal(normalised(name), normal)
})
