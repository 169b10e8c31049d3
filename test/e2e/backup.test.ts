/** A backup, the loss of the state, a restore and a rebuild, with the real server and both ecosystems. */
import assert from 'node:assert/strict'
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { extract, pack, type Header } from 'tar-stream'
import { restoreBackup } from '../../server/backup/restore.ts'
import { AirlockError } from '../../server/errors.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive, type Archive } from '../support/archive.ts'
import { run } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { checkTree, hashTree } from '../support/tree.ts'
import { makeWheel } from '../support/wheels.ts'

let index: TestIndex
let archive: Archive
let airlock: Airlock
/** The backup that the first test makes. */
let file: string

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'aa', version: '1.0', requires: ['bb'] }))
  index.add(makeWheel({ name: 'bb', version: '1.0' }))
  archive = await startArchive()
  await archive.add({ name: 'tool', depends: 'libtool' }, { name: 'libtool', architecture: 'amd64' })
  const apt = { architectures: ['amd64'], sources: archive.sources, status: 'none', updateAfter: 0 }
  const pip = { python: '3.12.1', platform: 'x86_64-manylinux_2_36' }
  airlock = await startAirlock({ index: index.url, config: { targets: { default: { apt, pip } } } })
  await airlock.stop()
  // files that the configuration names: beside it, and elsewhere
  const own = join(airlock.state, 'airlock.yaml')
  const config = JSON.parse(await readFile(own, 'utf8')) as object
  const targets = {
    default: { apt: { ...apt, status: join(airlock.folder, 'status') }, pip: { ...pip, installed: 'pods/freeze.txt' } },
  }
  await mkdir(join(airlock.state, 'pods'))
  await writeFile(join(airlock.state, 'pods/freeze.txt'), 'bb==1.0\n')
  await writeFile(join(airlock.folder, 'status'), '')
  await writeFile(own, JSON.stringify({ ...config, targets }))
  await airlock.start()
  await airlock.ready((await airlock.ask('aa')).id)
  await airlock.ready((await airlock.askFor({ ecosystem: 'apt', requirements: ['tool'] }))[0]!.id)
  file = join(airlock.folder, 'airlock.tar')
})

after(async () => {
  await airlock?.close()
  await Promise.all([index?.close(), archive?.close()])
})

const cli = fileURLToPath(new URL('../../client/cli/main.ts', import.meta.url))
const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))
const env = (more: Readonly<Record<string, string>> = {}) => ({
  PATH: process.env['PATH']!,
  HOME: airlock.folder,
  LANG: 'C.UTF-8',
  AIRLOCK_ROOT: airlock.root,
  AIRLOCK_STATE: airlock.state,
  AIRLOCK_CONSOLE_URL: airlock.consoleUrl,
  ...more,
})
const command = (args: readonly string[], more = {}) => run(process.execPath, [cli, ...args], env(more))
// as the server was started: what the console is called is part of the tree
const rebuild = () => run(process.execPath, [main, 'rebuild'], env({ AIRLOCK_CONSOLE_URL: '' }))
const restore = (args: readonly string[], more = {}) => run(process.execPath, [main, 'restore', ...args], env(more))

type Entry = { readonly header: Partial<Header> & { readonly name: string }; readonly bytes: Buffer }

async function entriesOf(path: string): Promise<Entry[]> {
  const tar = extract()
  tar.end(await readFile(path))
  const entries: Entry[] = []
  for await (const entry of tar) entries.push({ header: entry.header, bytes: await buffer(entry) })
  return entries
}

/** The same backup with other entries, in a file of its own. */
async function changed(change: (entries: Entry[]) => Entry[]): Promise<string> {
  const tar = pack()
  for (const { header, bytes } of change(await entriesOf(file))) tar.entry({ ...header, size: bytes.length }, bytes)
  tar.finalize()
  const path = join(airlock.folder, 'changed.tar')
  await writeFile(path, await buffer(tar))
  return path
}

test('a running server is backed up into one file that its owner alone can read, and goes on', async () => {
  const { status, output } = await command(['backup', file])
  assert.equal(status, 0, output)
  assert.match(output, /airlock\.tar: 4 files, /)
  assert.match(output, /status is named by the configuration and not in the backup/)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const entries = await entriesOf(file)
  assert.deepEqual(
    entries.map(({ header }) => header.name),
    ['manifest.json', 'airlock.db', 'keys/apt.asc', 'airlock.yaml', 'beside/pods/freeze.txt'],
  )
  assert.ok(entries.every(({ header }) => header.mode === 0o600))
  assert.deepEqual(await readdir(join(airlock.state, 'backup')), [], 'nothing is left in the state')
  await airlock.ready((await airlock.ask('bb')).id)
  // the second, which has that request, replaces the first
  assert.equal((await command(['backup', file])).status, 0)
})

