import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { parse as parseToml } from 'smol-toml'
import { readPylock, renderPylock, renderRequirements } from '../../server/pip/lock.ts'
import { renderProject } from '../../server/pip/simple-write.ts'
import { inTree, poolPath } from '../../storage/layout.ts'
import type { Artifact } from '../../storage/records.ts'
import { uv } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startIndex } from '../support/index.ts'
import { makeSdist, makeWheel, type MadeWheel } from '../support/wheels.ts'

const run = promisify(execFile)
/** Plain objects, where the TOML reader makes some without a prototype. */
const parse = (text: string): unknown => structuredClone(parseToml(text))
const digest = 'ab'.repeat(32)

const artifactOf = ({ name, version, file, sha256, bytes }: MadeWheel): Artifact => ({
  ecosystem: 'pip',
  name,
  version,
  file,
  sha256,
  size: bytes.length,
  origin: 'default',
  url: `https://files.example/${file}`,
  uploadedAt: null,
  facts: {},
})
const item = {
  name: 'some-pkg',
  version: '1.0+cu118',
  file: 'some_pkg-1.0+cu118-py3-none-any.whl',
  sha256: digest,
  size: 5,
}
const other = { name: 'a', version: '2', file: 'a-2-py3-none-any.whl', sha256: 'cd'.repeat(32), size: null }

test('requirements are one line a release, sorted, each with its hash, and say how to install them', () => {
  const text = renderRequirements([item, other])
  assert.equal(
    text,
    `# pip install --no-deps --require-hashes -r requirements.txt\na==2 --hash=sha256:${other.sha256}\nsome-pkg==1.0+cu118 --hash=sha256:${digest}\n`,
  )
  assert.equal(renderRequirements([other, item]), text)
  assert.equal(renderRequirements([]), '# pip install --no-deps --require-hashes -r requirements.txt\n')
})

test('a pylock names each wheel by an unescaped path from its own folder', () => {
  const text = renderPylock([item, other])
  assert.deepEqual(parse(text), {
    'lock-version': '1.0',
    'created-by': 'airlock',
    packages: [
      {
        name: 'a',
        version: '2',
        wheels: [
          { name: other.file, path: `../../pool/cd/${other.sha256}/${other.file}`, hashes: { sha256: other.sha256 } },
        ],
      },
      {
        name: 'some-pkg',
        version: '1.0+cu118',
        wheels: [
          { name: item.file, path: `../../pool/ab/${digest}/${item.file}`, size: 5, hashes: { sha256: digest } },
        ],
      },
    ],
  })
  assert.equal(renderPylock([other, item]), text)
  assert.deepEqual(parse(renderPylock([])), { 'lock-version': '1.0', 'created-by': 'airlock', packages: [] })
})

test('a text that TOML would read as more than a text stays one', () => {
  const odd = { ...other, version: '1"\n[[packages]]\nname = "evil\u007f\u0001' }
  assert.deepEqual(
    (parse(renderPylock([odd])) as { packages: { version: string }[] }).packages.map(({ version }) => version),
    [odd.version],
  )
})

test('a file that could leave its folder is in no lock', () => {
  for (const wrong of [
    { ...item, file: '../x.whl' },
    { ...item, sha256: '..' },
  ])
    assert.throws(() => renderPylock([wrong]), RangeError)
})

test('a lock gives each package with every wheel, and what is absent is null', () => {
  const [first, second] = readPylock(`
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11.7"
[[packages]]
name = "Some.Pkg"
version = "1.0+cu118"
marker = "sys_platform == 'linux'"
sdist = { url = "https://files.example/some_pkg-1.0.tar.gz", size = 9, hashes = { sha256 = "${digest}" } }
wheels = [
  { url = "https://files.example/ab/some_pkg-1.0%2Bcu118-py3-none-any.whl", upload-time = 2024-01-02T03:04:05Z, size = 5, hashes = { sha256 = "${digest}" } },
  { name = "named.whl", url = "../relative/other.whl", hashes = {} },
]
[[packages]]
name = "b"
version = "2"
`)
  assert.deepEqual(first, {
    name: 'some-pkg',
    version: '1.0+cu118',
    marker: "sys_platform == 'linux'",
    sdist: { file: 'some_pkg-1.0.tar.gz', url: 'https://files.example/some_pkg-1.0.tar.gz', size: 9, sha256: digest },
    wheels: [
      {
        file: 'some_pkg-1.0+cu118-py3-none-any.whl',
        url: 'https://files.example/ab/some_pkg-1.0%2Bcu118-py3-none-any.whl',
        size: 5,
        sha256: digest,
      },
      { file: 'named.whl', url: '../relative/other.whl', size: null, sha256: null },
    ],
  })
  assert.deepEqual(second, { name: 'b', version: '2', marker: null, sdist: null, wheels: [] })
  assert.deepEqual(readPylock('lock-version = "1.0"\n'), [])
})

test('what is no lock is not read as an empty one', () => {
  const texts = [
    '',
    'lock-version = "2.0"',
    'lock-version = 1.0',
    'packages = []',
    'lock-version = "1.0"\npackages = 5',
    'lock-version = "1.0"\n[[packages]]\nname = "a"',
    'lock-version = "1.0"\n[[packages]]\nversion = "1"',
    'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = 1',
    'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\nwheels = [{}]',
    'not toml',
    'lock-version = "1.0"\n[[packages]\n',
    '{}',
  ]
  for (const text of texts) assert.throws(() => readPylock(text), text)
})

