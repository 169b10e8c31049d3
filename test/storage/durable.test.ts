/** In which order a publication becomes durable, seen in what it asks of the kernel. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { temporaryFolder } from '../support/folders.ts'
import { sabotageOf, type Cut } from '../support/sabotage.ts'

const cut: Cut = {
  file: 'storage/tree.ts',
  from: '[folder, ...wayTo(dirname(folder))]',
  to: '[folder]',
}

type Given = {
  /** What is there already. */
  readonly folders?: readonly string[]
  readonly page?: string
  /** Options of strace. */
  readonly inject?: readonly string[]
  readonly cuts?: readonly Cut[]
}

/** The syncs and renames of a process that publishes a page, as `call path`; a refused one ends in `refused`. */
async function publish(t: TestContext, { folders = [], page, inject = [], cuts = [] }: Given = {}): Promise<string[]> {
  const root = await temporaryFolder(t)
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true })
  if (page !== undefined) await writeFile(join(root, 'toy/simple/index.html'), page)
  const log = join(await temporaryFolder(t), 'trace')
  const modules = ['--import', join(import.meta.dirname, '../support/sabotage.ts')]
  const line = [process.execPath, ...modules, join(import.meta.dirname, 'publisher.ts'), root]
  const env = { ...process.env, ...sabotageOf(cuts), UV_THREADPOOL_SIZE: '1' }
  const options = ['-f', '-y', '-qq', '-o', log, '-e', 'trace=fsync,rename', ...inject]
  await new Promise<void>((resolve, reject) => {
    execFile('strace', [...options, ...line], { env }, (error) => (error ? reject(error) : resolve()))
  })
  return (await readFile(log, 'utf8')).split('\n').flatMap((traced) => {
    const [, call, rest = ''] = /(fsync|rename)\((.*)/.exec(traced) ?? []
    const paths = [...rest.matchAll(/[<"](\/[^>"]+)[>"]/g)].map(([, path]) => path!)
    const path = paths.at(-1)
    if (call === undefined || path === undefined || !path.startsWith(root)) return []
    const relative = path.slice(root.length + 1).replace(/\.write-.*/, '.write') || '.'
    return [`${call} ${relative}${rest.includes('INJECTED') ? ' refused' : ''}`]
  })
}

const way = ['fsync .', 'fsync toy', 'fsync toy/simple']

test('a page is durable before its name, and its name up to the root before anyone is told', async (t) => {
  const [first, second, ...rest] = await publish(t)
  assert.deepEqual([first, second], ['fsync .incoming/.write', 'rename toy/simple/index.html'])
  assert.deepEqual(rest.toSorted(), way)
})

test('folders that are there already may be of a run that was killed: their names are made durable too', async (t) => {
  const [, , ...rest] = await publish(t, { folders: ['toy/simple'] })
  assert.deepEqual(rest.toSorted(), way)
})

test('a name whose folder could not be synced is not taken for durable by the next try, which finds it there', async (t) => {
  for (const when of [2, 3, 4]) {
    const seen = await publish(t, { inject: ['-e', `inject=fsync:error=EIO:when=${when}`] })
    assert.equal(seen.filter((line) => line.endsWith(' refused')).length, 1)
    const refused = seen.find((line) => line.endsWith(' refused'))!.replace(' refused', '')
    assert.equal(seen.filter((line) => line === refused).length, 1, `${refused} again:\n${seen.join('\n')}`)
    assert.equal(seen.filter((line) => line.startsWith('rename')).length, 1)
  }
})

test('a page that a killed run had renamed is durable before the next one calls it published', async (t) => {
  const seen = await publish(t, { folders: ['toy/simple'], page: 'one' })
  assert.deepEqual(seen.toSorted(), way)
})

test('control: were only the folder itself synced, the first of these would see it', async (t) => {
  const [, , ...rest] = await publish(t, { folders: ['toy/simple'], cuts: [cut] })
  assert.deepEqual(rest, ['fsync toy/simple'])
})
