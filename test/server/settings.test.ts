import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AirlockError, explain } from '../../server/errors.ts'
import { checksInChinese } from '../../server/knobs.ts'
import { hide, reasons, settingsOf } from '../../server/settings.ts'
import { knobsInChinese } from '../../server/settings-words.ts'
import { run } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'

const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

async function settings(t: TestContext, yaml: string | null, env: Readonly<Record<string, string>> = {}) {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'airlock.yaml')
  if (yaml !== null) await writeFile(file, yaml)
  const own = { AIRLOCK_ROOT: join(folder, 'root'), AIRLOCK_STATE: join(folder, 'state'), ...env }
  const all = settingsOf(own, folder)
  const of = (name: string) => all.find((setting) => setting.name === name)
  return { all, of, folder, file, env: own }
}

test('without a file every knob is at its default, and the environment says which variable set what', async (t) => {
  const { all, of, folder } = await settings(t, null, { AIRLOCK_CONSOLE_LISTEN: '[::1]:9000' })
  assert.deepEqual(of('download.parallel'), {
    name: 'download.parallel',
    value: 8,
    source: { kind: 'default' },
    reason: { en: '4, 8 and 16 at once measured the same', zh: '同时 4、8、16 个，实测速度相同' },
  })
  const { value, source } = of('AIRLOCK_CONSOLE_LISTEN')!
  assert.deepEqual([value, source], ['[::1]:9000', { kind: 'environment', variable: 'AIRLOCK_CONSOLE_LISTEN' }])
  assert.equal(of('AIRLOCK_MIRROR_URL')?.value, null)
  assert.ok(all.every(({ source: from }) => from.kind !== 'file'))
  assert.deepEqual(await readdir(folder), [], 'no folder was made')
})

test('what the file says is told with its line, names that people chose included', async (t) => {
  const yaml = [
    'reuse: 5',
    'targets:',
    '  py38:',
    '    pip: { python: 3.8.18, platform: x86_64-manylinux_2_31 }',
    'download:',
    '  keepFree: 2GiB',
  ].join('\n')
  const { of, file } = await settings(t, yaml)
  const at = (line: number) => ({ kind: 'file', file, line })
  assert.deepEqual([of('reuse')?.value, of('reuse')?.source], [5, at(1)])
  assert.deepEqual(of('targets.py38.pip.python')?.source, at(4))
  assert.deepEqual(of('targets.py38.pip.index')?.source, { kind: 'default' })
  assert.equal(of('targets.py38.pip.index')?.value, 'simple')
  assert.deepEqual([of('download.keepFree')?.value, of('download.keepFree')?.source], [2 ** 31, at(6)])
  assert.equal(of('targets.py38.apt.sources'), undefined, 'py38 is no apt target')
})

test('credentials are hidden wherever they are', async (t) => {
  const yaml = `upstreams: { pip: { house: { url: 'https://lin:secret@pypi.house.example/simple/' } } }
targets: { trixie: { apt: { sources: "deb https://lin:secret@archive.example/debian trixie main\\n" } } }
`
  const env = {
    HTTPS_PROXY: 'lin:secret@proxy.example:3128',
    http_proxy: 'http://lin:sec@ret@proxy.example:3128',
    AIRLOCK_CONSOLE_URL: 'https://lin:secret@airlock.example',
  }
  const { all, of } = await settings(t, yaml, env)
  assert.doesNotMatch(JSON.stringify(all), /secret|sec@ret|lin:/)
  assert.equal(of('upstreams.pip.house.url')?.value, 'https://***@pypi.house.example/simple/')
  assert.equal(of('HTTPS_PROXY')?.value, '***@proxy.example:3128')
  assert.equal(hide('https://host.example/a@b'), 'https://host.example/a@b')
})

test('an index without an address stops the start: its projects would be asked of the default one', async (t) => {
  await assert.rejects(settings(t, 'upstreams:\n  pip:\n    house: { projects: [ours] }'), (error: AirlockError) => {
    assert.deepEqual(
      [error.code, error.fields['path'], error.fields['line']],
      ['config-invalid', 'upstreams.pip.house.url', 3],
    )
    return true
  })
  await settings(t, 'upstreams: { pip: { default: { projects: [ours] } } }')
})

test('a wrong file stops the explanation as it stops the server', async (t) => {
  await assert.rejects(settings(t, 'reuse: soon'), { code: 'config-invalid' })
})

