/** What setup.sh writes, and what it refuses, under dash. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { homepodFolder, makePod, makeTree } from './pod.ts'
import { startFolder } from './web.ts'

const everySource = {
  'etc/apt/sources.list': 'deb http://archive.example/debian bookworm main\n',
  'etc/apt/sources.list.d/debian.sources':
    'Types: deb\nURIs: http://archive.example/debian\nSuites: bookworm\nComponents: main\n',
  'etc/apt/sources.list.d/editor.list': '# deb http://editor.example stable main\n',
}

test('from the mounted folder it points pip, uv and apt there, and moves every other source aside', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t, everySource)
  await pod.setUp(tree)
  assert.match(
    await pod.read('etc/pip.conf'),
    new RegExp(`^\\[global\\]\n.*\nindex-url = file://${tree}/pip/simple/\n`),
  )
  assert.doesNotMatch(await pod.read('etc/pip.conf'), /trusted-host/)
  assert.match(
    await pod.read('etc/uv/uv.toml'),
    /python-downloads = "never"[^]*\[\[index\]\]\nurl = "file:.*\/pip\/simple\/"\ndefault = true\n$/,
  )
  const source = await pod.read('etc/apt/sources.list.d/airlock.sources')
  assert.match(
    source,
    new RegExp(
      `\nURIs: file://${tree}/apt/\nSuites: default/\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \\.\n `,
    ),
  )
  assert.deepEqual(await readdir(join(pod.root, 'etc/apt/sources.list.d')), ['airlock.sources'])
  assert.equal(await pod.exists('etc/apt/sources.list'), false)
  const settings = await pod.read('etc/apt/apt.conf.d/90airlock')
  assert.match(settings, /^Acquire::http::AllowRedirect "false";$/m)
  assert.match(settings, /^Acquire::Retries "0";$/m)
  assert.match(
    settings,
    /^AptCli::Hooks::Install:: "sh \/etc\/airlock\/apt-hook http:\/\/airlock\.example:8081 \|\| true";$/m,
  )
  assert.doesNotMatch(settings, /DIRECT/)
})

test('apt itself reads the source and the settings that it wrote', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t, everySource)
  await pod.setUp(tree)
  await mkdir(join(pod.root, 'var/lib/apt/lists/partial'), { recursive: true })
  const conf = join(pod.root, 'apt.conf')
  await writeFile(conf, `Dir "${pod.root}/";\nDir::State::status "/dev/null";\n`)
  const env = { PATH: '/usr/bin:/bin', APT_CONFIG: conf, LC_ALL: 'C.UTF-8' }
  const ask = (command: string, ...args: string[]) => execFileSync(command, args, { env, encoding: 'utf8' })
  const uris = [...ask('apt-get', 'update', '--print-uris').matchAll(/^'([^']*)'/gm)]
  assert.ok(uris.length > 0)
  for (const [, uri] of uris) assert.ok(uri!.startsWith(`file:${tree}/apt/default/`), uri!)
  const settings = ask('apt-config', 'dump')
  assert.match(settings, /^Acquire::http::AllowRedirect "false";$/m)
  assert.match(settings, /^AptCli::Hooks::Install:: "sh /m)
})

test('an apt before 2.3.10 gets its key as a file, which goes once apt is newer', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t, everySource)
  const before = await pod.photograph()
  const bin = join(tree, '../bin')
  await mkdir(bin)
  const settle = async (version: string) => {
    await writeFile(join(bin, 'apt-get'), `#!/bin/sh\necho "apt ${version} (amd64)"\n`, { mode: 0o755 })
    await pod.setUp(tree, [], { env: { PATH: `${bin}:/usr/bin:/bin` } })
    return pod.read('etc/apt/sources.list.d/airlock.sources')
  }
  const key = 'etc/apt/keyrings/airlock.asc'
  for (const old of ['2.2.4', '2.3.9']) {
    assert.match(await settle(old), /^Signed-By: \/etc\/apt\/keyrings\/airlock\.asc\n$/m)
    assert.match(await pod.read(key), /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n/)
  }
  for (const newer of ['2.3.10', '2.6.1', '3.0.3']) {
    assert.match(await settle(newer), /^Signed-By:\n -----BEGIN/m)
    assert.equal(await pod.exists(key), false)
  }
  await pod.setUp(tree, ['--undo'])
  assert.deepEqual(await pod.photograph(), before)
})

test('with an address it trusts the host, and lets no proxy between', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t)
  await rename(join(tree, 'homepod/setup.sh'), join(pod.root, 'setup.sh'))
  const web = await startFolder(t, tree)
  const said = await pod.run(join(pod.root, 'setup.sh'), [`${web}/`])
  assert.equal(said.status, 0, said.stderr)
  assert.match(
    await pod.read('etc/pip.conf'),
    new RegExp(`\nindex-url = ${web}/pip/simple/\ntrusted-host = 127\\.0\\.0\\.1\ntimeout = 10\nretries = 1\n`),
  )
  assert.match(await pod.read('etc/uv/uv.toml'), new RegExp(`url = "${web}/pip/simple/"`))
  assert.match(await pod.read('etc/apt/sources.list.d/airlock.sources'), new RegExp(`URIs: ${web}/apt/\n`))
  assert.match(await pod.read('etc/apt/apt.conf.d/90airlock'), /^Acquire::http::Proxy::127\.0\.0\.1 "DIRECT";$/m)
})

test('run again it changes nothing, whatever was there', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t, {
    ...everySource,
    'etc/pip.conf': '[install]\nextra-index-url = https://index.example/simple\n[global]\ncert = /etc/ca.pem\n',
    'etc/uv/uv.toml': 'offline = false\n[[index]]\nurl = "https://index.example/simple"\n[pip]\nstrict = true\n',
  })
  await pod.setUp(tree)
  const once = await pod.photograph()
  const again = await pod.setUp(tree)
  assert.deepEqual(await pod.photograph(), once)
  assert.doesNotMatch(again.stderr, /wrote|aside/)
})

test('another target is another index and another repository', async (t) => {
  const tree = await makeTree(t, {
    targets: ['pip default simple', 'pip cuda cu121', 'apt default default', 'apt trixie trixie'],
  })
  const pod = await makePod(t)
  await pod.setUp(tree, ['--target', 'cuda'])
  assert.match(await pod.read('etc/pip.conf'), /\/pip\/cu121\/\n/)
  assert.equal(await pod.exists('etc/apt/sources.list.d/airlock.sources'), false, 'there is no such target of apt')
  await pod.setUp(tree, ['--target=trixie'])
  assert.match(await pod.read('etc/apt/sources.list.d/airlock.sources'), /Suites: trixie\/\n/)
  assert.match(await pod.read('etc/pip.conf'), /\/pip\/cu121\/\n/, 'what it was')
})

test('with one target of another name that is the one; with several it asks which', async (t) => {
  const pod = await makePod(t)
  await pod.setUp(await makeTree(t, { targets: ['pip py38 py38'] }))
  assert.match(await pod.read('etc/pip.conf'), /\/pip\/py38\/\n/)
  const several = await makeTree(t, { targets: ['pip py38 py38', 'pip py39 py39'] })
  const before = await pod.photograph()
  const said = await pod.setup(several)
  assert.equal(said.status, 1)
  assert.match(said.stderr, /--target/)
  assert.match(said.stderr, /^ {2}pip {2}py38 {2}a kind of pip$/m)
  assert.deepEqual(await pod.photograph(), before)
})

test('for one user it writes into that home and leaves the system alone', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t, everySource)
  const said = await pod.setUp(tree, ['--user'])
  const written = Object.keys(await pod.photograph()).filter((path) => /\.(conf|toml|sources)$/.test(path))
  assert.deepEqual(written.toSorted(), [
    'etc/apt/sources.list.d/debian.sources',
    'root/.config/pip/pip.conf',
    'root/.config/uv/uv.toml',
  ])
  assert.match(said.stderr, /as root/)
  await pod.setUp(tree, ['--user', '--undo'])
  assert.equal(await pod.exists('root/.config'), false)
  assert.equal(await pod.exists('root/.local'), false)
})

const refusals: readonly (readonly [what: string, args: readonly string[], status: number, says: RegExp])[] = [
  ['an option that there is not', ['--frob'], 2, /--frob[^]*Usage/],
  ['two places', ['/a', '/b'], 2, /\/b/],
  ['an option without its value', ['--target'], 2, /--target/],
  ['a target that could be a pattern', ['--target', '.*'], 1, /No target/],
  ['a target that is an option', ['--target', '-rf'], 1, /No target/],
  ['a target that is not there', ['--target', 'nowhere'], 1, /--target/],
  ['a folder that is not there', ['/nonexistent/airlock'], 1, /There is no folder/],
  ['a folder that is no tree', ['/usr'], 1, /No Airlock/],
  ['an address that nobody answers at', ['http://127.0.0.1:9'], 1, /No Airlock answers at http:\/\/127\.0\.0\.1:9/],
  ['an address with a password', ['http://lin:secret@127.0.0.1:9'], 1, /without a password/],
  ['an address with a quote', [`http://127.0.0.1:9/";x`], 1, /No client takes/],
  ['an address with a line break', ['http://127.0.0.1:9/\nProxy'], 1, /No client takes/],
]

for (const [what, args, status, says] of refusals) {
  test(`${what} is refused, and nothing is changed`, async (t) => {
    const tree = await makeTree(t)
    const pod = await makePod(t, everySource)
    const before = await pod.photograph()
    const said = await pod.setup(tree, args)
    assert.equal(said.status, status, said.stderr)
    assert.match(said.stderr, says)
    assert.deepEqual(await pod.photograph(), before)
  })
}

test('a folder that pip could not be told of is refused', async (t) => {
  const tree = await makeTree(t)
  const odd = join(tree, '../air lock')
  await rename(tree, odd)
  const pod = await makePod(t)
  const said = await pod.setup(odd)
  assert.equal(said.status, 1)
  assert.match(said.stderr, /No client takes/)
})

test('a list of targets in another form is refused', async (t) => {
  const tree = await makeTree(t)
  await writeFile(join(tree, 'homepod/targets'), 'airlock 2\npip default simple x\n')
  const said = await (await makePod(t)).setup(tree)
  assert.equal(said.status, 1)
  assert.match(said.stderr, /is not what this script reads/)
})

test('a console’s address that is none reaches no file of apt’s', async (t) => {
  const tree = await makeTree(t, { consoleUrl: 'http://airlock.example/";x "$(touch /tmp/x)' })
  const pod = await makePod(t)
  await pod.setUp(tree)
  assert.match(
    await pod.read('etc/apt/apt.conf.d/90airlock'),
    /^AptCli::Hooks::Install:: "sh \/etc\/airlock\/apt-hook {2}\|\| true";$/m,
  )
})

for (const [settings, language] of [
  [{ LC_ALL: 'zh_CN.UTF-8' }, 'zh'],
  [{ LC_ALL: '', LC_MESSAGES: 'zh_CN.UTF-8', LANG: 'C' }, 'zh'],
  [{ LC_ALL: '', LANG: 'zh_TW.UTF-8' }, 'zh'],
  [{ LC_ALL: 'C', LANG: 'zh_CN.UTF-8' }, 'en'],
  [{ LC_ALL: '', LC_MESSAGES: 'en_US.UTF-8', LANG: 'zh_CN.UTF-8' }, 'en'],
] as const) {
  test(`with ${JSON.stringify(settings)} it speaks ${language}`, async (t) => {
    const pod = await makePod(t)
    const said = await pod.setUp(await makeTree(t), [], { env: settings })
    assert.match(said.stderr, language === 'zh' ? /完成/ : /Done/)
    assert.equal(said.stdout, '')
    const help = await pod.setUp(await makeTree(t), ['--help'], { env: settings })
    assert.match(help.stdout, language === 'zh' ? /^用法/ : /^Usage/)
  })
}

test('every message has both languages', async () => {
  const folder = join(homepodFolder, 'setup')
  let counted = 0
  const parts = await readdir(folder)
  for (const part of parts.filter((name) => name !== 'words.sh')) {
    const text = (await readFile(join(folder, part), 'utf8')).replaceAll('\\\n', ' ')
    for (const [line] of text.matchAll(/^ *(?:\S.* )?(?:say|fail|bad|good) "(?! +\S+ +\$1").*$/gm)) {
      counted++
      assert.match(line, /[一-鿿]/, `${part}: ${line}`)
    }
  }
  assert.ok(counted > 30, String(counted))
})
