/**
 * What a download asks of the kernel: in which order it becomes durable, and what it makes of every refusal and of a kill
 * at every step. The thread pool has one thread, so that the n-th call is the same one in every run.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test, type TestContext } from 'node:test'
import { createDownloads } from '../../server/upstream/download.ts'
import { temporaryFolder } from '../support/folders.ts'
import { artifact, sha256 } from '../support/records.ts'
import { file } from '../support/upstream.ts'
import { never, outside } from './fixture.ts'

const bytes = randomBytes(2_500_000)
const calls = 'fsync,rename,pwrite64,fchmod,mkdir,unlink'

async function setUp(t: TestContext) {
  const { client, upstream } = await outside(t)
  const root = join(await temporaryFolder(t), 'root')
  await mkdir(root)
  upstream.on('/six.whl', file(bytes, { etag: '"1"' }))
  const wheel = artifact('six-1.0.whl', { sha256: sha256(bytes), size: bytes.length, url: `${upstream.url}/six.whl` })
  const folder = join(root, '.incoming', wheel.sha256)

  /** Downloads in a process of its own, under strace with these options. */
  async function run(...options: string[]) {
    const downloader = join(import.meta.dirname, 'downloader.ts')
    const command = [process.execPath, downloader, root, JSON.stringify(wheel)]
    const child = spawn('strace', ['-f', '-y', '-qq', ...options, ...command], {
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
      stdio: ['ignore', 'inherit', 'pipe'],
    })
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
    const trace = await text(child.stderr)
    return {
      succeeded: (await ended) === 0,
      trace: trace.split('\n').filter((line) => line.includes(root)),
      all: trace,
    }
  }
  /** Downloads without any trouble. */
  async function again() {
    const limits = { parallel: 4, perHost: 4, maxFile: 1 << 30, keepFree: 0 }
    await createDownloads({ client, root, limits }).fetch([wheel], { signal: never })
  }
  return { root, folder, run, again, path: join(folder, wheel.file) }
}

test('bytes are durable before the name, and the name before anyone is told', async (t) => {
  const { root, folder, run, path } = await setUp(t)
  const { succeeded, trace } = await run('-e', 'trace=fsync,rename')
  assert.ok(succeeded)
  const seen = trace.map((line) => {
    const [, call, rest = ''] = /(fsync|rename)\((.*)/.exec(line) ?? []
    // a name in angle brackets is what the descriptor leads to
    const [first = '', second] = [...rest.matchAll(/[<"]([^>"]+)[>"]/g)].map(([, name]) => name)
    return second === undefined ? `${call} ${first}` : `${call} ${first} ${second}`
  })
  assert.deepEqual(seen, [
    `fsync ${folder}/.part`,
    `rename ${folder}/.part ${path}`,
    `fsync ${folder}`,
    `fsync ${root}/.incoming`,
    `fsync ${root}`,
  ])
})

type Refusal = readonly [
  call: string,
  error: string,
  when: number,
  /** Whether it still ends well. */ harmless?: boolean,
]

const refusals: readonly Refusal[] = [
  ['mkdir', 'ENOSPC', 1],
  ['mkdir', 'EACCES', 2],
  ['pwrite64', 'EIO', 2],
  ['pwrite64', 'ENOSPC', 2],
  ['pwrite64', 'ENOSPC', 3],
  ['pwrite64', 'EDQUOT', 1],
  ['fchmod', 'EPERM', 1],
  ['fsync', 'EIO', 1],
  ['fsync', 'EIO', 2],
  ['fsync', 'EIO', 4],
  ['rename', 'EIO', 1],
  ['rename', 'ENOSPC', 1],
] as const

describe('a download', { concurrency: 4 }, () => {
  for (const [call, error, when] of refusals) {
    test(`that is refused its ${call} number ${when} by ${error} says so, and the next one succeeds`, async (t) => {
      const { run, again, path } = await setUp(t)
      const inject = `inject=${call}:error=${error}:when=${when}`
      const { succeeded, all } = await run('-e', `trace=${call}`, '-e', inject)
      assert.match(all, /\(INJECTED\)/)
      assert.equal(succeeded, false)
      assert.match(all, /ENOSPC|EDQUOT/.test(error) ? /disk-full/ : new RegExp(error))
      // until the name is given, nothing has it
      if (call !== 'fsync' || when === 1) assert.equal(existsSync(path), false)
      await again()
      assert.deepEqual(await readFile(path), bytes)
    })
  }

  for (const [call, times] of [
    ['mkdir', 2],
    ['pwrite64', 3],
    ['fchmod', 1],
    ['fsync', 4],
    ['rename', 1],
    ['unlink', 1],
  ] as const) {
    for (let when = 1; when <= times; when++) {
      test(`that is killed at its ${call} number ${when} leaves nothing false, and the next one succeeds`, async (t) => {
        const { run, again, path } = await setUp(t)
        const { succeeded } = await run('-e', `trace=${calls}`, '-e', `inject=${call}:signal=SIGKILL:when=${when}`)
        assert.equal(succeeded, false)
        if (existsSync(path)) assert.deepEqual(await readFile(path), bytes)
        await again()
        assert.deepEqual(await readFile(path), bytes)
      })
    }
  }
})
