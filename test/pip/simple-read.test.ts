import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { AirlockError, type Phrase } from '../../server/errors.ts'
import { readProjectPage, type ProjectFile } from '../../server/pip/simple-read.ts'
import { ownTime } from '../support/own-time.ts'

const sha = (digit: string) => digit.repeat(64)
const url = 'https://index.example/simple/some-pkg/'
const json = 'application/vnd.pypi.simple.v1+json'

const readJson = (page: unknown, type = json) =>
  readProjectPage({ url, contentType: type, body: Buffer.from(typeof page === 'string' ? page : JSON.stringify(page)) })
const readHtml = (html: string, type = 'text/html; charset=UTF-8', at = url) =>
  readProjectPage({ url: at, contentType: type, body: Buffer.from(html) })
const oneJson = (file: unknown) => readJson({ meta: { 'api-version': '1.0' }, name: 'some-pkg', files: [file] }).files
const oneHtml = (link: string) => readHtml(`<html><body>${link}</body></html>`).files

const bare: ProjectFile = {
  file: 'some_pkg-1.0.tar.gz',
  url: 'https://files.example/some_pkg-1.0.tar.gz',
  sha256: null,
  size: null,
  uploadedAt: null,
  requiresPython: null,
  yanked: false,
  coreMetadata: false,
}
const bareJson = { filename: bare.file, url: bare.url, hashes: {} }

test('a JSON page says everything of a file', () => {
  const page = readJson({
    meta: { 'api-version': '1.4', 'project-status': 'active' },
    name: 'Some.Pkg',
    versions: ['1.0', '1.1', 3],
    files: [
      {
        filename: 'some_pkg-1.0-py3-none-any.whl',
        url: '../../files/some_pkg-1.0-py3-none-any.whl#frag',
        hashes: { sha256: sha('A'), md5: 'x' },
        'requires-python': '>=3.8, <4',
        size: 123,
        'upload-time': '2024-01-02T03:04:05.678901Z',
        yanked: 'broken <b>',
        'core-metadata': { sha256: sha('b') },
        'dist-info-metadata': false,
      },
      bareJson,
    ],
  })
  assert.deepEqual(page, {
    name: 'some-pkg',
    versions: ['1.0', '1.1'],
    files: [
      {
        file: 'some_pkg-1.0-py3-none-any.whl',
        url: 'https://index.example/files/some_pkg-1.0-py3-none-any.whl',
        sha256: sha('a'),
        size: 123,
        uploadedAt: '2024-01-02T03:04:05.678901Z',
        requiresPython: '>=3.8, <4',
        yanked: 'broken <b>',
        coreMetadata: { sha256: sha('b') },
      },
      bare,
    ],
  })
})

test('an HTML page says what HTML can say, with its entities read', () => {
  const page =
    readHtml(`<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.3"></head><body><h1>Links</h1>
    <A HREF="../../files/some_pkg-1.0%2Bcu118-py3-none-any.whl#sha256=${sha('a')}" data-requires-python="&gt;=3.8, &lt;4"
       data-dist-info-metadata="sha256=${sha('c')}" data-core-metadata="sha256=${sha('b')}" data-yanked="it&#39;s &quot;bad&quot;"> any text </A><br />
    <a href="https://files.example/some_pkg-1.0.tar.gz">x</a></body></html>`)
  assert.deepEqual(page, {
    name: null,
    versions: null,
    files: [
      {
        file: 'some_pkg-1.0+cu118-py3-none-any.whl',
        url: 'https://index.example/files/some_pkg-1.0%2Bcu118-py3-none-any.whl',
        sha256: sha('a'),
        size: null,
        uploadedAt: null,
        requiresPython: '>=3.8, <4',
        yanked: `it's "bad"`,
        coreMetadata: { sha256: sha('b') },
      },
      bare,
    ],
  })
})

