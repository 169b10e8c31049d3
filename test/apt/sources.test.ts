import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAuth } from '../../server/apt/origins.ts'
import { formatPreferences } from '../../server/apt/preferences.ts'
import { formatSources, fromGateway, parseSources, throughGateway, wordsFromGateway } from '../../server/apt/sources.ts'

const plain = (text: string) => {
  const { sources, faults, credentials } = parseSources(text, 'x')
  return {
    sources: sources.map(({ options, ...rest }) => ({ ...rest, options: Object.fromEntries(options) })),
    faults,
    credentials,
  }
}

test('both forms say the same', () => {
  const one = plain(
    'deb [arch=amd64,arm64 signed-by=/k.gpg trusted=no] http://archive.example/debian stable main contrib',
  )
  const other = plain(
    'Types: deb deb-src\nURIs: http://archive.example/debian\nSuites: stable\nComponents: main contrib\nArchitectures: amd64 arm64\nSigned-By: /k.gpg\nTrusted: no\n',
  )
  assert.deepEqual(
    { ...one.sources[0], place: '' },
    { ...other.sources[0], place: '', options: one.sources[0]!.options },
  )
  assert.deepEqual(one.sources[0]!.options, { Architectures: 'amd64 arm64', 'Signed-By': '/k.gpg', Trusted: 'no' })
})

test('comments, disabled entries and sources of source packages are left out', () => {
  const text =
    '# deb http://no.example a b\n\ndeb-src http://no.example a b\n  deb http://yes.example stable main # why\n'
  assert.deepEqual(
    plain(text).sources.map(({ uris, place }) => [uris, place]),
    [[['http://yes.example/'], 'x:4']],
  )
  const deb822 =
    '# a comment\nTypes: deb\nURIs: http://no.example\nSuites: a\nEnabled: no\n\nTypes: deb-src\nURIs: http://no.example\nSuites: a\n\nTypes: deb\n# inside\nURIs: http://yes.example\nSuites:\n a\n b\n'
  assert.deepEqual(
    plain(deb822).sources.map(({ uris, suites }) => [uris, suites]),
    [[['http://yes.example/'], ['a', 'b']]],
  )
})

test('every other kind of source is a fault that names it', () => {
  for (const uri of [
    'cdrom:[Disc]/',
    'ftp://h.example/d',
    'ssh://h.example/d',
    'mirror+http://h.example/l',
    'tor+https://h.example',
    'copy:/srv',
    's3://b/d',
    'nonsense',
  ]) {
    const { sources, faults } = plain(`deb ${uri} stable main`)
    assert.deepEqual(sources, [], uri)
    assert.equal(faults[0]?.uri, uri)
  }
})

test('of several addresses in one entry the good ones stay', () => {
  const { sources, faults } = plain(
    'Types: deb\nURIs: http://a.example ftp://b.example https://c.example/x\nSuites: s\n',
  )
  assert.deepEqual(sources[0]!.uris, ['http://a.example/', 'https://c.example/x'])
  assert.equal(faults.length, 1)
})

test('a password in an address goes to the credentials and nowhere else', () => {
  const { sources, credentials } = plain('deb https://us:pass@h.example/d stable main')
  assert.deepEqual(sources[0]!.uris, ['https://h.example/d'])
  assert.deepEqual(credentials, ['https://us:pass@h.example/d'])
})

test('an https archive is asked through the gateway under a name that comes back', () => {
  for (const uri of ['https://h.example/debian', 'https://h.example:8443/a/b/']) {
    assert.match(throughGateway(uri), /^http:\/\/h\.example\.https\.airlock[:/]/)
    assert.equal(fromGateway(`${throughGateway(uri)}/pool/x.deb`), `${uri}/pool/x.deb`)
  }
  assert.equal(throughGateway('http://h.example/d'), 'http://h.example/d')
  assert.equal(fromGateway('http://h.example/d'), 'http://h.example/d')
  assert.equal(
    wordsFromGateway("E: 'http://h.example.https.airlock/d stable' is bad"),
    "E: 'https://h.example/d stable' is bad",
  )
})

test('written sources keep an inline key and what else was said', () => {
  const key = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n.\nabc\n-----END PGP PUBLIC KEY BLOCK-----'
  const text = `Types: deb\nURIs: https://h.example/d\nSuites: s\nComponents: main\nSigned-By:\n ${key.replaceAll('\n', '\n ')}\nCheck-Valid-Until: no\n`
  const written = formatSources(parseSources(text, 'x').sources, (value) => value)
  assert.match(written, /^URIs: http:\/\/h\.example\.https\.airlock\/d$/m)
  assert.match(written, /^Signed-By: *\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \.\n abc\n -----END/m)
  assert.match(written, /^Check-Valid-Until: no$/m)
})

test('a pin on an https host is a pin on its name within', () => {
  const { sources } = parseSources('deb https://h.example/d s main', 'x')
  const text =
    'Package: *\nPin: origin h.example\nPin-Priority: 600\n\nPackage: x\nPin: origin "other.example"\nPin-Priority: 1\n'
  const written = formatPreferences(text, sources)
  assert.match(written, /^Pin: origin "h\.example\.https\.airlock"$/m)
  assert.match(written, /^Pin: origin "other\.example"$/m)
  assert.doesNotMatch(written, /origin h\.example$/m)
})

test('auth.conf is read as apt reads it', () => {
  assert.deepEqual(
    parseAuth('# no\nmachine h.example/debian\n login a password b\nmachine http://i.example:80 login c password d\n'),
    [
      { protocol: null, host: 'h.example', path: '/debian', user: 'a', password: 'b' },
      { protocol: 'http', host: 'i.example:80', path: '', user: 'c', password: 'd' },
    ],
  )
})

test('a line is read in time that grows as it does', () => {
  const began = performance.now()
  for (const many of [' ', ' x', '#', ' #']) parseSources(`deb http://h.example/d s main${many.repeat(50_000)}x`, 'x')
  assert.ok(performance.now() - began < 1000)
})
