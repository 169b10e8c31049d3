/** A folder that cannot be removed takes nothing back of what was done in it. */
import assert from 'node:assert/strict'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { PipTarget } from '../../server/pip/target.ts'
import { createUv } from '../../server/pip/uv.ts'
import { temporaryFolder } from '../support/folders.ts'

const target = { python: '3.11.7', platform: 'x86_64-manylinux_2_36' } as PipTarget
const lock = 'lock-version = "1.0"\ncreated-by = "uv"\npackages = []\n'

/** A uv that is played, in a folder that its disk will not let go. */
async function solving(t: TestContext, status: number) {
  const work = await temporaryFolder(t)
  const left: unknown[] = []
  const compile = createUv({
    async run(_, args) {
      const output = args[args.indexOf('--output-file') + 1]!
      if (status === 0) await promises.writeFile(output, lock)
      return { status, stdout: '', stderr: 'no such release' }
    },
    uv: 'uv',
    python: 'python3',
    cache: join(work, 'cache'),
    work,
    onLeft: (error) => left.push(error),
  })
  const { rm } = promises
  const busy = Object.assign(new Error('rmdir'), { code: 'EBUSY' })
  promises.rm = (path, options) =>
    String(path).startsWith(join(work, 'solve-')) ? Promise.reject(busy) : rm(path, options)
  syncBuiltinESMExports()
  t.after(() => {
    promises.rm = rm
    syncBuiltinESMExports()
  })
  const question = { requirements: ['a'], target, indexUrl: 'http://127.0.0.1:1/', signal: t.signal }
  return { solution: await compile(question), left, busy }
}

test('a solve is an answer, although its folder cannot be removed; that is told apart', async (t) => {
  const { solution, left, busy } = await solving(t, 0)
  assert.deepEqual(solution, { packages: [] })
  assert.deepEqual(left, [busy])
})

test('why there is no solution is not hidden by a folder that cannot be removed', async (t) => {
  const { solution } = await solving(t, 1)
  assert.deepEqual(solution, { explanation: 'no such release' })
})