test('both names of the metadata are read, the newer one first', () => {
  const cases: readonly (readonly [Record<string, unknown>, ProjectFile['coreMetadata']])[] = [
    [{ 'core-metadata': true }, true],
    [{ 'dist-info-metadata': true }, true],
    [{ 'dist-info-metadata': { sha256: sha('d') } }, { sha256: sha('d') }],
    [{ 'core-metadata': false, 'dist-info-metadata': true }, false],
    [{ 'core-metadata': { md5: 'x' } }, true],
    [{ 'core-metadata': { sha256: 'short' } }, true],
    [{ 'core-metadata': 'yes' }, false],
    [{ 'core-metadata': null, 'dist-info-metadata': true }, true],
    [{}, false],
  ]
  for (const [fields, expected] of cases)
    assert.deepEqual(oneJson({ ...bareJson, ...fields })[0]!.coreMetadata, expected)
  const html: readonly (readonly [string, ProjectFile['coreMetadata']])[] = [
    ['data-core-metadata="true"', true],
    ['data-core-metadata', true],
    ['data-dist-info-metadata="true"', true],
    ['data-core-metadata="false" data-dist-info-metadata="true"', false],
    [`data-core-metadata="sha256=${sha('e')}"`, { sha256: sha('e') }],
    ['data-core-metadata="md5=x"', true],
  ]
  for (const [attribute, expected] of html)
    assert.deepEqual(oneHtml(`<a href="${bare.url}" ${attribute}>x</a>`)[0]!.coreMetadata, expected, attribute)
})

test('a yank is kept with its reason, or as one without a reason', () => {
  const cases: readonly (readonly [unknown, ProjectFile['yanked']])[] = [
    [true, ''],
    [false, false],
    ['', ''],
    ['why', 'why'],
    [null, false],
    [1, false],
    [undefined, false],
  ]
  for (const [yanked, expected] of cases)
    assert.equal(oneJson({ ...bareJson, yanked })[0]!.yanked, expected, String(yanked))
  assert.equal(oneHtml(`<a href="${bare.url}" data-yanked>x</a>`)[0]!.yanked, '')
  assert.equal(oneHtml(`<a href="${bare.url}" data-yanked="why">x</a>`)[0]!.yanked, 'why')
})

test('links start from where the page came from, or from its base', () => {
  const link = (href: string, head = '') =>
    readHtml(`<head>${head}</head><a href="${href}">x</a>`, 'text/html', 'https://mirror.example/a/simple/x/?page=1')
      .files[0]?.url
  assert.equal(link('x-1.0.tar.gz'), 'https://mirror.example/a/simple/x/x-1.0.tar.gz')
  assert.equal(link('../../pool/x-1.0.tar.gz'), 'https://mirror.example/a/pool/x-1.0.tar.gz')
  assert.equal(link('/x-1.0.tar.gz'), 'https://mirror.example/x-1.0.tar.gz')
  assert.equal(link('//cdn.example/x-1.0.tar.gz'), 'https://cdn.example/x-1.0.tar.gz')
  assert.equal(link('http://cdn.example:8080/x-1.0.tar.gz'), 'http://cdn.example:8080/x-1.0.tar.gz')
  assert.equal(
    link('x-1.0.tar.gz', '<base href="https://base.example/files/">'),
    'https://base.example/files/x-1.0.tar.gz',
  )
  assert.equal(
    link('x-1.0.tar.gz', '<base href="../files/"><base href="https://second.example/">'),
    'https://mirror.example/a/simple/files/x-1.0.tar.gz',
  )
  assert.equal(link('  x-1.0.tar.gz  '), 'https://mirror.example/a/simple/x/x-1.0.tar.gz')
  assert.equal(link('x-1.0.tar.gz', '<base href="javascript:alert(1)//">'), undefined)
  assert.equal(link('x-1.0.tar.gz', '<base href="http://user:secret@base.example/">'), undefined)
})

const hostileLinks = [
  'file:///etc/passwd/x-1.0.tar.gz',
  'ftp://files.example/x-1.0.tar.gz',
  'javascript:x-1.0.tar.gz',
  'data:text/plain,/x-1.0.tar.gz',
  'git+https://files.example/x-1.0.tar.gz',
  'https://user@files.example/x-1.0.tar.gz',
  'https://user:secret@files.example/x-1.0.tar.gz',
  'https://:secret@files.example/x-1.0.tar.gz',
  'https:///',
  'https://',
  'https://files example/x-1.0.tar.gz',
  'https://[::1/x-1.0.tar.gz',
  'https://files.example:99999/x-1.0.tar.gz',
  'blob:https://files.example/x-1.0.tar.gz',
  'ws://files.example/x-1.0.tar.gz',
  `https://files.example/${'a/'.repeat(1100)}x-1.0.tar.gz`,
]

