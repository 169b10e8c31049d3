/** A disk that really fills, under the download: a tmpfs of one MiB in a mount namespace of a child's own. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createDownloads } from '../../server/upstream/download.ts'
import { artifact, sha256 } from '../support/records.ts'
import { file } from '../support/upstream.ts'
import { errorOf, never, outside } from './fixture.ts'

const inside = process.env.AIRLOCK_TEST_SMALL_DISK

if (inside === undefined) {
  // the user namespace makes it possible for an ordinary user too, where the kernel lets one
  const unshare = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])]
  const mounted = ['sh', '-c', 'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"', 'sh']
  const run = (folder: string, command: readonly string[]) =>
    spawnSync('unshare', [...unshare, ...mounted, folder, ...command], {
      env: { ...process.env, AIRLOCK_TEST_SMALL_DISK: folder, NODE_TEST_CONTEXT: undefined },
      encoding: 'utf8',
    })

  test('on a disk that really fills', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'airlock-test-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const probe = run(folder, ['true'])
    if (probe.status !== 0) return t.skip(`nothing can be mounted here: ${probe.error?.message ?? probe.stderr}`)
    const flags = process.execArgv.filter((flag) => !flag.startsWith('--test'))
    const child = run(folder, [process.execPath, ...flags, '--test', import.meta.filename])
    assert.equal(child.status, 0, child.stdout + child.stderr)
    assert.match(child.stdout, /pass 3/)
  })
} else {
  const setUp = async (t: Parameters<typeof outside>[0], keepFree: number) => {
    const root = await mkdtemp(join(inside, 'root-'))
    const { client, upstream } = await outside(t)
    t.after(() => rm(root, { recursive: true, force: true }))
    const limits = { parallel: 4, perHost: 4, maxFile: 1 << 30, keepFree }
    const downloads = (statfs = false) =>
      createDownloads({
        client,
        root,
        limits,
        wait: async () => {},
        // a disk that others fill meanwhile: what it said before the download no longer holds
        ...(statfs && { statfs: () => Promise.resolve({ bavail: 1 << 20, bsize: 4096 }) }),
      })
    const wheel = (size: number) => {
      const bytes = randomBytes(size)
      upstream.on(`/${size}.whl`, file(bytes, { etag: '"1"' }))
      return artifact(`${size}.whl`, { sha256: sha256(bytes), size, url: `${upstream.url}/${size}.whl` })
    }
    return { root, upstream, downloads, wheel }
  }

  test('a file for which there is no room is not begun, a smaller one is fetched', async (t) => {
    const { root, upstream, downloads, wheel } = await setUp(t, 100_000)
    const error = await errorOf(downloads().fetch([wheel(1_000_000)], { signal: never }))
    assert.equal(error.code, 'disk-full')
    assert.equal(error.fields.folder, root)
    assert.equal(upstream.requests.length, 0)
    await downloads().fetch([wheel(500_000)], { signal: never })
  })

  test('when the disk fills on the way, nothing keeps its room', async (t) => {
    const { root, downloads, wheel } = await setUp(t, 0)
    const large = wheel(3_000_000)
    const error = await errorOf(downloads(true).fetch([large], { signal: never }))
    assert.equal(error.code, 'disk-full')
    assert.deepEqual(await readdir(join(root, '.incoming')), [])
    await downloads().fetch([wheel(500_000)], { signal: never })
  })

  test('when not even a folder can be made, it is the same', async (t) => {
    const { root, downloads, wheel } = await setUp(t, 0)
    await mkdir(join(root, 'others'))
    await assert.rejects(writeFile(join(root, 'others', 'fill'), Buffer.alloc(2 << 20)), { code: 'ENOSPC' })
    assert.equal((await errorOf(downloads(true).fetch([wheel(1000)], { signal: never }))).code, 'disk-full')
  })
}