/** Every check of ours is in them, and some of zod's. */
const wrongLines = [
  'quta: 1',
  'reuse: soon',
  'reuse: -1',
  'names: { pip: weekly }',
  'imports: much',
  'targets: { Pool: {} }',
  'upstreams: { pip: { house: { url: nowhere } } }',
  'upstreams: { pip: { house: { projects: [ours] } } }',
  'upstreams: { apt: { extra: { url: nowhere } } }',
  'targets: { a: { pip: { python: 3, platform: x } } }',
  'targets: { a: { pip: { python: "3.11", platform: x } } }',
  'targets: { a: { pip: { python: 3.11.7, platform: X } } }',
  'targets: { a: { pip: { python: 3.11.7, platform: x, index: Pool } } }',
  'targets: { a: { pip: { python: 3.11.7, platform: x, tags: [none] } } }',
  'targets: { a: { apt: { architectures: [AMD] } } }',
  'notify: { a: { kind: json, url: nowhere, secret: x } }',
  'notify: { a: { kind: json, url: "https://hooks.example/" } }',
  'notify: { a: { kind: mail, url: "smtps://mail.example", from: x, to: [a@b.example] } }',
  'notify: { a: { kind: mail, url: "smtps://mail.example", from: a@b.example, to: [x] } }',
  'notify: [',
]

test('a wrong line is told wholly in the reader’s language', async (t) => {
  const english: string[] = []
  for (const line of wrongLines) {
    const error: unknown = await settings(t, line).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof AirlockError && error.code === 'config-invalid', line)
    const [en, zh] = [explain(error.code, error.fields, 'en'), explain(error.code, error.fields, 'zh')]
    assert.match(zh.hint, /\p{Script=Han}.*。$/u, line)
    assert.doesNotMatch(en.message + en.hint, /\p{Script=Han}/u, line)
    // a parser's own words of what is no YAML stay as they are
    if (!line.endsWith('[')) assert.match(zh.message, /：.*\p{Script=Han}.*。$/u, line)
    assert.doesNotMatch(zh.message + zh.hint, /\b(?:there is|Known here|Write|See the|Invalid|expected)\b/, line)
    english.push(en.message, en.hint)
  }
  for (const text of Object.keys(checksInChinese))
    assert.ok(
      english.some((said) => said.includes(text)),
      text,
    )
})

test('a wrong variable is told wholly in the reader’s language', async (t) => {
  for (const [env, message] of [
    [{ AIRLOCK_CONSOLE_LISTEN: 'x' }, /AIRLOCK_CONSOLE_LISTEN=x 不正确：不是地址。 请写成 主机:端口/],
    [{ AIRLOCK_MIRROR_URL: 'x' }, /不是 URL。 请写成 http/],
    [{ AIRLOCK_CONFIG: '/nowhere/airlock.yaml' }, /没有该文件。 请给出 airlock\.yaml 的路径。/],
  ] as const) {
    const error: unknown = await settings(t, null, env).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof AirlockError)
    const { message: said, hint } = explain(error.code, error.fields, 'zh')
    assert.match(`${said} ${hint}`, message)
  }
})

test('every knob and every setting has its reason, in both languages', async (t) => {
  assert.deepEqual(
    [...reasons().keys()].filter((place) => !Object.hasOwn(knobsInChinese, place)),
    ['download', 'gateway', 'queue'],
    'sections whose knobs all speak for themselves',
  )
  assert.deepEqual(
    Object.keys(knobsInChinese).filter((place) => !reasons().has(place)),
    [],
  )
  const yaml =
    'targets: { a: { pip: { python: 3.8.18, platform: x }, apt: {} } }\nupstreams: { pip: { b: { url: "https://b.example/" } } }'
  for (const { name, reason } of (await settings(t, yaml)).all) {
    assert.match(reason.en, /[a-z]{2}/, name)
    assert.match(reason.zh, /\p{Script=Han}/u, name)
  }
})

test('the command prints them for people in their language, and as one JSON document', async (t) => {
  const { env } = await settings(t, null)
  const start = (args: readonly string[], more = {}) =>
    run(process.execPath, [main, 'config', ...args], { PATH: process.env['PATH']!, LANG: 'C.UTF-8', ...env, ...more })
  const english = await start(['explain'])
  assert.equal(english.status, 0)
  assert.match(english.output, /\nqueue\.solves = 2 {2}\(default\)\n {4}a solve waits for upstream/)
  assert.match(english.output, new RegExp(`^AIRLOCK_ROOT = ${env.AIRLOCK_ROOT} {2}\\(environment\\)\n`))
  const chinese = await start(['explain'], { LANG: 'zh_CN.UTF-8' })
  assert.match(chinese.output, /\nqueue\.solves = 2 {2}\(默认值\)\n {4}求解多半在等待/)
  const json = JSON.parse((await start(['explain', '--json'])).output) as { settings: { name: string }[] }
  assert.ok(json.settings.some(({ name }) => name === 'gateway.port'))
  for (const args of [['explain', 'more'], ['--json'], ['explian']])
    assert.equal((await start(args)).status, 2, args.join(' '))
})
