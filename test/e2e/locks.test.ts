/** A lock goes in: exactly its files, nothing solved, and a pod installs them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ProblemView, RequestView } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { hostPython, pipInstall, run, uv } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

const execFileAsync = promisify(execFile)

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
  index.add(makeWheel({ name: 'late', version: '3.0', requires: ['base'] }))
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
  const answer = await fetch(`${airlock.consoleUrl}/api/requests?${query.toString()}`, {
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
  assert.match(request.problem.detail, /app 1\.0/)
})

test('what is no lock is refused at once, and apt has none', async () => {
  const { status, body } = await ask('uv.lock', 'version = ')
  assert.equal(status, 400)
  assert.equal(body.code, 'lock-invalid')
  assert.match(body.hint, /again with its own tool/)
  const query = new URLSearchParams({ ecosystem: 'apt', lock: 'uv.lock' })
  const answer = await fetch(`${airlock.consoleUrl}/api/requests?${query.toString()}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'x',
  })
  assert.equal(((await answer.json()) as ProblemView).code, 'locks-not-taken')
})

/** A lock that uv makes of a project, against an index. */
async function lockedBy(
  t: TestContext,
  indexUrl: string,
  projects: readonly string[],
): Promise<{ folder: string; file: string }> {
  const folder = await temporaryFolder(t)
  const project = `[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.8"\ndependencies = ${JSON.stringify(projects)}\n`
  await writeFile(join(folder, 'pyproject.toml'), project)
  const ran = await run(
    uv,
    ['lock', '--no-config', '--no-cache', '--directory', folder, '--default-index', indexUrl],
    {},
  )
  assert.equal(ran.status, 0, ran.output)
  return { folder, file: join(folder, 'uv.lock') }
}

async function cli(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const command = fileURLToPath(new URL('../../client/cli/main.ts', import.meta.url))
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', AIRLOCK_CONSOLE_URL: airlock.consoleUrl }
  return execFileAsync(process.execPath, [command, ...args], { env })
}

test('a lock made in a pod goes to upstream’s addresses and back, byte for byte', async (t) => {
  const { id } = await airlock.ask('app', 'base')
  assert.equal((await airlock.wait(id)).state, 'ready')
  const { file } = await lockedBy(t, airlock.indexUrl, ['app', 'base'])
  const made = await readFile(file, 'utf8')
  assert.ok(made.includes(airlock.mirrorUrl))

  const upstream = (await cli('lock', 'to-upstream', file)).stdout
  assert.ok(!upstream.includes(airlock.mirrorUrl))
  assert.ok(upstream.includes(`registry = "${index.url}`))
  await writeFile(file, upstream)
  const { stderr } = await cli('lock', 'to-airlock', '--write', file)
  assert.match(stderr, /addresses turned/)
  assert.equal(await readFile(file, 'utf8'), made)
})

test('a lock made outside is used in a pod, once its files are here; what is not here is named', async (t) => {
  const { folder, file } = await lockedBy(t, index.url, ['late', 'base'])
  const made = await readFile(file, 'utf8')
  const { stderr } = await cli('lock', 'to-airlock', '--write', file)
  assert.match(stderr, /Not here yet: late\. Ask for them first/)
  await writeFile(file, made)
  const asked = await ask('uv.lock', made)
  const request = await airlock.wait(asked.body.requests[0]!.id)
  assert.equal(request.state, 'ready', JSON.stringify(request.problem))
  const { stderr: now } = await cli('lock', 'to-airlock', '--write', file)
  assert.doesNotMatch(now, /Not here/)
  // the real thing: uv in the pod, from the lock alone
  const sync = ['sync', '--frozen', '--no-config', '--no-cache', '--directory', folder, '--python', hostPython().path]
  const ran = await run(uv, [...sync, '--no-install-project'], {})
  assert.equal(ran.status, 0, ran.output)
  assert.match(ran.output, /late==3\.0/)
  const back = (await cli('lock', 'to-upstream', file)).stdout
  assert.equal(back, made)
})

test('an address of Airlock’s that nothing upstream answers to is named with its line', async (t) => {
  const file = join(await temporaryFolder(t), 'requirements.txt')
  const address = `${airlock.mirrorUrl}/pip/pool/${'a'.repeat(2)}/${'a'.repeat(64)}/x-1.0-py3-none-any.whl`
  await writeFile(file, `# ours\nx @ ${address}\n`)
  await assert.rejects(cli('lock', 'to-upstream', file), (error: { stderr: string }) => {
    assert.match(error.stderr, /Line 2 of the lock has/)
    return true
  })
})
