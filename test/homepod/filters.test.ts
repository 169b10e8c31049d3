/** What setup.sh takes out of a configuration that is there, and what it leaves. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parse } from 'smol-toml'
import { temporaryFolder } from '../support/folders.ts'
import { homepodFolder, makePod, makeTree } from './pod.ts'

/** As pip reads it: section.key -> value. */
function readPip(text: string): Record<string, string> {
  const program = `import configparser, json, sys
read = configparser.RawConfigParser()
read.read_string(sys.stdin.read())
print(json.dumps({s + "." + k: v for s in read.sections() for k, v in read.items(s)}))`
  return JSON.parse(execFileSync('python3', ['-c', program], { input: text, encoding: 'utf8' })) as Record<
    string,
    string
  >
}

const own = { 'global.timeout': '10', 'global.retries': '1', 'global.disable-pip-version-check': 'true' }

const pipCases: readonly (readonly [what: string, before: string, stays: Record<string, string>])[] = [
  ['nothing', '', {}],
  ['a comment', '# mine\n; mine\n', {}],
  ['another index', '[global]\nindex-url = https://index.example/simple\n', {}],
  ['no line break at the end', '[global]\nindex-url = https://index.example/simple', {}],
  [
    'another way to write a key',
    '[global]\nINDEX_URL: https://index.example/simple\ncert=/ca.pem\n',
    { 'global.cert': '/ca.pem' },
  ],
  ['a key with dashes', '[global]\n--extra-index-url = https://index.example/simple\n', {}],
  [
    'an index of one command',
    '[install]\nextra-index-url = https://index.example/simple\nno-compile = true\n[download]\nindex-url = https://index.example/\n',
    { 'install.no-compile': 'true' },
  ],
  [
    'a value of several lines',
    '[global]\nextra-index-url =\n    https://a.example/simple\n\n    # mine\n    https://b.example/simple\ncert = /ca.pem\n',
    { 'global.cert': '/ca.pem' },
  ],
  [
    'several lines of something else',
    '[global]\nconstraint =\n    /a.txt\n    /b.txt\nno-index = true\n',
    { 'global.constraint': '\n/a.txt\n/b.txt' },
  ],
  [
    'links to a folder and to an address',
    '[global]\nfind-links =\n  https://wheels.example/\n  /opt/wheels\n',
    { 'global.find-links': '\n/opt/wheels' },
  ],
  ['links to a folder', '[install]\nfind-links = /opt/wheels\n', { 'install.find-links': '/opt/wheels' }],
  ['a proxy', '[global]\nproxy = http://proxy.example:3128\ntrusted-host = a.example\n  b.example\n', {}],
  ['its own timeouts', '[global]\ntimeout = 60\nretries = 10\ndefault-timeout = 99\n', {}],
  [
    'a section that is no longer the first',
    '[list]\nformat = columns\n\n[global]\ncache-dir = /c\n',
    { 'list.format': 'columns', 'global.cache-dir': '/c' },
  ],
  [
    'lines that end as Windows has them',
    '[global]\r\nindex-url = https://index.example/\r\ncert = /ca.pem\r\n',
    { 'global.cert': '/ca.pem' },
  ],
  [
    'a percent sign',
    '[global]\nindex-url = https://lin:a%40b@index.example/\ncert = /%ca.pem\n',
    { 'global.cert': '/%ca.pem' },
  ],
]

/** A part's function on a text, as a file of its own; each further text is a file too, or none. */
async function filter(t: TestContext, name: string, text: string, ...more: readonly string[]): Promise<string> {
  const folder = await temporaryFolder(t)
  const files = [text, ...more].map((content, at) => ({ content, path: join(folder, String(at)) }))
  for (const { path, content } of files) await writeFile(path, content)
  const paths = files.map(({ path, content }, at) => (at > 0 && content === '' ? '' : path))
  const script = `. "$0/setup/filters.sh"; ${name} "$@"`
  return execFileSync('dash', ['-euc', script, homepodFolder, ...paths], { encoding: 'utf8' })
}

