import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { networkFilesystemOf, openDatabase } from '../../storage/database.ts'
import { takeLock } from '../../storage/lock.ts'
import { temporaryFolder } from '../support/folders.ts'

test('the state has one owner, and a second one is refused until the first lets go', async (t) => {
  const file = join(await temporaryFolder(t), 'lock.db')
  const release = takeLock(file)
  assert.ok(release)
  assert.equal(takeLock(file), null)
  release()
  takeLock(file)!()
})

test('the kernel gives the lock back when its owner is killed', async (t) => {
  const file = join(await temporaryFolder(t), 'lock.db')
  const module = new URL('../../storage/lock.ts', import.meta.url).href
  const script = `const { takeLock } = await import(${JSON.stringify(module)}); globalThis.keep = takeLock(${JSON.stringify(file)}); console.log('held'); setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(owner.stdout, 'data')
  assert.equal(takeLock(file), null)
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  takeLock(file)!()
})

test('the database keeps what crash safety rests on over a reopening', async (t) => {
  const file = join(await temporaryFolder(t), 'airlock.db')
  await (await openDatabase(file)).destroy()
  const db = await openDatabase(file)
  const { rows } = await db.executeQuery<{ synchronous: number }>({
    sql: 'pragma synchronous',
    parameters: [],
    query: { kind: 'RawNode' } as never,
    queryId: { queryId: 'pragma' },
  })
  assert.equal(rows[0]!.synchronous, 2)
  await db.destroy()
})

test('a local filesystem is not taken for a network one', async (t) => {
  assert.equal(networkFilesystemOf(await temporaryFolder(t)), null)
})