test('the API gives no byte of a backup, and another machine is told where it lies', async () => {
  const answer = await fetch(`${airlock.consoleUrl}/api/maintenance/backup`, { method: 'POST' })
  const said = (await answer.json()) as { file: string }
  assert.ok(said.file.startsWith(airlock.state))
  assert.equal((await stat(said.file)).mode & 0o777, 0o600)
  assert.equal((await stat(join(airlock.state, 'backup'))).mode & 0o777, 0o700)
  assert.doesNotMatch(JSON.stringify(said), /PRIVATE KEY/)
  const elsewhere = await command(['backup', join(airlock.folder, 'x.tar')], {
    AIRLOCK_CONSOLE_URL: airlock.consoleUrl.replace('127.0.0.1', '0.0.0.0'),
  })
  assert.equal(elsewhere.status, 1)
  assert.match(elsewhere.output, /could not be taken .*the server is another machine.* It lies on the server in /)
  const nowhere = await command(['backup', join(airlock.folder, 'no/such/folder/x.tar')])
  assert.equal(nowhere.status, 1)
  assert.match(nowhere.output, /ENOENT/)
  await rm(said.file)
})

test('beside a running server nothing is restored', async () => {
  const { status, output } = await restore([file, '--force'])
  assert.equal(status, 3)
  assert.match(output, /Another Airlock owns the state/)
})

test('backup, loss of the state, restore, rebuild: the tree is the same byte for byte', async () => {
  await airlock.stop()
  const whole = await hashTree(airlock.root)
  await rm(airlock.state, { recursive: true })
  await mkdir(airlock.state)
  const { status, output } = await restore([file])
  assert.equal(status, 0, output)
  assert.equal((JSON.parse(output) as { files: number; aside: null }).aside, null)
  assert.equal((await stat(join(airlock.state, 'airlock.db'))).mode & 0o777, 0o600)
  assert.equal((await stat(join(airlock.state, 'keys/apt.asc'))).mode & 0o777, 0o600)

  // the tree as it lay there is right, and nothing of it is written again
  const rebuilt = await rebuild()
  assert.equal(rebuilt.status, 0, rebuilt.output)
  assert.match(rebuilt.output, /"written": 0/)
  assert.deepEqual(await hashTree(airlock.root), whole)

  // and all but the files that packages are comes again from the state alone
  const superseded = (path: string) => path.includes('/by-hash/')
  for (const path of Object.keys(whole)) if (!path.includes('/pool/')) await rm(join(airlock.root, path))
  const again = await rebuild()
  assert.equal(again.status, 0, again.output)
  const now = await hashTree(airlock.root)
  const without = (tree: Record<string, string>) =>
    Object.fromEntries(Object.entries(tree).filter(([path]) => !superseded(path)))
  assert.deepEqual(without(now), without(whole))
  for (const [path, digest] of Object.entries(now)) assert.equal(digest, whole[path], path)
  assert.ok(Object.keys(now).some(superseded), 'the present indexes are there by hash')
  assert.deepEqual((await checkTree(airlock.root)).faults, [])
})

test('a server goes on with what was restored', async () => {
  await airlock.start()
  assert.deepEqual((await airlock.get(3)).requirements, ['bb'])
  index.add(makeWheel({ name: 'cc', version: '1.0' }))
  await airlock.ready((await airlock.ask('cc')).id)
  await airlock.stop()
})

test('a state that is there is left alone, or with --force moved aside whole', async () => {
  const before = await readFile(join(airlock.state, 'keys/apt.asc'))
  const refused = await restore([file])
  assert.equal(refused.status, 1)
  assert.match(refused.output, /There is a state in .* already: airlock\.db, .*airlock\.yaml, keys\/apt\.asc/)
  await writeFile(join(airlock.state, 'keys/other.asc'), 'another key')
  const forced = await restore([file, '--force'])
  assert.equal(forced.status, 0, forced.output)
  const { aside } = JSON.parse(forced.output) as { aside: string }
  assert.deepEqual(await readFile(join(aside, 'keys/apt.asc')), before)
  assert.equal(await readFile(join(aside, 'keys/other.asc'), 'utf8'), 'another key')
  assert.deepEqual(await readdir(join(airlock.state, 'keys')), ['apt.asc'])
  await airlock.start()
  await assert.rejects(airlock.get(4), { message: /request-unknown/ })
  await airlock.stop()
})

const swap = (name: string, change: (bytes: Buffer) => Buffer) => (entries: Entry[]) =>
  entries.map((entry) => (entry.header.name === name ? { ...entry, bytes: change(entry.bytes) } : entry))
