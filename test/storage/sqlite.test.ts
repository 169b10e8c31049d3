import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, rmdir, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import { AirlockError } from '../../server/errors.ts'
import { openDatabase } from '../../storage/database.ts'
import { createEvents } from '../../storage/events.ts'
import { createJobs } from '../../storage/jobs.ts'
import { createRequests } from '../../storage/requests.ts'

/** A state on a disk of its own, whose last bytes are taken away and given back. */
async function onSmallDisk(t: TestContext) {
  const disk = await mkdtemp(join(tmpdir(), 'airlock-disk-'))
  // needs root, as the project's tests do; where it cannot be had this file fails
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0755', 'tmpfs', disk])
  const db = await openDatabase(join(disk, 'state', 'airlock.sqlite'))
  t.after(async () => {
    await db.destroy()
    execFileSync('umount', [disk])
    await rmdir(disk)
  })
  return {
    db,
    async fill() {
      const { bavail, bsize } = await statfs(disk)
      await writeFile(join(disk, 'ballast'), Buffer.alloc(bavail * bsize))
    },
    free: () => rm(join(disk, 'ballast')),
  }
}

const isFull = (error: unknown) => error instanceof AirlockError && error.code === 'disk-full'

test('a transaction that meets a full disk fails as that, and changes nothing; with room it works again', async (t) => {
  const { db, fill, free } = await onSmallDisk(t)
  const events = createEvents(db)
  const jobs = createJobs(db, events, () => new Date())
  const requests = createRequests(db, events, () => new Date())
  const ask = (name: string) =>
    requests.add({
      ecosystem: 'toy',
      targets: ['default'],
      asked: [name],
      roots: [name],
      options: { text: name.repeat(20_000) },
      requester: null,
      note: null,
    })
  await ask('a')
  await fill()
  // whatever is left in the log's file, it does not hold this many
  await assert.rejects(async () => {
    for (let at = 0; at < 200; at++) await ask('b')
  }, isFull)
  const before = (await jobs.unfinished()).length
  await assert.rejects(ask('c'), isFull)
  assert.equal((await jobs.unfinished()).length, before)
  await free()
  await ask('d')
  assert.equal((await jobs.unfinished()).length, before + 1)
})

test('where SQLite ended the transaction itself, what ended it is what is told', async (t) => {
  const { db } = await onSmallDisk(t)
  await assert.rejects(
    db.transaction().execute(async (write) => {
      await sql`create table odd (at integer)`.execute(write)
      await sql`rollback`.execute(write)
      throw new Error('the reason')
    }),
    /^Error: the reason$/,
  )
  await db.transaction().execute((write) => sql`create table odd (at integer)`.execute(write))
})

test('any other transaction that fails is rolled back', async (t) => {
  const { db } = await onSmallDisk(t)
  await assert.rejects(
    db.transaction().execute(async (write) => {
      await sql`create table odd (at integer)`.execute(write)
      throw new Error('the reason')
    }),
    /^Error: the reason$/,
  )
  await assert.rejects(sql`select * from odd`.execute(db), /no such table/)
})