test('a link to anything but a file over http is left out', () => {
  for (const href of hostileLinks) {
    assert.deepEqual(oneJson({ ...bareJson, url: href }), [], href)
    assert.deepEqual(oneHtml(`<a href="${href}">x</a>`), [], href)
  }
})

test('a file whose name could be a path, an option or markup is left out', () => {
  const names = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '-x.whl',
    '.hidden',
    'a b.whl',
    'a\0.whl',
    'a\n.whl',
    'é.whl',
    'a%2f.whl',
    'a;b.whl',
    '<a>.whl',
    'a"b.whl',
    'a'.repeat(201),
    5,
    null,
    undefined,
    {},
    [],
  ]
  for (const filename of names) assert.deepEqual(oneJson({ ...bareJson, filename }), [], JSON.stringify(filename))
  for (const segment of [
    '',
    '%2e%2e',
    '..%2fx.whl',
    '%2Fetc',
    'a%00.whl',
    'a%0a.whl',
    '%E9.whl',
    '%zz.whl',
    'a%20b.whl',
    '-x.whl',
    '%3Cb%3E.whl',
  ])
    assert.deepEqual(oneHtml(`<a href="https://files.example/${segment}#sha256=${sha('a')}">x</a>`), [], segment)
})

test('an address is normal: without dots, hash and upper case in its host', () => {
  const cases = {
    'HTTPS://Files.EXAMPLE/x/../y.whl#a': 'https://files.example/y.whl',
    'https://files.example/%2e%2e/y.whl': 'https://files.example/y.whl',
    'https://files.example/a//y.whl': 'https://files.example/a//y.whl',
    'https://files.example:443/y.whl': 'https://files.example/y.whl',
    'https://files.example/a/%2E/y.whl?q=1#f': 'https://files.example/a/y.whl?q=1',
    'https:files.example/y.whl': 'https://index.example/simple/some-pkg/files.example/y.whl',
  }
  for (const [href, expected] of Object.entries(cases))
    assert.equal(new URL(oneJson({ ...bareJson, url: href })[0]!.url).href, expected, href)
})

test('metadata behind a query has no address of its own', () => {
  assert.equal(
    oneJson({ ...bareJson, url: 'https://files.example/a.whl?token=1', 'core-metadata': true })[0]!.coreMetadata,
    false,
  )
})

test('a field of the wrong kind says nothing, and the file stays', () => {
  const wrong = {
    hashes: [
      null,
      'x',
      [],
      { sha256: 5 },
      { sha256: 'abc' },
      { sha256: `${sha('a')}0` },
      { sha256: `${sha('a')}\n` },
      { md5: 'x' },
    ],
    size: [-1, 1.5, '5', null, 1e300, {}],
    'upload-time': [
      'yesterday',
      5,
      null,
      '2024-01-02',
      '2024-13-02T03:04:05Z',
      '2024-01-02T03:04:05+08:00',
      '2024-01-02T03:04:05Z<script>',
    ],
    'requires-python': [5, null, '', '>=3.8\n', '≥3.8', 'x'.repeat(1001), {}],
  }
  for (const [key, values] of Object.entries(wrong))
    for (const value of values)
      assert.deepEqual(oneJson({ ...bareJson, [key]: value }), [bare], `${key} ${JSON.stringify(value)}`)
})

test('entries that are no objects, and links that are none, are left out', () => {
  assert.deepEqual(readJson({ meta: {}, files: [null, 1, 'x', [], {}, bareJson] }).files, [bare])
  assert.deepEqual(
    oneHtml(
      `<a>x</a><a name="y">y</a><link href="${bare.url}"><!-- <a href="${bare.url}">z</a> --><script>'<a href="${bare.url}">'</script>`,
    ),
    [],
  )
})

test('the last of several digests in a link’s hash is found too', () => {
  assert.equal(oneHtml(`<a href="${bare.url}#egg=x&sha256=${sha('f')}">x</a>`)[0]!.sha256, sha('f'))
  for (const hash of ['md5=x', 'sha256=short', `xsha256=${sha('f')}`, `sha256=${sha('f')}0`])
    assert.equal(oneHtml(`<a href="${bare.url}#${hash}">x</a>`)[0]!.sha256, null, hash)
})

