/** The state's disk is full when a server starts: pods are served, what was under way waits, and goes on once there is room. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, rmdir, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startAirlock } from '../support/airlock.ts'
import { gate } from '../support/gate.ts'
import { startIndex } from '../support/index.ts'
import { file } from '../support/upstream.ts'
import { makeWheel } from '../support/wheels.ts'

test('a server that starts on a full state serves, and goes on when there is room', async (t) => {
  const disk = await mkdtemp(join(tmpdir(), 'airlock-disk-'))
  // needs root, as the project's tests do; where it cannot be had this file fails
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0755', 'tmpfs', disk])
  const index = await startIndex()
  const wheel = makeWheel({ name: 'held', version: '1.0' })
  index.add(wheel)
  const way = gate(file(wheel.bytes, { etag: `"${wheel.sha256}"` }))
  index.files.on(index.pathOf(wheel), way.answer)
  const config = { download: { overlap: 0 }, builds: { pip: 'off' } }
  const airlock = await startAirlock({ index: index.url, state: join(disk, 'state'), config })
  t.after(async () => {
    way.open()
    await airlock.close().catch(() => {})
    await index.close()
    execFileSync('umount', [disk])
    await rmdir(disk)
  })
  const { id } = await airlock.ask('held')
  await way.asked
  await airlock.kill()
  const { bavail, bsize } = await statfs(disk)
  await writeFile(join(disk, 'ballast'), Buffer.alloc(bavail * bsize))

  await airlock.start()
  assert.equal((await fetch(airlock.indexUrl)).status, 200)
  const waiting = await airlock.wait(id, (request) => request.waiting !== null)
  assert.equal(waiting.waiting!.code, 'disk-full')
  way.open()
  await rm(join(disk, 'ballast'))
  await airlock.ready(id)
})
