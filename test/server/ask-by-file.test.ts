/** Files and packages by the command line, on the real server. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { airlock as command } from '../cli/console.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'aa', version: '1.0', requires: ['Bb_Lib'] }))
  for (const version of ['1.0', '2.0']) index.add(makeWheel({ name: 'bb-lib', version }))
  airlock = await startAirlock({ index: index.url })
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

const run = (args: readonly string[], stdin = '') => command(airlock.consoleUrl, args, { every: 20, stdin })

test('a requirements file with constraints is solved within them, and what came of it is listed', async () => {
  const constraints = join(airlock.folder, 'constraints.txt')
  await writeFile(constraints, '# not yet\nbb-lib<2\n')
  const asked = await run(['request', 'pip', '-r', '-', '-c', constraints, '--wait'], '# mine\naa\n')
  assert.deepEqual([asked.code, asked.err.includes('airlock:')], [0, false], asked.err)
  const { closure, requirements } = await airlock.get(1)
  assert.deepEqual(requirements, ['aa'])
  assert.deepEqual(closure?.map(({ project, version }) => `${project} ${version}`).toSorted(), ['aa 1.0', 'bb-lib 1.0'])

  const listed = await run(['packages', 'pip'])
  assert.match(listed.out, /\npip {8}aa .*\npip {8}bb-lib /)
  const one = await run(['packages', 'pip', 'Bb_Lib'])
  assert.equal(one.code, 0, one.err)
  assert.match(one.out, /^pip bb-lib/)
  assert.match(one.out, /Along with: {4}1\n.*Needed by: {5}aa\n/)
  assert.match(one.out, /\n1\.0 .* pip\/simple .*bb_lib-1\.0.*whl\n/)
})

test('the server’s refusal names the line of the file', async () => {
  const { code, err } = await run(['request', 'pip', '-r', '-'], 'aa\n-r other.txt\n')
  assert.equal(code, 5)
  assert.match(err, /^airlock: Line 2: /)
})
