import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/folders.ts'
import { makeWheel, type MadeWheel } from '../support/wheels.ts'
import { poolUrl, sha256, startMirror, type Running } from './fixture.ts'

const run = promisify(execFile)

async function publish(mirror: Running, wheel: MadeWheel): Promise<void> {
  const path = poolUrl('pip', wheel.bytes, wheel.file)
  await mirror.put(path, wheel.bytes)
  await mirror.put(`${path}.metadata`, wheel.metadata)
  const url = `../../${path.slice('pip/'.length).split('/').map(encodeURIComponent).join('/')}`
  const metadata = sha256(wheel.metadata)
  const project = wheel.name.toLowerCase()
  await mirror.put(
    `pip/simple/${project}/index.json`,
    JSON.stringify({
      meta: { 'api-version': '1.1' },
      name: project,
      versions: [wheel.version],
      files: [
        {
          filename: wheel.file,
          url,
          hashes: { sha256: wheel.sha256 },
          'core-metadata': { sha256: metadata },
          size: wheel.bytes.length,
        },
      ],
    }),
  )
  await mirror.put(
    `pip/simple/${project}/index.html`,
    `<!DOCTYPE html><html><body><a href="${url}#sha256=${wheel.sha256}" data-core-metadata="sha256=${metadata}">${wheel.file}</a></body></html>`,
  )
}

/** pip as a pod runs it, told nothing by this machine's settings. */
async function pip(t: TestContext, mirror: Running, ...args: string[]) {
  const folder = await temporaryFolder(t)
  const env = { PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8' }
  const index = ['--isolated', '--disable-pip-version-check', '--no-cache-dir', '--retries', '0']
  const answer = await run(
    'python3',
    [
      '-m',
      'pip',
      'download',
      ...index,
      '--index-url',
      `http://127.0.0.1:${mirror.port}/pip/simple/`,
      '-d',
      folder,
      ...args,
    ],
    { env, cwd: folder },
  ).catch((error: Error & { stderr: string }) => error)
  return { folder, failed: answer instanceof Error, said: answer.stderr }
}

const wheel = makeWheel({
  name: 'Airlock-Probe',
  version: '1.0+cpu',
  files: { 'airlock_probe/filler': 'x'.repeat(100_000) },
  method: 'stored',
})

test('pip downloads a wheel by any spelling of its name, local version and all', async (t) => {
  const mirror = await startMirror(t)
  await publish(mirror, wheel)
  const { folder, failed, said } = await pip(t, mirror, 'airlock_PROBE==1.0+cpu')
  assert.ok(!failed, said)
  assert.ok((await readFile(join(folder, wheel.file))).equals(wheel.bytes))
})

test('pip finds the dependencies by the metadata beside the wheel', async (t) => {
  const mirror = await startMirror(t)
  await publish(mirror, wheel)
  await publish(mirror, makeWheel({ name: 'needs-probe', version: '2.0', requires: ['airlock.probe>=1'] }))
  const { folder, failed, said } = await pip(t, mirror, 'needs-probe')
  assert.ok(!failed, said)
  assert.ok((await readFile(join(folder, wheel.file))).equals(wheel.bytes))
})

test('pip says that a project which is not here has no versions', async (t) => {
  const mirror = await startMirror(t)
  const { failed, said } = await pip(t, mirror, 'airlock-probe')
  assert.ok(failed)
  assert.match(said, /No matching distribution found for airlock-probe/)
})

test('pip shows our words when a file is not here', async (t) => {
  const mirror = await startMirror(t, { consoleUrl: 'http://console.example' })
  await publish(mirror, wheel)
  await rm(join(mirror.root, poolUrl('pip', wheel.bytes, wheel.file)))
  const { failed, said } = await pip(t, mirror, '--no-deps', 'airlock-probe')
  assert.ok(failed)
  assert.match(said, /404 Client Error: Not on this Airlock mirror: ask on http:\/\/console\.example for url/)
})
