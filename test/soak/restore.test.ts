/** A restore that is killed at each of its renames: nothing is lost, and the next one succeeds. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createBackup } from '../../server/backup/write.ts'
import { readConfig } from '../../server/config.ts'
import { faultOfCopy } from '../../storage/copy.ts'
import { openDatabase } from '../../storage/database.ts'
import { temporaryFolder } from '../support/folders.ts'

const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

async function stateOf(t: TestContext, key: string) {
  const folder = await temporaryFolder(t)
  const state = join(folder, 'state')
  await mkdir(join(state, 'keys'), { recursive: true })
  await writeFile(join(state, 'keys/apt.asc'), key)
  await writeFile(join(state, 'airlock.yaml'), `reuse: ${key.length}\n`)
  const db = await openDatabase(join(state, 'airlock.db'))
  await db.insertInto('lanes').values({ lane: key, generation: 1 }).execute()
  await db.destroy()
  return { folder, state }
}

/** Resolves to the status; null: killed. */
function restore(state: string, file: string, killAt: number | null): Promise<number | null> {
  // not --seccomp-bpf: strace 6.1 then injects at the first call only
  const inject = ['-e', 'trace=rename', '-e', `inject=rename:signal=SIGKILL:when=${killAt}`]
  const line = [process.execPath, main, 'restore', file, '--force']
  const [command, args] =
    killAt === null ? [line[0]!, line.slice(1)] : ['strace', ['-f', '-qq', '-o', '/dev/null', ...inject, ...line]]
  const env = { PATH: process.env['PATH']!, AIRLOCK_STATE: state, UV_THREADPOOL_SIZE: '1' }
  return new Promise((resolve) => {
    const child = execFile(command, args, { env, cwd: state })
    child.once('close', (status, signal) => resolve(signal === null && status !== 137 ? status : null))
  })
}

test('killed at any rename, a restore loses nothing and is done by the next one', { timeout: 300_000 }, async (t) => {
  const young = await stateOf(t, 'younger')
  const config = readConfig({ AIRLOCK_STATE: young.state, AIRLOCK_ROOT: join(young.folder, 'root') }, young.folder)
  const { file } = await createBackup({ config, now: () => new Date() })(join(young.folder, 'b.tar'))
  let kills = 0
  for (let at = 1; ; at++) {
    const fresh = await stateOf(t, 'old')
    const status = await restore(fresh.state, file, at)
    if (status === 0) break
    assert.equal(status, null, 'it was killed')
    kills++
    // what was there is there still, in its place or aside
    const all = await readdir(fresh.state, { recursive: true })
    const keys = all.filter((path) => path.endsWith('apt.asc')).map((path) => readFile(join(fresh.state, path), 'utf8'))
    assert.ok((await Promise.all(keys)).includes('old'), `the old key after kill ${at}`)
    const databases = all.filter((path) => path.endsWith('airlock.db')).map((path) => join(fresh.state, path))
    assert.ok(
      databases.length > 0 && databases.every((path) => faultOfCopy(path) === null),
      `databases after kill ${at}`,
    )
    assert.equal(await restore(fresh.state, file, null), 0)
    assert.equal(await readFile(join(fresh.state, 'keys/apt.asc'), 'utf8'), 'younger')
    assert.equal(await readFile(join(fresh.state, 'airlock.yaml'), 'utf8'), 'reuse: 7\n')
    const db = await openDatabase(join(fresh.state, 'airlock.db'))
    const lanes = await db.selectFrom('lanes').select('lane').execute()
    await db.destroy()
    assert.deepEqual(lanes, [{ lane: 'younger' }])
  }
  assert.ok(kills >= 6, `${kills} kills: three files aside, three in their place`)
})