const flip = (bytes: Buffer) => {
  const copy = Buffer.from(bytes)
  copy[Math.floor(copy.length / 2)]! ^= 1
  return copy
}
const manifest = (change: (text: string) => string) =>
  swap('manifest.json', (bytes) => Buffer.from(change(bytes.toString())))
const renamed = (from: string, to: string) => (entries: Entry[]) =>
  manifest((text) => text.replace(`"${from}"`, `"${to}"`))(
    entries.map((entry) => (entry.header.name === from ? { ...entry, header: { ...entry.header, name: to } } : entry)),
  )

const broken: Readonly<Record<string, readonly [(entries: Entry[]) => Entry[], RegExp]>> = {
  'another byte in the database': [swap('airlock.db', flip), /airlock\.db is not what was backed up/],
  'another byte in the key': [swap('keys/apt.asc', flip), /keys\/apt\.asc is not what was backed up/],
  'a key that is longer': [
    swap('keys/apt.asc', (bytes) => Buffer.concat([bytes, bytes])),
    /what its manifest does not name/,
  ],
  'a file that is missing': [
    (all) => all.filter(({ header }) => header.name !== 'keys/apt.asc'),
    /keys\/apt\.asc is missing/,
  ],
  'a file more': [(all) => [...all, { header: { name: 'keys/more.asc' }, bytes: Buffer.from('x') }], /does not name/],
  'a file twice': [(all) => [...all, all[2]!], /does not name/],
  'no manifest': [(all) => all.slice(1), /it is no backup/],
  'a manifest of another kind': [
    manifest((text) => text.replace('airlock-backup', 'other')),
    /its manifest is not one/,
  ],
  'a newer format': [manifest((text) => text.replace('"version": 1', '"version": 2')), /its manifest is not one/],
  'a way out of the state': [renamed('keys/apt.asc', '../../keys/apt.asc'), /its manifest is not one/],
  'an absolute path': [renamed('keys/apt.asc', '/tmp/apt.asc'), /its manifest is not one/],
  'a file in the place of the lock': [renamed('beside/pods/freeze.txt', 'beside/lock.db'), /its manifest is not one/],
  'a second database by another way': [
    renamed('beside/pods/freeze.txt', 'beside/airlock.db'),
    /its manifest is not one/,
  ],
  'a link': [
    (all) =>
      all.map((entry) =>
        entry.header.name === 'keys/apt.asc'
          ? { header: { name: 'keys/apt.asc', type: 'symlink', linkname: '/etc/passwd' }, bytes: Buffer.alloc(0) }
          : entry,
      ),
    /does not name/,
  ],
}

for (const [what, [spoil, reason]] of Object.entries(broken)) {
  test(`${what}: nothing is restored, and the state stays as it was`, async () => {
    const before = await hashTree(airlock.state)
    const path = await changed(spoil)
    await assert.rejects(restoreBackup(path, airlock.state, true), (error: Error) => {
      assert.ok(error instanceof AirlockError && error.code === 'backup-invalid', String(error))
      assert.match(error.message, reason)
      return true
    })
    assert.deepEqual(await hashTree(airlock.state), before)
  })
}

test('a backup that was cut short anywhere, or is none, is refused', async () => {
  const bytes = await readFile(file)
  const cut = join(airlock.folder, 'cut.tar')
  for (const length of [0, 100, 512, 1024, 5000, Math.floor(bytes.length / 2), bytes.length - 3000]) {
    await writeFile(cut, bytes.subarray(0, length))
    await assert.rejects(restoreBackup(cut, airlock.state, true), { code: 'backup-invalid' }, String(length))
  }
  await writeFile(cut, 'not a tar at all '.repeat(100))
  assert.match((await restore([cut, '--force'])).output, /cannot be restored/)
  assert.match((await restore([join(airlock.folder, 'none.tar')])).output, /There is no file \S+none\.tar\./)
})

test('a stopped server is backed up by the command alone, and an empty state is said to be one', async () => {
  const offline = join(airlock.folder, 'offline.tar')
  const { status, output } = await command(['backup', offline])
  assert.equal(status, 0, output)
  assert.match(output, /No server answers/)
  assert.equal((await stat(offline)).mode & 0o777, 0o600)
  const names = async (path: string) => (await entriesOf(path)).map(({ header }) => header.name)
  assert.deepEqual(await names(offline), await names(file))
  const empty = join(airlock.folder, 'empty')
  const none = await command(['backup', offline, '--offline'], { AIRLOCK_STATE: empty })
  assert.equal(none.status, 1)
  assert.match(none.output, /there is none/)
  await copyFile(file, offline)
})