test('what uv solves is read: pins, digests, sizes, every wheel, the sdist', async (t) => {
  const index = await startIndex()
  t.after(() => index.close())
  const app = makeWheel({
    name: 'my.app',
    version: '1.0+cu118',
    requires: ['lib[x]>=1', 'winlib; sys_platform == "win32"'],
  })
  const lib = makeWheel({ name: 'lib', version: '1.5' })
  const native = makeWheel({ name: 'lib', version: '1.5', tag: 'cp311-cp311-manylinux_2_17_x86_64' })
  const alien = makeWheel({ name: 'lib', version: '1.5', tag: 'cp311-cp311-win_amd64' })
  const source = makeSdist({ name: 'lib', version: '1.5' })
  for (const made of [app, lib, native, alien, source]) index.add(made)
  const folder = await temporaryFolder(t)
  const output = join(folder, 'pylock.toml')
  await writeFile(join(folder, 'in.txt'), 'my-app\n')
  const args = [
    'pip',
    'compile',
    '--quiet',
    '--no-config',
    '--no-header',
    '--no-build',
    '--no-python-downloads',
    '--cache-dir',
    join(folder, 'cache'),
    '--format',
    'pylock.toml',
    '--python-version',
    '3.11.7',
    '--python-platform',
    'x86_64-manylinux_2_36',
    '--default-index',
    index.url,
    '--output-file',
    output,
  ]
  await run(uv, [...args, join(folder, 'in.txt')])
  const found = readPylock(await readFile(output, 'utf8'))
  assert.deepEqual(
    found.map(({ name, version }) => `${name} ${version}`),
    ['lib 1.5', 'my-app 1.0+cu118'],
  )
  const [{ wheels, sdist }, second] = found as [(typeof found)[number], (typeof found)[number]]
  assert.deepEqual(
    wheels.map(({ file, sha256, size }) => [file, sha256, size]),
    [native, lib].map(({ file, sha256, bytes }) => [file, sha256, bytes.length]),
  )
  assert.equal(sdist, null)
  assert.deepEqual(
    second.wheels.map(({ file, sha256 }) => [file, sha256]),
    [[app.file, app.sha256]],
  )
})

test('pip installs the requirements, and uv the lock, from a folder and nothing else', async (t) => {
  const root = await temporaryFolder(t)
  const wheels = [
    makeWheel({ name: 'app', version: '1.0', requires: ['lib'] }),
    makeWheel({ name: 'lib', version: '2.0+cu118' }),
  ]
  const write = async (path: string, content: string | Buffer) => {
    await mkdir(dirname(inTree(root, path)), { recursive: true })
    await writeFile(inTree(root, path), content)
  }
  const artifacts = wheels.map(artifactOf)
  for (const [at, artifact] of artifacts.entries()) {
    await write(poolPath('pip', artifact.sha256, artifact.file), wheels[at]!.bytes)
    await write(
      `pip/simple/${artifact.name}/index.html`,
      renderProject({ name: artifact.name, artifacts: [artifact] }).html,
    )
  }
  await write('pip/requests/1/requirements.txt', renderRequirements(artifacts))
  await write('pip/requests/1/pylock.toml', renderPylock(artifacts))
  const requirements = join(root, 'pip/requests/1/requirements.txt')
  await run('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--isolated',
    '--no-cache-dir',
    '--disable-pip-version-check',
    '--root-user-action=ignore',
    '--target',
    join(root, 'pip-installed'),
    '--index-url',
    `file://${root}/pip/simple/`,
    '--no-deps',
    '--require-hashes',
    '-r',
    requirements,
  ])
  await run(uv, [
    'pip',
    'install',
    '--quiet',
    '--no-config',
    '--offline',
    '--no-index',
    '--cache-dir',
    join(root, 'cache'),
    '--target',
    join(root, 'uv-installed'),
    '-r',
    join(root, 'pip/requests/1/pylock.toml'),
  ])
  for (const target of ['pip-installed', 'uv-installed']) {
    const { stdout } = await run('python3', [
      '-m',
      'pip',
      'list',
      '--disable-pip-version-check',
      '--format=freeze',
      '--path',
      join(root, target),
    ])
    assert.deepEqual(stdout.trim().split('\n'), ['app==1.0', 'lib==2.0+cu118'], target)
  }
})

test('pip takes nothing that does not match the requirements', async (t) => {
  const root = await temporaryFolder(t)
  const index = await startIndex()
  t.after(() => index.close())
  index.add(makeWheel({ name: 'app', version: '1.0', summary: 'other bytes' }))
  await writeFile(
    join(root, 'requirements.txt'),
    renderRequirements([artifactOf(makeWheel({ name: 'app', version: '1.0' }))]),
  )
  await assert.rejects(
    run('python3', [
      '-m',
      'pip',
      'install',
      '--isolated',
      '--no-cache-dir',
      '--disable-pip-version-check',
      '--target',
      join(root, 'x'),
      '--index-url',
      index.url,
      '--no-deps',
      '--require-hashes',
      '-r',
      join(root, 'requirements.txt'),
    ]),
    /DO NOT MATCH THE HASHES|hash/i,
  )
})
