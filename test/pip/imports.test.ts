/** When a closure's imports are tried at all, and what becomes of what the sandbox brings out. */
import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Builder } from '../../server/pip/builders.ts'
import { createTryImports } from '../../server/pip/imports.ts'
import { missingLibrary, packageOfLibrary } from '../../server/pip/libraries.ts'
import type { PipTarget } from '../../server/pip/target.ts'
import type { SandboxEnd, SandboxRun } from '../../server/sandbox/run.ts'
import type { Artifact, Closure } from '../../storage/records.ts'
import { temporaryFolder } from '../support/folders.ts'

const own = { implementation: 'cpython', python: '3.11.7', platform: 'x86_64-manylinux_2_36' } as PipTarget
const builder: Builder = { executable: '/usr/bin/python3', folders: [], target: own }
const wheel = (name: string, size: number | null): Artifact =>
  ({ ecosystem: 'pip', name, version: '1.0', file: `${name}-1.0-py3-none-any.whl`, size, sha256: 'aa' }) as Artifact
const closureOf = (...artifacts: readonly Artifact[]): Closure => ({
  items: artifacts.map((artifact) => ({ artifact, isRoot: true, neededBy: [] })),
  remarks: [],
})

type Changes = Partial<Omit<Parameters<typeof createTryImports>[0], 'sandbox'>> & {
  readonly target?: Partial<PipTarget>
  readonly closure?: Closure
  /** What the sandbox brings out; null: nothing. */
  readonly answer?: string | null
  readonly none?: boolean
}

/** Tries, with a sandbox that is played; how often it was asked, with what, and what is said. */
async function trying(t: TestContext, { target, closure, answer = '[]', none = false, ...deps }: Changes = {}) {
  const runs: SandboxRun[] = []
  const work = join(await temporaryFolder(t), 'work')
  const tryImports = createTryImports({
    sandbox: {
      available: none ? { ok: false, reason: 'none', words: { en: 'none', zh: '无' } } : { ok: true },
      async run(run, into): Promise<SandboxEnd> {
        runs.push(run)
        const path = join(into, 'imports.json')
        if (answer !== null) await writeFile(path, answer)
        const outputs = answer === null ? [] : [{ name: 'imports.json', path }]
        return { ended: 'exit', limit: null, status: 0, log: '', outputs, leftOut: [] }
      },
    },
    builders: [builder],
    limits: { seconds: 60, memory: 1e9, disk: 1e9 },
    upTo: 1000,
    pathOf: ({ file }) => `/pool/${file}`,
    uv: '/tools/uv',
    work,
    ...deps,
  })
  const remarks = await tryImports(
    closure ?? closureOf(wheel('aa', 10)),
    { ...own, ...target },
    new AbortController().signal,
  )
  if (runs.length > 0) assert.deepEqual(await readdir(work), [], 'it leaves nothing')
  return { remarks, runs }
}

test('wheels go in where they lie, and the names of the roots', async (t) => {
  const needed = { artifact: wheel('bb', 20), isRoot: false, neededBy: ['aa'] }
  const { runs } = await trying(t, { closure: { items: [...closureOf(wheel('aa', 10)).items, needed], remarks: [] } })
  const [{ inputs, command } = { inputs: [], command: [] }] = runs
  for (const name of ['aa', 'bb'])
    assert.ok(
      inputs.some(({ from, to }) => from === `/pool/${name}-1.0-py3-none-any.whl` && to.startsWith('/build/in/')),
    )
  assert.deepEqual((JSON.parse(command.at(-1)!) as { roots: string[] }).roots, ['aa'])
})

const never: Readonly<Record<string, Changes>> = {
  'it is set to none': { upTo: 0 },
  'the closure is larger than set': { closure: closureOf(wheel('aa', 600), wheel('bb', 600)) },
  'a size is not known': { closure: closureOf(wheel('aa', null)) },
  'the closure is empty': { closure: closureOf() },
  'it has been said of this answer, which is given again': {
    closure: { ...closureOf(wheel('aa', 10)), remarks: [{ code: 'import-fails', fields: {} }] },
  },
  'a file is gone': { pathOf: () => null },
  'there is no sandbox': { none: true },
  'no Python here is of the target’s version': { target: { python: '3.12.1' } },
  'no Python here is of the target’s processor': { target: { platform: 'aarch64-manylinux_2_36' } },
}
for (const [why, changes] of Object.entries(never)) {
  test(`nothing is run where ${why}`, async (t) => {
    const { remarks, runs } = await trying(t, changes)
    assert.deepEqual([remarks, runs], [[], []])
  })
}

test('no answer, or one of another form, says nothing', async (t) => {
  const root = { root: 'aa', modules: ['aa'], seconds: 1, error: null }
  const ill = [null, '', '{', '{}', '[1]', 'null', '[[]]']
  const forged = [
    { ...root, seconds: '1' },
    { ...root, seconds: -1 },
    { ...root, seconds: 1e9 },
    { ...root, modules: ['<b>'] },
    { ...root, modules: Array.from({ length: 21 }, () => 'a') },
    { ...root, error: { module: 'aa' } },
  ]
  for (const answer of [...ill, ...forged.map((one) => JSON.stringify([one]))])
    assert.deepEqual((await trying(t, { answer })).remarks, [], String(answer))
  assert.equal((await trying(t, { answer: JSON.stringify([root]) })).remarks.length, 1)
})

test('roots without a module of their own are passed over', async (t) => {
  const answer = JSON.stringify([{ root: 'types-aa', modules: [], seconds: 0, error: null }])
  assert.deepEqual((await trying(t, { answer })).remarks, [])
})

test('a library is known by what the loader says, and its package where it is known', () => {
  const said = 'libGL.so.1: cannot open shared object file: No such file or directory'
  assert.equal(missingLibrary(said), 'libGL.so.1')
  assert.equal(missingLibrary(`Unable to load: ${said}`), 'libGL.so.1')
  assert.equal(missingLibrary('libc++abi.so.1.0: cannot open shared object file: …'), 'libc++abi.so.1.0')
  assert.equal(missingLibrary('No module named libGL'), null)
  assert.equal(missingLibrary('/tmp/x`id`.so: cannot open shared object file'), null)
  assert.equal(packageOfLibrary('libGL.so.1'), 'libgl1')
  assert.equal(packageOfLibrary('libunheard-of.so.1'), null)
})