test('every usual name of the types is known', () => {
  const page = { meta: { 'api-version': '1.0' }, files: [bareJson] }
  for (const type of [
    'application/json',
    'application/vnd.pypi.simple.v1+json',
    'application/vnd.pypi.simple.latest+json',
    'Application/JSON; charset=utf-8',
  ])
    assert.equal(readJson(page, type).files.length, 1, type)
  for (const type of ['text/html', 'application/vnd.pypi.simple.v1+html', 'TEXT/HTML;charset=utf-8'])
    assert.equal(readHtml(`<a href="${bare.url}">`, type).files.length, 1, type)
})

test('an answer that is no project’s page is refused, with where and why', () => {
  const refused = (read: () => unknown, reason: RegExp) =>
    assert.throws(read, (error) => {
      assert.ok(error instanceof AirlockError)
      assert.equal(error.code, 'upstream-answer-invalid')
      assert.equal(error.fields.host, 'index.example')
      assert.equal(error.fields.what, '/simple/some-pkg/')
      assert.match((error.fields.reason as Phrase).en, reason)
      return true
    })
  for (const text of ['', '{', '<html>', '{"files":[}', 'null garbage']) refused(() => readJson(text), /not JSON/)
  for (const page of [null, 5, 'x', [], [1]]) refused(() => readJson(JSON.stringify(page)), /not an object/)
  for (const files of [undefined, null, {}, 'x', 5]) refused(() => readJson({ meta: {}, files }), /lists no files/)
  for (const version of ['2.0', '0.1', '10.0', 'x', '', '1', 1, 1.5, {}, '1.x'])
    refused(() => readJson({ meta: { 'api-version': version }, files: [] }), /version is/)
  refused(() => readHtml('<meta name="pypi:repository-version" content="2.0">'), /version is "2\.0"/)
  for (const type of [
    '',
    'text/plain',
    'application/octet-stream',
    'application/vnd.pypi.simple.v2+json',
    'text/html-ish',
    'application/xml',
    'x'.repeat(500),
  ])
    refused(() => readJson({ files: [] }, type), /its type is/)
  refused(() => readJson({ meta: {}, files: Array.from({ length: 100_001 }, () => null) }), /more than 100000/)
  refused(() => readHtml('<a href="x.whl">'.repeat(100_001)), /more than 100000/)
})

test('a page without a version is of the first one, and an empty page is one', () => {
  assert.deepEqual(readJson({ files: [] }), { name: null, files: [], versions: null })
  assert.deepEqual(readHtml(''), { name: null, files: [], versions: null })
})

test('nothing that is on a page crashes the reader', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      try {
        readJson(text)
        readJson(`{"files":[${text}]}`)
      } catch (error) {
        if (!(error instanceof AirlockError)) throw error
      }
    }),
  )
  const piece = fc.constantFrom(
    '<a ',
    'href="',
    '">',
    "'",
    '</a>',
    '<base ',
    '&',
    '&#',
    ';',
    '<!--',
    '-->',
    '#sha256=',
    'data-yanked',
    '=',
    ' ',
    'x.whl',
    '\0',
    '%',
    '//',
    '<![CDATA[',
    '<?',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => void readHtml(pieces.join(''))),
    { numRuns: 2000 },
  )
})

test('a page of 10,000 files is read in a fraction of a second', () => {
  const files = Array.from({ length: 10_000 }, (_, at) => ({
    ...bareJson,
    filename: `some_pkg-1.${at}-cp311-cp311-manylinux_2_17_x86_64.whl`,
    url: `https://files.example/packages/ab/cd/${sha('a')}/some_pkg-1.${at}-cp311-cp311-manylinux_2_17_x86_64.whl`,
    hashes: { sha256: sha('a') },
    size: at,
  }))
  const body = Buffer.from(JSON.stringify({ meta: { 'api-version': '1.1' }, files }))
  const times = Array.from({ length: 5 }, () => {
    const start = ownTime()
    assert.equal(readProjectPage({ url, contentType: json, body }).files.length, 10_000)
    return ownTime() - start
  })
  assert.ok(Math.min(...times) < 200, String(times))
})
