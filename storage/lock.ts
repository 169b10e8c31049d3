import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'

/**
 * Takes the state for this process: an exclusive transaction on a file of its own, which the kernel gives back on any
 * death. Returns the release, or null when another process holds it.
 */
export function takeLock(file: string): (() => void) | null {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const lock = new Sqlite(file, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return () => lock.close()
  } catch (error) {
    lock.close()
    if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) return null
    throw error
  }
}

/** Whether some process holds it. Makes and takes nothing. */
export function isHeld(file: string): boolean {
  if (!existsSync(file)) return false
  const lock = new Sqlite(file, { timeout: 0, readonly: true })
  try {
    lock.prepare('SELECT name FROM sqlite_schema').all()
    return false
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) return true
    throw error
  } finally {
    lock.close()
  }
}
