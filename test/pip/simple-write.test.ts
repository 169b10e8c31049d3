import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { readProjectPage } from '../../server/pip/simple-read.ts'
import { renderIndex, renderProject } from '../../server/pip/simple-write.ts'
import { inTree, poolPath } from '../../storage/layout.ts'
import type { Artifact, JsonObject } from '../../storage/records.ts'
import { temporaryFolder } from '../support/folders.ts'
import { makeWheel } from '../support/wheels.ts'
import { ownTime } from '../support/own-time.ts'

const sha = (text: string) => createHash('sha256').update(text).digest('hex')

function artifact(file: string, version: string, facts: JsonObject = {}, more: Partial<Artifact> = {}): Artifact {
  return {
    ecosystem: 'pip',
    name: 'some-pkg',
    version,
    file,
    sha256: sha(file),
    size: 5,
    origin: 'default',
    url: `https://files.example/${file}`,
    uploadedAt: '2024-01-02T03:04:05.678901Z',
    facts,
    ...more,
  }
}

const wheel = artifact('some_pkg-1.0+cu118-py3-none-any.whl', '1.0+cu118', {
  requiresPython: '>=3.8, <4',
  yanked: 'it\'s "bad" & <b>',
  metadataSha256: sha('m'),
})
const plain = artifact(
  'some_pkg-0.9-py3-none-any.whl',
  '0.9',
  { requiresPython: null, yanked: false },
  { uploadedAt: null, size: null },
)
const base = 'http://mirror.example/pip/simple/some-pkg/'
const read = (body: string, contentType: string) => readProjectPage({ url: base, contentType, body: Buffer.from(body) })

test('what is written is what is read, from JSON and from HTML alike', () => {
  const { html, json } = renderProject({ name: 'some-pkg', artifacts: [wheel, plain] })
  const address = (file: Artifact) =>
    new URL(`/pip/pool/${file.sha256.slice(0, 2)}/${file.sha256}/${encodeURIComponent(file.file)}`, base).href
  const common = [
    {
      file: plain.file,
      url: address(plain),
      sha256: plain.sha256,
      requiresPython: null,
      yanked: false,
      coreMetadata: false,
    },
    {
      file: wheel.file,
      url: address(wheel),
      sha256: wheel.sha256,
      requiresPython: '>=3.8, <4',
      yanked: 'it\'s "bad" & <b>',
      coreMetadata: { sha256: sha('m') },
    },
  ]
  const fromJson = read(json, 'application/vnd.pypi.simple.v1+json')
  assert.deepEqual(fromJson.versions, ['0.9', '1.0+cu118'])
  assert.equal(fromJson.name, 'some-pkg')
  assert.deepEqual(fromJson.files, [
    { ...common[0], size: null, uploadedAt: null },
    { ...common[1], size: 5, uploadedAt: '2024-01-02T03:04:05.678901Z' },
  ])
  assert.deepEqual(
    read(html, 'text/html').files,
    common.map((file) => ({ ...file, size: null, uploadedAt: null })),
  )
})

test('the bytes are these, for good: pods cache them and rebuilds must repeat them', () => {
  const { html, json } = renderProject({ name: 'some-pkg', artifacts: [wheel] })
  const href = `../../pool/${wheel.sha256.slice(0, 2)}/${wheel.sha256}/some_pkg-1.0%2Bcu118-py3-none-any.whl`
  assert.equal(
    html,
    `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="pypi:repository-version" content="1.1">
<title>Links for some-pkg</title>
</head>
<body>
<h1>Links for some-pkg</h1>
<a href="${href}#sha256=${wheel.sha256}" data-requires-python="&gt;=3.8, &lt;4" data-core-metadata="sha256=${sha('m')}" data-yanked="it&#39;s &quot;bad&quot; &amp; &lt;b&gt;">some_pkg-1.0+cu118-py3-none-any.whl</a><br>
</body>
</html>
`,
  )
  assert.equal(
    json,
    `{"meta":{"api-version":"1.1"},"name":"some-pkg","versions":["1.0+cu118"],"files":[{"filename":"some_pkg-1.0+cu118-py3-none-any.whl","url":"${href}","hashes":{"sha256":"${wheel.sha256}"},"requires-python":">=3.8, <4","size":5,"upload-time":"2024-01-02T03:04:05.678901Z","yanked":"it's \\"bad\\" & <b>","core-metadata":{"sha256":"${sha('m')}"}}]}`,
  )
})

test('the order of what is listed changes no byte, nor does the order of its facts', () => {
  const artifacts = ['1.10', '1.9', '1!0.1', '1.9rc1', '1.9.0'].map((version) =>
    artifact(`some_pkg-${version}-py3-none-any.whl`, version),
  )
  const expected = renderProject({ name: 'some-pkg', artifacts })
  assert.deepEqual(renderProject({ name: 'some-pkg', artifacts: artifacts.toReversed() }), expected)
  assert.deepEqual(JSON.parse(expected.json).versions, ['1.9rc1', '1.9', '1.9.0', '1.10', '1!0.1'])
  const turned = { ...wheel, facts: Object.fromEntries(Object.entries(wheel.facts).toReversed()) }
  assert.deepEqual(
    renderProject({ name: 'some-pkg', artifacts: [turned] }),
    renderProject({ name: 'some-pkg', artifacts: [wheel] }),
  )
})

