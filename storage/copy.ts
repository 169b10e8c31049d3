/** The database as one file that can be carried away, and whether one that was carried back can be used. */
import { chmodSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { faultOf } from './database.ts'

/** SQLite's online backup: as of one instant, while others write. `into` is new, and readable by its owner alone. */
export async function copyDatabase(file: string, into: string): Promise<void> {
  const source = new Sqlite(file, { fileMustExist: true })
  try {
    // the instant is held: SQLite would begin again with every write of somebody else, and not end while there are many
    source.exec('BEGIN; SELECT count(*) FROM sqlite_schema')
    await source.backup(into)
    chmodSync(into, 0o600)
  } finally {
    source.close()
  }
  // one file, without a log beside it that could be forgotten
  const copy = new Sqlite(into)
  try {
    copy.pragma('journal_mode = DELETE')
  } finally {
    copy.close()
  }
}

/** Null, or why a copy cannot be used here. Changes nothing of it. */
export function faultOfCopy(file: string): 'damaged' | 'newer' | null {
  const copy = new Sqlite(file, { readonly: true, fileMustExist: true })
  try {
    const fault = faultOf(copy)
    return fault === 'blank' ? 'damaged' : fault
  } finally {
    copy.close()
  }
}
