/** Files that would fill memory, disk or time: each is refused while it is small; and what the bounds are worth. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/folders.ts'
import type { Cut } from '../support/sabotage.ts'
import { bombs } from './bombs.ts'

const run = promisify(execFile)
const reader = fileURLToPath(new URL('read-bombs.ts', import.meta.url))

type Read = { readonly code: string; readonly seconds: number; readonly mebibytes: number }

/** Read by a process of its own, with a folder of its own for what it might leave. */
async function defuse(t: TestContext, name: string, cuts: readonly Cut[] = []): Promise<Read & { left: string[] }> {
  const folder = await temporaryFolder(t)
  const left = join(folder, 'left')
  await mkdir(left)
  const { file, bytes } = bombs[name]!()
  await writeFile(join(folder, file), bytes)
  const { stdout } = await run(process.execPath, [reader, join(folder, file)], {
    env: { PATH: process.env['PATH'], TMPDIR: left, CUTS: JSON.stringify(cuts) },
    cwd: left,
    // less than the reader's own patience: what it has started ends with it
    timeout: 45_000,
  })
  return { ...(JSON.parse(stdout) as Read), left: await readdir(left) }
}

describe('a bomb', { concurrency: 2 }, () => {
  for (const name of Object.keys(bombs))
    test(`is refused within 10 seconds and 256 MiB, and leaves nothing: ${name}`, async (t) => {
      const { code, seconds, mebibytes, left } = await defuse(t, name)
      assert.equal(code, 'artifact-invalid')
      assert.ok(seconds < 10, `${seconds} s`)
      assert.ok(mebibytes < 256, `${mebibytes} MiB`)
      assert.deepEqual(left, [])
    })
})

test('there are twenty of them or more', () => assert.ok(Object.keys(bombs).length >= 20))

const cuts: readonly (readonly [what: string, bomb: string, cut: Cut])[] = [
  [
    'the parts of a source',
    'an sdist with a thousand requires.txt',
    { file: 'server/pip/sdist.ts', from: 'size > limits.part || kept > limits.parts', to: 'false' },
  ],
  [
    'the folders of a tar',
    'an sdist with 900,000 folders',
    { file: 'server/archive/tar-names.ts', from: '|| known.size > maxKnown', to: '' },
  ],
  [
    'the folders of a zip',
    'a wheel with a million folders',
    { file: 'server/pip/zip-names.ts', from: 'folders.size > maxFolders', to: 'false' },
  ],
  [
    'what gzip unpacks to',
    'an sdist of a gigabyte of zeros',
    { file: 'server/archive/tar-blocks.ts', from: 'if (total > maxBytes) refuse', to: 'if (false) refuse' },
  ],
]

for (const [what, bomb, cut] of cuts)
  test(`control: where nobody bounds ${what}, it is seen`, async (t) => {
    const bounded = await defuse(t, bomb)
    const { code, seconds, mebibytes } = await defuse(t, bomb, [cut])
    const isLarger = mebibytes > bounded.mebibytes + 32
    const isSlower = seconds > 2 * bounded.seconds
    assert.ok(code !== 'artifact-invalid' || isLarger || isSlower, `${code}, ${seconds} s, ${mebibytes} MiB`)
  })