test('a yank without a reason is one: true in JSON, empty in HTML', () => {
  const { html, json } = renderProject({
    name: 'x',
    artifacts: [artifact('x-1-py3-none-any.whl', '1', { yanked: '' })],
  })
  assert.equal(JSON.parse(json).files[0].yanked, true)
  assert.match(html, / data-yanked="">/)
})

test('facts of the wrong kind are not written', () => {
  const { html, json } = renderProject({
    name: 'x',
    artifacts: [artifact('x-1-py3-none-any.whl', '1', { requiresPython: 5, yanked: null, metadataSha256: { a: 1 } })],
  })
  assert.doesNotMatch(html + json, /requires-python|data-yanked|metadata|object/)
})

test('a name that could leave its folder, or a digest that is none, is never written', () => {
  for (const more of [
    { file: '../x.whl' },
    { file: 'a/b.whl' },
    { file: '' },
    { sha256: 'abc' },
    { sha256: `../${sha('x').slice(3)}` },
    { sha256: sha('x').toUpperCase() },
  ])
    assert.throws(
      () => renderProject({ name: 'x', artifacts: [{ ...wheel, ...more }] }),
      RangeError,
      JSON.stringify(more),
    )
})

test('the index lists its projects, sorted, each once by name', () => {
  const { html, json } = renderIndex(['zope-interface', 'numpy', 'a', '0x'])
  assert.deepEqual(JSON.parse(json), {
    meta: { 'api-version': '1.1' },
    projects: [{ name: '0x' }, { name: 'a' }, { name: 'numpy' }, { name: 'zope-interface' }],
  })
  assert.deepEqual(html.match(/<a href="[^"]+">[^<]+<\/a><br>/g), [
    '<a href="0x/">0x</a><br>',
    '<a href="a/">a</a><br>',
    '<a href="numpy/">numpy</a><br>',
    '<a href="zope-interface/">zope-interface</a><br>',
  ])
  assert.deepEqual(renderIndex(['b', 'a']), renderIndex(['a', 'b']))
})

test('an empty index and an empty project are pages too', () => {
  assert.match(renderIndex([]).html, /<h1>Simple index<\/h1>\n<\/body>/)
  assert.deepEqual(JSON.parse(renderProject({ name: 'x', artifacts: [] }).json), {
    meta: { 'api-version': '1.1' },
    name: 'x',
    versions: [],
    files: [],
  })
})

test('3,000 files are rendered in a fraction of a second', () => {
  const artifacts = Array.from({ length: 3000 }, (_, at) =>
    artifact(`some_pkg-1.${at}-cp311-cp311-manylinux_2_17_x86_64.whl`, `1.${at}`, wheel.facts),
  )
  const times = Array.from({ length: 3 }, () => {
    const start = ownTime()
    renderProject({ name: 'some-pkg', artifacts })
    return ownTime() - start
  })
  assert.ok(Math.min(...times) < 200, String(times))
})

test('pip installs from these pages in a folder, dependencies and local versions included', async (t) => {
  const root = await temporaryFolder(t)
  const wheels = [
    makeWheel({ name: 'app', version: '1.0', requires: ['lib>=2'], requiresPython: '>=3' }),
    makeWheel({ name: 'app', version: '2.0', requiresPython: '>=99' }),
    makeWheel({ name: 'lib', version: '2.0+cu118' }),
    makeWheel({ name: 'lib', version: '3.0' }),
  ]
  const listed = wheels.map(({ name, version, file, sha256, bytes, metadata }) => ({
    bytes,
    metadata,
    artifact: artifact(
      file,
      version,
      {
        requiresPython: file.startsWith('app-2') ? '>=99' : '>=3',
        yanked: file.startsWith('lib-3') && 'bad',
        metadataSha256: createHash('sha256').update(metadata).digest('hex'),
      },
      { name, sha256, size: bytes.length },
    ),
  }))
  const write = async (path: string, content: string | Buffer) => {
    await mkdir(dirname(inTree(root, path)), { recursive: true })
    await writeFile(inTree(root, path), content)
  }
  for (const {
    artifact: { sha256, file },
    bytes,
    metadata,
  } of listed) {
    await write(poolPath('pip', sha256, file), bytes)
    await write(`${poolPath('pip', sha256, file)}.metadata`, metadata)
  }
  for (const name of ['app', 'lib'])
    await write(
      `pip/simple/${name}/index.html`,
      renderProject({ name, artifacts: listed.map((entry) => entry.artifact).filter((entry) => entry.name === name) })
        .html,
    )
  const target = join(root, 'installed')
  await promisify(execFile)('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--isolated',
    '--no-cache-dir',
    '--disable-pip-version-check',
    '--root-user-action=ignore',
    '--target',
    target,
    '--index-url',
    `file://${root}/pip/simple/`,
    'app',
  ])
  const { stdout } = await promisify(execFile)('python3', [
    '-m',
    'pip',
    'list',
    '--disable-pip-version-check',
    '--format=freeze',
    '--path',
    target,
  ])
  assert.deepEqual(stdout.trim().split('\n'), ['app==1.0', 'lib==2.0+cu118'])
})
