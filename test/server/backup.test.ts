/** What a backup or a restore that was killed has left goes with the next one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '../../storage/database.ts'
import { temporaryFolder } from '../support/folders.ts'

const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

/** Before its first rename, when what is copied or unpacked lies there whole. */
const dies = `import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
promises.rename = () => process.kill(process.pid, 'SIGKILL')
syncBuiltinESMExports()`

async function stateWithDatabase(t: TestContext) {
  const folder = await temporaryFolder(t)
  const state = join(folder, 'state')
  await mkdir(state)
  await (await openDatabase(join(state, 'airlock.db'))).destroy()
  function run(words: readonly string[], isKilled = false): void {
    const preload = isKilled ? ['--import', `data:text/javascript,${encodeURIComponent(dies)}`] : []
    const { status, signal, stderr } = spawnSync(process.execPath, [...preload, main, ...words], {
      env: { PATH: process.env['PATH'], AIRLOCK_STATE: state, AIRLOCK_ROOT: join(folder, 'root') },
      cwd: folder,
      encoding: 'utf8',
    })
    assert.deepEqual([status, signal], isKilled ? [null, 'SIGKILL'] : [0, null], stderr)
  }
  return { run, file: join(folder, 'a.tar'), left: () => readdir(join(state, 'backup')) }
}

test('a backup leaves nothing of one that was killed', async (t) => {
  const { run, file, left } = await stateWithDatabase(t)
  run(['backup', file], true)
  assert.equal((await left()).length, 1)
  run(['backup', file])
  assert.deepEqual(await left(), [])
})

test('a restore leaves nothing of one that was killed but what was there before', async (t) => {
  const { run, file, left } = await stateWithDatabase(t)
  run(['backup', file])
  run(['restore', file, '--force'], true)
  run(['restore', file, '--force'])
  assert.deepEqual(
    (await left()).filter((name) => !name.startsWith('before-')),
    [],
  )
})
