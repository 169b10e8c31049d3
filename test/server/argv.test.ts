/** No child is started with what nobody has looked at. The soak has every word in every place, and 100,000 by chance. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryFolder } from '../support/folders.ts'
import { hostileWords } from '../support/hostile-words.ts'
import type { Cut } from '../support/sabotage.ts'
import { feedByChance, startRig } from './argv.ts'

/** What is right in each place; `numpy` in the others. */
const right: Readonly<Record<string, string>> = {
  'a version in pylock.toml': '1.0',
  'a version in poetry.lock': '1.0',
  'a version in Pipfile.lock': '1.0',
  'a line of requirements.txt': '# x',
  'a file’s name': 'pylock.toml',
  'a Python’s version': '3.12.1',
  'a Python’s version without tags': '3.12.1',
  'a Python’s platform': 'aarch64-manylinux_2_31',
  'a Python’s implementation': 'CPython',
  'a tag': 'py3-none-any',
  'a libc': 'glibc 2.36',
  'an address of a source': '/sub',
}

test('what is right goes through in every place, to a child where one is asked', async (t) => {
  const { slots, started, faults } = await startRig(await temporaryFolder(t))
  for (const { name, feed } of slots) {
    const before = started()
    await feed(right[name] ?? 'numpy')
    assert.ok(started() > before || name === 'a target' || name === 'an index', name)
  }
  assert.deepEqual(faults, [])
})

test('no word of the list reaches a child as anything but what it should be', { timeout: 300_000 }, async (t) => {
  assert.ok(hostileWords.length >= 300)
  const { slots, started, faults } = await startRig(await temporaryFolder(t))
  for (const [at, { feed }] of slots.entries())
    for (const [turn, word] of hostileWords.entries()) if ((turn + at) % 4 === 0) await feed(word)
  assert.deepEqual(faults, [])
  t.diagnostic(`${started()} children`)
})

test('nor does any of 5,000 words by chance', { timeout: 300_000 }, async (t) => {
  const rig = await startRig(await temporaryFolder(t))
  await feedByChance(rig, 5000)
  assert.deepEqual(rig.faults, [])
  t.diagnostic(`${rig.started()} children`)
})

const cuts: Readonly<Record<string, Cut & { readonly place: string }>> = {
  'names of apt': {
    place: 'a package of apt',
    file: 'server/apt/names.ts',
    from: 'if (!namePattern.test(name)) {',
    to: 'if (name === undefined) {',
  },
  'versions of apt': {
    place: 'a version of apt',
    file: 'server/apt/names.ts',
    from: 'if (version !== null && !versionPattern.test(version))',
    to: 'if (version === undefined)',
  },
  'texts that are no versions': {
    place: 'a version',
    file: 'server/pip/specifiers.ts',
    from: "if (operator === '===') return /^[A-Za-z0-9][A-Za-z0-9._+!*-]{0,127}$/.test(version)",
    to: "if (operator === '===') return true",
  },
  'folders of uv.lock': {
    place: 'a folder in uv.lock',
    file: 'server/pip/lock-uv.ts',
    from: "return path === '.' || isInside ? path",
    to: "return path === '.' || path.length + Number(isInside) > 0 ? path",
  },
  'names of targets': {
    place: 'a target',
    file: 'server/contract.ts',
    from: 'const targetName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/)',
    to: 'const targetName = z.string()',
  },
  'a Python’s platform': {
    place: 'a Python’s platform',
    file: 'server/pip/target.ts',
    from: 'if (!isKnown(knobs)) throw wrong(unfit.platform)',
    to: '',
  },
  'a Python’s version': {
    place: 'a Python’s version',
    file: 'server/pip/target.ts',
    from: '/^3\\.\\d{1,2}\\.\\d{1,3}(?!\\d)/.exec(chosen.version)?.[0]',
    to: 'chosen.version',
  },
  'words of sources': {
    place: 'a suite of a source',
    file: 'server/apt/pod.ts',
    from: 'if (strange !== undefined) refuse(strange, source.place)',
    to: '',
  },
  'addresses of sources': {
    place: 'an address of a source',
    file: 'server/apt/pod.ts',
    from: 'if (strangeAddress.test(uri)) return undefined',
    to: '',
  },
}

for (const [what, { place, ...cut }] of Object.entries(cuts))
  test(`control: ${what}, where nobody looks, are seen`, async (t) => {
    const { slots, faults } = await startRig(await temporaryFolder(t), [cut])
    const { feed } = slots.find(({ name }) => name === place)!
    for (const word of hostileWords) if (faults.length === 0) await feed(word)
    assert.ok(faults.length > 0)
  })
