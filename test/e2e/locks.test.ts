/** A lock goes in: exactly its files, nothing solved, and a pod installs them. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ProblemView, RequestView } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { pipInstall } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

const wheels = {
  app: makeWheel({ name: 'app', version: '1.0', requires: ['base>=1'] }),
  base: makeWheel({ name: 'base', version: '1.0', requires: ['not-in-the-lock'] }),
  windows: makeWheel({ name: 'for-windows', version: '1.0' }),
}
const gone = makeWheel({ name: 'base', version: '0.9' })

let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  for (const wheel of Object.values(wheels)) index.add(wheel)
  for (const version of ['1.1', '2.0']) {
    index.add(makeWheel({ name: 'app', version }))
    index.add(makeWheel({ name: 'base', version }))
  }
  airlock = await startAirlock({ index: index.url })
})
after(async () => {
  await airlock.close()
  await index.close()
})

async function ask(
  file: string,
  text: string,
): Promise<{ status: number; body: { requests: RequestView[] } & ProblemView }> {
  const query = new URLSearchParams({ ecosystem: 'pip', lock: file })
  const answer = await fetch(`${airlock.consoleUrl}/api/requests?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: text,
  })
  return { status: answer.status, body: (await answer.json()) as { requests: RequestView[] } & ProblemView }
}

type Entry = { readonly name: string; readonly version: string; readonly sha256: string; readonly marker?: string }

const pylock = (entries: readonly Entry[]) =>
  ['lock-version = "1.0"\ncreated-by = "test"\n', ...entries.map(packageOf)].join('\n')
const packageOf = ({ name, version, sha256, marker }: Entry) =>
  `[[packages]]\nname = "${name}"\nversion = "${version}"\n${marker ? `marker = ${JSON.stringify(marker)}\n` : ''}` +
  `wheels = [{ url = "https://files.example/x.whl", hashes = { sha256 = "${sha256}" } }]\n`

const app = { name: 'app', version: '1.0', sha256: wheels.app.sha256 }
const base = { name: 'base', version: '1.0', sha256: wheels.base.sha256 }

test('exactly the files of a lock come, for the target that they are for, and are installed by their hashes', async () => {
  const windows = {
    name: 'for-windows',
    version: '1.0',
    sha256: wheels.windows.sha256,
    marker: "sys_platform == 'win32'",
  }
  const { status, body } = await ask('pylock.toml', pylock([app, base, windows]))
  assert.equal(status, 202)
  const request = await airlock.wait(body.requests[0]!.id)
  assert.equal(request.state, 'ready', JSON.stringify(request.problem))
  assert.deepEqual(
    request.closure!.map(({ project, version }) => `${project} ${version}`),
    ['app 1.0', 'base 1.0'],
  )
  const lines = join(airlock.root, 'pip/requests', String(request.id), 'requirements.txt')
  assert.match(await readFile(lines, 'utf8'), new RegExp(`app==1.0 --hash=sha256:${wheels.app.sha256}`))
  const installed = await pipInstall(['--no-deps', '--require-hashes', '--index-url', airlock.indexUrl, '-r', lines])
  assert.deepEqual(installed.releases, { app: '1.0', base: '1.0' })
})

test('a file that upstream no longer has is named', async () => {
  const lost = { name: 'base', version: '0.9', sha256: gone.sha256 }
  const { body } = await ask('pylock.toml', pylock([app, lost]))
  const request = await airlock.wait(body.requests[0]!.id)
  assert.equal(request.state, 'failed')
  assert.equal(request.problem!.code, 'lock-file-gone')
  assert.match(request.problem!.detail, /base 0\.9/)
})

test('a file that upstream has replaced is named, whatever else of the release is there', async () => {
  const { body } = await ask('pylock.toml', pylock([{ ...app, sha256: 'f'.repeat(64) }]))
  const request = await airlock.wait(body.requests[0]!.id)
  assert.equal(request.problem?.code, 'lock-file-gone')
  assert.match(request.problem!.detail, /app 1\.0/)
})

test('what is no lock is refused at once, and apt has none', async () => {
  const { status, body } = await ask('uv.lock', 'version = ')
  assert.equal(status, 400)
  assert.equal(body.code, 'lock-invalid')
  assert.match(body.hint, /again with its own tool/)
  const query = new URLSearchParams({ ecosystem: 'apt', lock: 'uv.lock' })
  const answer = await fetch(`${airlock.consoleUrl}/api/requests?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'x',
  })
  assert.equal(((await answer.json()) as ProblemView).code, 'locks-not-taken')
})
