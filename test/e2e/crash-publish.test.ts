/** kill -9 between any two renames of a request's way into the tree: no page ever leads to what is not there. */
import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startAirlock } from '../support/airlock.ts'
import { uvInstall } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { checkTree } from '../support/tree.ts'
import { makeWheel } from '../support/wheels.ts'

// two files, each with its metadata, two files for the request, two forms of two pages and of the top index
const renames = 2 + 2 * 2 + 2 + 2 * 2 + 2
const points = Array.from({ length: renames }, (_, at) => at + 1)

let index: TestIndex

before(async () => {
  index = await startIndex()
})

after(() => index?.close())

/** Kills a server at each of the points, starts it again each time, and says what it saw. */
async function killAt(all: readonly number[], sabotage: readonly string[] = []): Promise<void> {
  const off = { AIRLOCK_MIRROR_LISTEN: 'off' }
  const airlock = await startAirlock({ index: index.url, preload: [...sabotage, 'dies.ts'], env: off })
  try {
    for (const at of all) {
      const files = [makeWheel({ name: `at-${at}-app`, version: '1.0', requires: [`at-${at}-lib`] })]
      files.push(makeWheel({ name: `at-${at}-lib`, version: '1.0' }))
      for (const made of files) index.add(made)
      await writeFile(join(airlock.state, 'dies-at'), String(at))
      const { id } = await airlock.ask(`at-${at}-app`)
      assert.equal((await airlock.died()).signal, 'SIGKILL')

      const { faults } = await checkTree(airlock.root)
      assert.deepEqual(
        faults.filter((fault) => !isOneStepAhead(fault, at, id)),
        [],
        `right after rename ${at - 1}`,
      )

      await airlock.start()
      assert.equal((await airlock.ready(id)).closure!.length, 2)
      assert.deepEqual((await checkTree(airlock.root)).faults, [], `after the restart, killed at ${at}`)
      const asked = files.map((made) => index.files.asked(index.pathOf(made)).length)
      // only what had no name yet may be asked for again
      const again = asked.filter((count) => count > 1)
      assert.ok(
        again.length <= Math.max(0, 3 - at) && Math.max(...asked) <= 2,
        `killed at ${at}: asked ${asked.join(', ')}`,
      )
    }
    const names = all.map((at) => `at-${at}-app`)
    const { releases, output } = await uvInstall(['--index-url', airlock.folderUrl, ...names])
    assert.equal(Object.keys(releases).length, 2 * all.length, output)
    const left = await readdir(join(airlock.root, '.incoming'), { recursive: true })
    assert.deepEqual(
      left.filter((name) => name.endsWith('.whl')),
      [],
    )
  } finally {
    await airlock.close()
  }
}

/**
 * What lies between two renames of one step: a page's or a lock's two forms, and projects that the top index does not
 * name yet. A link that leads nowhere, or to other bytes, is never one of these.
 */
function isOneStepAhead(fault: string, at: number, id: number): boolean {
  const project = `at-${at}-(?:app|lib)`
  return [
    `^pip/simple/${project}: (?:HTML and JSON differ$|pip/simple/${project}/index\\.\\w+ is not there$|it lists nothing$)`,
    `^requests/${id}: pip/requests/${id}/[a-z.]+ is not there$`,
    `^pip/requests/${id}: locks differ$`,
    `^pip/simple: (?:HTML and JSON differ|${project} has a page and is not listed)$`,
    // the very first publication makes the index
    '^pip/simple: pip/simple/index\\.\\w+ is not there$',
  ].some((known) => new RegExp(known).test(fault))
}

test(`killed before each of the ${renames} renames from its first whole file to its last page`, async (t) => {
  const halves = [0, 1].map((odd) => killAt(points.filter((at) => at % 2 === odd)))
  await Promise.allSettled(halves)
  await Promise.all(halves)
  t.diagnostic(`${renames} kills, each followed by a start that ended ready`)
})

test('control: were a page published before its files, a kill would show it', async () => {
  await assert.rejects(
    killAt([renames], ['lazy-pool.ts']),
    /simple\/at-14-app: at_14_app-1\.0-py3-none-any\.whl: .* is not there/,
  )
})
