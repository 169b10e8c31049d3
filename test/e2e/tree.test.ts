/** The tests' own judge of a tree: it must see every way in which one can be wrong, or its silence means nothing. */
import assert from 'node:assert/strict'
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex } from '../support/index.ts'
import { checkTree, hashTree } from '../support/tree.ts'
import { makeWheel, type MadeWheel } from '../support/wheels.ts'

let airlock: Airlock
let root: string
let wheel: MadeWheel

before(async () => {
  const index = await startIndex()
  wheel = makeWheel({ name: 'aa', version: '1.0', requires: ['bb'], requiresPython: '>=3' })
  index.add(wheel, { yanked: 'for <a> reason', requiresPython: '>=3' })
  index.add(makeWheel({ name: 'bb', version: '1.0+local' }))
  airlock = await startAirlock({ index: index.url })
  await airlock.ready((await airlock.ask('aa==1.0')).id)
  await airlock.stop()
  await index.close()
  root = join(airlock.folder, 'copy')
})

after(() => airlock.close())

const poolOf = () => join('pip/pool', wheel.sha256.slice(0, 2), wheel.sha256, wheel.file)

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const whole = join(root, path)
  const before = await readFile(whole, 'latin1')
  const now = change(before)
  assert.notEqual(now, before, 'the sabotage changes something')
  await chmod(whole, 0o644)
  await writeFile(whole, now, 'latin1')
  await chmod(whole, 0o444)
}

const sabotage: Readonly<Record<string, [() => Promise<void>, RegExp]>> = {
  'a pool file that is gone': [() => rm(join(root, poolOf())), /aa: aa-1\.0-py3-none-any\.whl: .* is not there/],
  'another byte in a pool file': [
    () => edit(poolOf(), (text) => text.replace('METADATA', 'METADATE')),
    /its digest is not the one listed/,
  ],
  'a pool file that was cut short': [
    () => edit(poolOf(), (text) => text.slice(0, -1)),
    /its size is not the one listed/,
  ],
  'metadata that is gone': [() => rm(join(root, `${poolOf()}.metadata`)), /\.metadata: .* is not there/],
  'other metadata': [
    () => edit(`${poolOf()}.metadata`, (text) => `${text}x`),
    /\.metadata: its digest is not the one listed/,
  ],
  'a digest on a page': [
    () => edit('pip/simple/aa/index.html', (text) => text.replace(wheel.sha256, wheel.sha256.replace(/^./, 'x'))),
    /aa: aa-1\.0.* is not there/,
  ],
  'a limit that the JSON page lacks': [
    () => edit('pip/simple/aa/index.json', (text) => text.replace('"requires-python":">=3",', '')),
    /aa: HTML and JSON differ/,
  ],
  'a yank that the HTML page lacks': [
    () => edit('pip/simple/aa/index.html', (text) => text.replace(/ data-yanked="[^"]*"/, '')),
    /aa: HTML and JSON differ/,
  ],
  'a page that is gone': [() => rm(join(root, 'pip/simple/bb'), { recursive: true }), /bb is listed and has no page/],
  'an empty page': [
    () => edit('pip/simple/bb/index.html', (text) => text.replace(/<a .*<\/a>/, '')),
    /bb: it lists nothing/,
  ],
  'a project that the top index lacks': [
    () => edit('pip/simple/index.html', (text) => text.replace(/<a href="bb.*<br>/, '')),
    /simple: bb has a page and is not listed/,
  ],
  'a project that only the JSON index lacks': [
    () => edit('pip/simple/index.json', (text) => text.replace('{"name":"bb"}', '').replace(',]', ']')),
    /simple: HTML and JSON differ/,
  ],
  'a lock that lost a line': [
    () => edit('pip/requests/1/requirements.txt', (text) => text.replace(/bb==.*\n/, '')),
    /requests\/1: locks differ/,
  ],
  'a lock that leads nowhere': [
    () => edit('pip/requests/1/pylock.toml', (text) => text.replace('../../pool', '../pool')),
    /pylock\.toml: .* is not there/,
  ],
  'a page that cannot be read by a pod': [
    () => chmod(join(root, 'pip/simple/aa/index.html'), 0o400),
    /aa\/index\.html: its mode is 400/,
  ],
  'a folder that cannot be entered by a pod': [() => chmod(join(root, 'pip/simple'), 0o700), /simple: its mode is 700/],
  'downloads that everybody can read': [() => chmod(join(root, '.incoming'), 0o755), /\.incoming: its mode is 755/],
}

test('a tree that was published is right, and so is its copy', async () => {
  assert.deepEqual((await checkTree(airlock.root)).faults, [])
  assert.deepEqual(await copied(), [])
  assert.deepEqual(await hashTree(root), await hashTree(airlock.root))
})

for (const [what, [spoil, expected]] of Object.entries(sabotage)) {
  test(`${what}: it is seen`, async () => {
    await copied()
    const before = await hashTree(root)
    await spoil()
    const { faults } = await checkTree(root)
    assert.match(faults.join('\n'), expected)
    if (!/folder|downloads/.test(what)) assert.notDeepEqual(await hashTree(root), before)
  })
}

test('files that people put into the root are nobody’s business', async () => {
  await copied()
  await mkdir(join(root, 'by-hand'), { mode: 0o755 })
  assert.deepEqual((await checkTree(root)).faults, [])
})

/** The tree again as it was; what is wrong with it. */
async function copied(): Promise<readonly string[]> {
  await rm(root, { recursive: true, force: true })
  await cp(airlock.root, root, { recursive: true, preserveTimestamps: true })
  return (await checkTree(root)).faults
}
