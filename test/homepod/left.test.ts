/** What `--check` names: whatever would lead a client elsewhere, and an index that cannot be read. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { clientsOnly, makePod, makeTree } from './pod.ts'
import { startFolder } from './web.ts'

/** A tree over HTTP whose index has one project. */
async function startTree(t: TestContext): Promise<{ readonly tree: string; readonly url: string }> {
  const tree = await makeTree(t, { targets: ['pip default simple'] })
  const file = '<a href="../../pool/any_app-1.0-py3-none-any.whl">any_app-1.0-py3-none-any.whl</a>'
  await mkdir(join(tree, 'pip/simple/any-app'), { recursive: true })
  await writeFile(join(tree, 'pip/simple/index.html'), '<!DOCTYPE html>\n<a href="any-app/">any-app</a>\n')
  await writeFile(join(tree, 'pip/simple/any-app/index.html'), `<!DOCTYPE html>\n${file}\n`)
  return { tree, url: await startFolder(t, tree) }
}

type Left = {
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly undone?: true
  readonly says: readonly RegExp[]
}

const other = 'http://127.0.0.1:9/simple/'
const left: Readonly<Record<string, Left>> = {
  'that nothing is set up': { undone: true, says: [/pip .* looks elsewhere/, /uv looks elsewhere/] },
  'what is added': {
    env: { PIP_EXTRA_INDEX_URL: other, PIP_FIND_LINKS: 'http://127.0.0.1:9/', UV_INDEX: other },
    files: { 'root/pyproject.toml': `[[tool.uv.index]]\nurl = "${other}"\n` },
    says: [
      /unset PIP_EXTRA_INDEX_URL/,
      /unset PIP_FIND_LINKS/,
      /unset UV_INDEX/,
      /pip .* looks elsewhere: Looking in indexes: .*, http:\/\/127\.0\.0\.1:9/,
      /uv looks elsewhere: .*--extra-index-url/,
      /\.\/pyproject\.toml names indexes/,
    ],
  },
  'what replaces it': {
    env: { PIP_CONFIG_FILE: '/dev/null', PIP_NO_INDEX: '1', UV_NO_CONFIG: '1', UV_DEFAULT_INDEX: other },
    says: [
      /unset PIP_CONFIG_FILE/,
      /unset PIP_NO_INDEX/,
      /unset UV_NO_CONFIG/,
      /uv looks elsewhere: --index-url http:/,
    ],
  },
  'files that were changed or came to be since': {
    files: {
      'root/.config/pip/pip.conf': `[global]\nindex-url = ${other}\n`,
      'root/.config/uv/uv.toml': `[[index]]\nurl = "${other}"\ndefault = true\n`,
      'root/.pip/pip.conf': `[global]\nextra-index-url = ${other}\n`,
    },
    says: [/pip .* looks elsewhere: .*127\.0\.0\.1:9/, /uv looks elsewhere/, /\.pip\/pip\.conf is stronger/],
  },
  'a proxy': {
    env: { http_proxy: 'http://127.0.0.1:9', no_proxy: 'other.example', NO_PROXY: '' },
    says: [/export no_proxy=127\.0\.0\.1/, /pip .* cannot read/, /uv cannot read/],
  },
}

for (const [what, { env = {}, files = {}, undone, says }] of Object.entries(left)) {
  test(`the check names ${what}`, async (t) => {
    const { tree, url } = await startTree(t)
    const pod = await makePod(t)
    await pod.setUp(tree, [url, '--user'], { env: clientsOnly() })
    if (undone) await pod.setUp(tree, ['--undo', '--user'], { env: clientsOnly() })
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(pod.root, path)), { recursive: true })
      await pod.write(path, content)
    }
    const said = await pod.setup(tree, ['--check', '--user', url], { env: clientsOnly(env) })
    assert.equal(said.status, 1, said.stderr)
    for (const one of says) assert.match(said.stderr, one)
    assert.match(said.stderr, /Not everything is right: [1-9]\d* in all/)
  })
}

test('the check finds a page that cannot be read, by asking for it', async (t) => {
  const { tree, url } = await startTree(t)
  const pod = await makePod(t)
  await pod.setUp(tree, [url, '--user'], { env: clientsOnly() })
  await pod.setUp(tree, ['--check', '--user'], { env: clientsOnly() })
  await writeFile(join(tree, 'pip/simple/index.html'), '<!DOCTYPE html>\n<a href="gone/">gone</a>\n')
  const { status, stderr } = await pod.setup(tree, ['--check', '--user'], { env: clientsOnly() })
  assert.equal(status, 1)
  assert.match(stderr, /pip .* cannot read http:.*\/pip\/simple\/gone\//)
  assert.match(stderr, /uv cannot read http:.*\/pip\/simple\/gone\//)
})

test('the check of an index with nothing in it asks too', async (t) => {
  const { tree, url } = await startTree(t)
  await writeFile(join(tree, 'pip/simple/index.html'), '<!DOCTYPE html>\n')
  const pod = await makePod(t)
  await pod.setUp(tree, [url, '--user'], { env: clientsOnly() })
  const { stderr } = await pod.setUp(tree, ['--check', '--user'], { env: clientsOnly() })
  assert.match(stderr, /ok {6}pip [^]*ok {6}uv [^]*Everything works/)
})
