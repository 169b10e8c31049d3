/** A state that cannot be used says why and what to do, whoever opens it. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import Sqlite from 'better-sqlite3'
import { faultOfCopy } from '../../storage/copy.ts'
import { openDatabase } from '../../storage/database.ts'
import { temporaryFolder } from '../support/folders.ts'

async function written(t: TestContext): Promise<string> {
  const file = join(await temporaryFolder(t), 'airlock.db')
  await (await openDatabase(file)).destroy()
  return file
}

async function refuses(file: string, fault: 'damaged' | 'newer', words: RegExp): Promise<void> {
  const before = await readFile(file)
  await assert.rejects(openDatabase(file), (error: { code: string; fields: Record<string, { en: string }> }) => {
    assert.deepEqual([error.code, error.fields['folder']], ['state-unusable', dirname(file)])
    assert.match(error.fields['reason']!.en, words)
    return true
  })
  assert.deepEqual(await readFile(file), before, 'it is left as it is')
  assert.equal(faultOfCopy(file), fault)
}

test('a state that is no database is refused by name', async (t) => {
  const file = await written(t)
  await writeFile(file, Buffer.alloc(20_000, 'x'))
  await refuses(file, 'damaged', /damaged/)
})

test('a state with a page that is no page is refused by name', async (t) => {
  const file = await written(t)
  const bytes = await readFile(file)
  await writeFile(file, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(8192, 0xff), bytes.subarray(12_288)]))
  await refuses(file, 'damaged', /damaged/)
})

test('a state of a newer Airlock is refused by name', async (t) => {
  const file = await written(t)
  const later = new Sqlite(file)
  later.prepare('INSERT INTO kysely_migration (name, timestamp) VALUES (?, ?)').run('999-later', '2030-01-01')
  later.pragma('journal_mode = DELETE')
  later.close()
  await refuses(file, 'newer', /newer/)
})

test('whatever refers to another table is found by it without reading the whole of its own', async (t) => {
  const db = new Sqlite(await written(t))
  const columnsOf = (pragma: string) => db.pragma(pragma) as { readonly name: string; readonly pk: number }[]
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[]
  const references = tables.flatMap((table) =>
    (db.pragma(`foreign_key_list(${table})`) as { readonly from: string }[]).map(({ from }) => ({ table, from })),
  )
  const read = references.filter(({ table, from }) => {
    const key = columnsOf(`table_info(${table})`).find(({ pk }) => pk === 1)
    const indexes = columnsOf(`index_list(${table})`).map(({ name }) => columnsOf(`index_info(${name})`)[0])
    return ![key, ...indexes].some((first) => first?.name === from)
  })
  db.close()
  assert.ok(references.length >= 8)
  assert.deepEqual(read, [])
})
