/** Locks of every kind: what is read of them, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChild } from '../../server/child.ts'
import { AirlockError } from '../../server/errors.ts'
import { createReadLock } from '../../server/pip/lock-read.ts'
import { temporaryFolder } from '../support/folders.ts'
import { uv } from '../support/clients.ts'

const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string]

async function reader(t: Parameters<typeof temporaryFolder>[0]) {
  const work = await temporaryFolder(t)
  return createReadLock({ run: runChild, uv, work, isUpstream: () => false })
}

const refused = (reason: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AirlockError)
  assert.equal(error.code, 'lock-invalid')
  assert.match((error.fields['reason'] as { en: string }).en, reason)
  return true
}

const poetry = (packages: string, version = '2.1') => `${packages}\n[metadata]\nlock-version = "${version}"\n`

test('pylock.toml: releases, markers and every hash; what an extra or a group brings is wanted too', async (t) => {
  const text = `
lock-version = "1.0"
created-by = "x"
[[packages]]
name = "Some.Project"
version = "1.0"
marker = "python_version < '3.12' and ('cli' in extras or 'dev' in dependency_groups)"
sdist = { url = "https://files.example/s.tar.gz", hashes = { sha256 = "${a}" } }
wheels = [{ url = "https://files.example/s.whl", hashes = { sha256 = "${b}", md5 = "00" } }]
[[packages]]
name = "other"
version = "2.0"
marker = "'cli' in extras or sys_platform == 'win32'"
wheels = [{ path = "o.whl", hashes = { sha256 = "${c}" } }]
`
  const { roots, options } = await (await reader(t))('pylock.dev.toml', text)
  assert.deepEqual(roots, ['other==2.0', 'some-project==1.0 ; python_version < "3.12"'])
  assert.deepEqual(options, { hashes: { other: [c], 'some-project': [a, b] }, locked: true })
})

test('poetry.lock: one marker for all groups, or one a group', async (t) => {
  const text = poetry(`
[[package]]
name = "one"
version = "1.0"
groups = ["main"]
markers = "extra == \\"cli\\" and python_version >= \\"3.9\\""
files = [{file = "one.whl", hash = "sha256:${a}"}]
[[package]]
name = "two"
version = "1.0"
groups = ["main", "dev"]
markers = {main = "sys_platform == \\"linux\\"", dev = "python_version < \\"3.10\\""}
files = [{file = "two.whl", hash = "sha256:${b}"}]
[[package]]
name = "three"
version = "1.0"
groups = ["main", "dev"]
markers = {main = "sys_platform == \\"linux\\""}
files = [{file = "three.whl", hash = "sha256:${c}"}]
`)
  const { roots } = await (await reader(t))('poetry.lock', text)
  assert.deepEqual(roots, [
    'one==1.0 ; python_version >= "3.9"',
    'three==1.0',
    'two==1.0 ; sys_platform == "linux" or python_version < "3.10"',
  ])
})

test('poetry.lock of an older format: what is needed under conditions only is wanted under any of them', async (t) => {
  const text = poetry(
    `
[[package]]
name = "app"
version = "1.0"
[package.dependencies]
Colorama = {version = "*", markers = "sys_platform == \\"win32\\""}
plain = "*"
[[package]]
name = "tool"
version = "1.0"
[package.dependencies]
colorama = [{version = "*", markers = "python_version < \\"3.9\\""}]
[[package]]
name = "colorama"
version = "0.4"
[[package]]
name = "plain"
version = "1.0"
`,
    '1.1',
  ).replace(
    '[metadata]',
    `[metadata]\nfiles = {app = [{file = "x", hash = "sha256:${a}"}], tool = [{file = "x", hash = "sha256:${a}"}], colorama = [{file = "x", hash = "sha256:${b}"}], plain = [{file = "x", hash = "sha256:${c}"}]}`,
  )
  const { roots } = await (await reader(t))('poetry.lock', text)
  assert.deepEqual(roots, [
    'app==1.0',
    'colorama==0.4 ; sys_platform == "win32" or python_version < "3.9"',
    'plain==1.0',
    'tool==1.0',
  ])
})

test('Pipfile.lock: what is installed by default and to develop', async (t) => {
  const text = JSON.stringify({
    _meta: { sources: [] },
    default: { Click: { version: '==8.1.0', hashes: [`sha256:${a}`], markers: "python_version >= '3.7'" } },
    develop: { iniconfig: { version: '==2.0', hashes: [`sha256:${b}`] } },
  })
  const { roots } = await (await reader(t))('Pipfile.lock', text)
  assert.deepEqual(roots, ['click==8.1.0 ; python_version >= "3.7"', 'iniconfig==2.0'])
})

const uvLock = (packages: string) => `version = 1\nrevision = 3\nrequires-python = ">=3.8"\n${packages}`
const registry = 'source = { registry = "https://index.example/simple" }'
const wheel = (name: string, digest: string) =>
  `wheels = [{ url = "https://files.example/${name}-1.0-py3-none-any.whl", hash = "sha256:${digest}", size = 1 }]`

test('uv.lock: read by uv, with every extra and group', async (t) => {
  const text = uvLock(`
[[package]]
name = "demo"
version = "0.1"
source = { virtual = "." }
dependencies = [{ name = "one" }, { name = "two", marker = "sys_platform == 'win32'" }]
[package.optional-dependencies]
cli = [{ name = "three" }]
[package.metadata]
requires-dist = [{ name = "one" }, { name = "two", marker = "sys_platform == 'win32'" }, { name = "three", marker = "extra == 'cli'" }]
provides-extras = ["cli"]
[[package]]
name = "one"
version = "1.0"
${registry}
${wheel('one', a)}
[[package]]
name = "two"
version = "1.0"
${registry}
${wheel('two', b)}
[[package]]
name = "three"
version = "1.0"
${registry}
${wheel('three', c)}
`)
  const { roots, options } = await (await reader(t))('uv.lock', text)
  assert.deepEqual(roots, ['one==1.0', 'three==1.0', 'two==1.0 ; sys_platform == "win32"'])
  assert.deepEqual(options, { hashes: { one: [a], three: [c], two: [b] }, locked: true })
})

test('uv.lock of a workspace: what each member needs', async (t) => {
  const text = uvLock(`
[manifest]
members = ["demo", "part"]
[[package]]
name = "demo"
version = "0.1"
source = { virtual = "." }
[[package]]
name = "part"
version = "0.1"
source = { editable = "packages/part" }
dependencies = [{ name = "one" }]
[package.metadata]
requires-dist = [{ name = "one" }]
[[package]]
name = "one"
version = "1.0"
${registry}
${wheel('one', a)}
`)
  assert.deepEqual((await (await reader(t))('uv.lock', text)).roots, ['one==1.0'])
})

test('uv.lock for a Python that this machine has not', async (t) => {
  const text = uvLock(`
[[package]]
name = "demo"
version = "0.1"
source = { editable = "." }
dependencies = [{ name = "one" }]
[package.metadata]
requires-dist = [{ name = "one" }]
[[package]]
name = "one"
version = "1.0"
${registry}
${wheel('one', a)}
`).replace('>=3.8', '>=3.99')
  assert.deepEqual((await (await reader(t))('uv.lock', text)).roots, ['one==1.0'])
})

test('a requirements file is a lock when each of its lines is exact and hashed', async (t) => {
  const read = await reader(t)
  const { roots, options } = await read('requirements.txt', `one==1.0 \\\n  --hash=sha256:${a}\n`)
  assert.deepEqual([roots, options], [['one==1.0'], { hashes: { one: [a] }, locked: true }])
  await assert.rejects(read('requirements.txt', 'one==1.0'), refused(/no SHA-256 is given for one==1.0/))
  await assert.rejects(read('requirements.txt', `one>=1.0 --hash=sha256:${a}`), refused(/one>=1.0/))
})

const elsewhere = {
  'pylock.toml': `lock-version = "1.0"\n[[packages]]\nname = "mine"\nversion = "1"\nvcs = { type = "git", url = "https://git.example/x", commit-id = "1" }`,
  'poetry.lock': poetry(
    '[[package]]\nname = "mine"\nversion = "1"\n[package.source]\ntype = "git"\nurl = "https://git.example/x"',
  ),
  'Pipfile.lock': JSON.stringify({ _meta: {}, default: { mine: { git: 'https://git.example/x', ref: '1' } } }),
  'uv.lock': uvLock(
    '[[package]]\nname = "demo"\nversion = "0.1"\nsource = { virtual = "." }\n[[package]]\nname = "mine"\nversion = "1"\nsource = { git = "https://git.example/x#1" }',
  ),
}
for (const [file, text] of Object.entries(elsewhere))
  test(`${file}: what comes from a repository is named`, async (t) => {
    await assert.rejects((await reader(t))(file, text), refused(/mine comes from a repository/))
  })

const broken = {
  'pylock.toml': ['not toml [', 'lock-version = "2.0"\npackages = []', 'lock-version = "1.0"\npackages = []'],
  'poetry.lock': ['[[package', poetry(''), poetry('[[package]]\nname = "x"')],
  'Pipfile.lock': ['{', '[]', '{"_meta": {}, "default": {}}'],
  'uv.lock': [
    'version = ',
    uvLock(''),
    uvLock('[[package]]\nname = "demo"\nversion = "0.1"\nsource = { virtual = "../up" }'),
  ],
  'cargo.lock': ['x'],
  'requirements.in': ['x'],
}
for (const [file, texts] of Object.entries(broken))
  for (const [at, text] of texts.entries())
    test(`${file} that is none (${at + 1}) is refused with what to do`, async (t) => {
      await assert.rejects((await reader(t))(file, text), refused(/./))
    })

test('a release without a SHA-256, and a marker that is none, are named', async (t) => {
  const read = await reader(t)
  const pipfile = (entry: object) => JSON.stringify({ _meta: {}, default: { one: { version: '==1.0', ...entry } } })
  await assert.rejects(read('Pipfile.lock', pipfile({ hashes: ['md5:00'] })), refused(/no SHA-256 is given for one/))
  await assert.rejects(
    read('Pipfile.lock', pipfile({ hashes: [`sha256:${a}`], markers: 'os.system("x")' })),
    refused(/the marker of one/),
  )
})