for (const [what, before, stays] of pipCases) {
  test(`pip.conf with ${what}`, async (t) => {
    const lines = 'index-url = file:///srv/pip/simple/\ntimeout = 10\nretries = 1\ndisable-pip-version-check = true\n'
    const text = await filter(t, 'filter_pip', before, lines)
    assert.deepEqual(readPip(text), { ...own, 'global.index-url': 'file:///srv/pip/simple/', ...stays }, text)
    for (const comment of before.match(/^[#;].*$/gm) ?? []) assert.ok(text.includes(comment), text)
    assert.equal(await filter(t, 'filter_pip', text, lines), text, 'the same again')
  })
}

function readUv(text: string): unknown {
  return JSON.parse(JSON.stringify(parse(text)))
}

const uvCases: readonly (readonly [what: string, before: string, stays: object])[] = [
  ['nothing', '', {}],
  ['an index', 'index-url = "https://index.example/simple"\nno-build = true\n', { 'no-build': true }],
  [
    'an index as a table',
    '# mine\n[[index]]\nname = "a"\nurl = "https://a.example"\n\n[[ index ]]\nurl = "https://b.example"\ndefault = true\n',
    {},
  ],
  [
    'a list of several lines',
    'extra-index-url = [\n  "https://a.example/[x]", # ]\n  "https://b.example",\n]\nno-cache = true\n',
    { 'no-cache': true },
  ],
  [
    'a table after an index',
    '[[index]]\nurl = "https://a.example"\n[pip]\nindex-url = "https://b.example"\nstrict = true\n',
    { pip: { strict: true } },
  ],
  [
    'its own say of interpreters',
    'python-downloads = "automatic"\npython-preference = "system"\n',
    { 'python-preference': 'system' },
  ],
  ['a key that begins alike', 'index-strategy = "unsafe-best-match"\n', { 'index-strategy': 'unsafe-best-match' }],
]

for (const [what, before, stays] of uvCases) {
  test(`uv.toml with ${what}`, async (t) => {
    const lines = ['python-downloads = "never"\n', '[[index]]\nurl = "file:///srv/"\ndefault = true\n']
    const text = await filter(t, 'filter_uv', before, ...lines)
    const index = [{ url: 'file:///srv/', default: true }]
    assert.deepEqual(readUv(text), { ...stays, 'python-downloads': 'never', index }, text)
    assert.equal(await filter(t, 'filter_uv', text, ...lines), text, 'the same again')
  })
}

test('a user’s own files lose what leads elsewhere, and are not touched where nothing does', async (t) => {
  const tree = await makeTree(t)
  const quiet = '[global]\ntimeout = 60\nfind-links = /opt/wheels'
  const pod = await makePod(t, {
    'root/.config/pip/pip.conf': '[global]\nextra-index-url = https://index.example/\ntimeout = 60\n',
    'root/.pip/pip.conf': quiet,
    'root/.config/uv/uv.toml': 'python-downloads = "manual"\n[[index]]\nurl = "https://index.example"\n',
    'etc/xdg/pip/pip.conf': '[install]\nindex-url = https://index.example/\n',
  })
  await pod.setUp(tree)
  assert.deepEqual(readPip(await pod.read('root/.config/pip/pip.conf')), { 'global.timeout': '60' })
  assert.deepEqual(readUv(await pod.read('root/.config/uv/uv.toml')), { 'python-downloads': 'manual' })
  assert.deepEqual(readPip(await pod.read('etc/xdg/pip/pip.conf')), {})
  assert.equal(await pod.read('root/.pip/pip.conf'), quiet)
  assert.doesNotMatch(await pod.read('var/lib/airlock-homepod/manifest'), /\.pip\/pip\.conf/)
})

test('pdm is told for its user, poetry and conda are told about', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t, { 'root/.config/pdm/config.toml': 'theme = "x"\n' })
  const bin = join(pod.root, 'bin')
  const pdm = '#!/bin/sh\n[ "$1" = config ] && echo "$2 = $3" >>"$PDM_CONFIG_FILE"\n'
  await mkdir(bin)
  for (const [name, script] of [
    ['pdm', pdm],
    ['poetry', '#!/bin/sh\nexit 1\n'],
    ['conda', '#!/bin/sh\nexit 1\n'],
  ] as const)
    await writeFile(join(bin, name), script, { mode: 0o755 })
  const env = { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin` }
  const said = await pod.setUp(tree, [], { env })
  assert.match(
    await pod.read('root/.config/pdm/config.toml'),
    /^theme = "x"\n[^]*^pypi\.url = file:.*\/pip\/simple\/$/m,
  )
  assert.match(said.stderr, /poetry reads an index over HTTP only/)
  assert.match(said.stderr, /conda's own channels are not mirrored/)
  await pod.setUp(tree, ['--undo'], { env })
  assert.equal(await pod.read('root/.config/pdm/config.toml'), 'theme = "x"\n')
})

test('variables that are stronger than any file are named, without their passwords', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t)
  const env = {
    PIP_EXTRA_INDEX_URL: 'https://lin:p@secret@index.example/simple',
    UV_DEFAULT_INDEX: 'https://index.example/simple',
    PIP_FIND_LINKS: '/opt/wheels',
    PIP_NO_INDEX: '',
    PIP_DEFAULT_TIMEOUT: '99',
  }
  const { stderr } = await pod.setUp(tree, [], { env })
  assert.match(stderr, /^ {4}PIP_EXTRA_INDEX_URL=https:\/\/\*\*\*@index\.example\/simple$/m)
  assert.match(stderr, /^ {4}UV_DEFAULT_INDEX=/m)
  assert.doesNotMatch(stderr, /secret|FIND_LINKS|NO_INDEX|TIMEOUT/)
})

test('the parts hold no name of a host', () => {
  const found = execFileSync('grep', ['-rhoE', 'https?://[A-Za-z0-9.-]+', homepodFolder], { encoding: 'utf8' })
  assert.deepEqual([...new Set(found.trim().split('\n'))], ['http://airlock.example'])
})
