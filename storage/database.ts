/**
 * The state: Kysely over better-sqlite3, one writer, every commit on disk before it is acknowledged. SQL that only
 * SQLite knows stays out of the other files, so that PostgreSQL stays possible.
 */
import { chmodSync, mkdirSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { Kysely, type Generated, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { AirlockError } from '../server/errors.ts'
import type { AptTables } from './apt-tables.ts'
import type { BuildTables } from './build-tables.ts'
import * as spine from './migrations/001-spine.ts'
import * as apt from './migrations/002-apt.ts'
import * as targets from './migrations/003-targets.ts'
import * as outbox from './migrations/004-outbox.ts'
import * as builds from './migrations/005-builds.ts'
import * as verifying from './migrations/006-verifying.ts'
import * as exchanges from './migrations/007-exchanges.ts'
import * as acts from './migrations/008-acts.ts'
import * as byJob from './migrations/009-by-job.ts'
import { StateDialect } from './sqlite.ts'

export type Tables = AptTables &
  BuildTables & {
    jobs: {
      id: Generated<number>
      ecosystem: string
      target: string
      roots: string
      options: string
      /** A digest of ecosystem, target, roots and options: what makes two jobs the same. */
      identity: string
      confirmed: Generated<number>
      refresh: Generated<number>
      state: string
      created_at: string
      started_at: string | null
      finished_at: string | null
      problem: string | null
      proved: string | null
      remarks: Generated<string>
      /** When its closure was recorded. */
      solved_at: string | null
    }
    requests: {
      id: Generated<number>
      batch: string
      ecosystem: string
      target: string
      asked: string
      requester: string | null
      note: string | null
      req_id: string | null
      created_at: string
      job_id: number
    }
    acts: { id: Generated<number>; request_id: number; act: string; requester: string | null; at: string }
    events: { id: Generated<number>; job_id: number; at: string; state: string }
    artifacts: {
      id: Generated<number>
      ecosystem: string
      sha256: string
      file: string
      name: string
      version: string
      size: number | null
      origin: string
      url: string
      uploaded_at: string | null
      facts: string
    }
    closure_items: {
      job_id: number
      position: number
      artifact_id: number
      is_root: number
      is_new: number
      needed_by: string
    }
    listings: { lane: string; file: string; name: string; artifact_id: number; added_at: string }
    lanes: { lane: string; generation: number }
    verifying: {
      id: number
      lane: string | null
      file: string | null
      damaged: string
      ended_at: string | null
      ended_damaged: number | null
    }
    targets: { name: string; description: string; choice: string; added_at: string }
    outbox: {
      id: Generated<number>
      key: string
      hook: string
      notice: string
      created_at: string
      tries: Generated<number>
      due_at: string
      /** waiting, sent, dropped */
      state: string
      ended_at: string | null
      problem: string | null
    }
  }

export type Database = Kysely<Tables>
export type Write = Transaction<Tables>

/** Every migration, in order. Names never change once released. */
const migrations = {
  '001-spine': spine,
  '002-apt': apt,
  '003-targets': targets,
  '004-outbox': outbox,
  '005-builds': builds,
  '006-verifying': verifying,
  '007-exchanges': exchanges,
  '008-acts': acts,
  '009-by-job': byJob,
}

/** Linux's magic numbers of filesystems on which SQLite's locks or fsync cannot be trusted. */
const networkFilesystems: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB',
  0x00c36400: 'CephFS',
  0x0bd00bd0: 'Lustre',
  0x01021997: '9P',
  0x47504653: 'GPFS',
}

/** The name of the network filesystem that a folder lies on, or null. */
export function networkFilesystemOf(folder: string): string | null {
  return networkFilesystems[statfsSync(folder).type >>> 0] ?? null
}

/**
 * Opens the state file, brings its schema up to date and asserts what crash safety rests on. `:memory:` is for tests.
 * Throws `state-unusable` for one that is damaged or of a newer Airlock, and changes nothing of it.
 */
export async function openDatabase(file: string): Promise<Database> {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const sqlite = new Sqlite(file)
  const fault = faultOf(sqlite)
  if (fault !== null && fault !== 'blank') {
    sqlite.close()
    throw new AirlockError('state-unusable', { folder: dirname(file), ...faults[fault] })
  }
  if (file !== ':memory:') chmodSync(file, 0o600)
  sqlite.pragma('journal_mode = WAL')
  // better-sqlite3 compiles SQLite so that a reopened WAL database silently runs at NORMAL.
  sqlite.pragma('synchronous = FULL')
  sqlite.pragma('foreign_keys = ON')
  if (sqlite.pragma('synchronous', { simple: true }) !== 2) throw new Error('SQLite does not run at synchronous=FULL')
  const db: Database = new Kysely<Tables>({ dialect: new StateDialect(sqlite) })
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
  }).migrateToLatest()
  if (error) throw error
  return db
}

/** Null, or why a database cannot be used here; `blank`: no Airlock has written to it yet. Changes nothing of it. */
export function faultOf(sqlite: Sqlite.Database): keyof typeof faults | 'blank' | null {
  try {
    if (sqlite.pragma('quick_check', { simple: true }) !== 'ok') return 'damaged'
    if (!sqlite.prepare("SELECT name FROM sqlite_schema WHERE name = 'kysely_migration'").get()) return 'blank'
    const rows = sqlite.prepare('SELECT name FROM kysely_migration').all() as { readonly name: string }[]
    return rows.every(({ name }) => Object.hasOwn(migrations, name)) ? null : 'newer'
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') return 'damaged'
    throw error
  }
}

const faults = {
  damaged: {
    reason: { en: 'its database is damaged', zh: '其数据库已损坏' },
    instead: {
      en: 'Put a backup back: `airlock restore FILE --force` moves aside what is there.',
      zh: '请恢复备份：`airlock restore FILE --force` 会把现有内容移到一旁。',
    },
  },
  newer: {
    reason: { en: 'its database is of a newer Airlock', zh: '其数据库来自更新版本的 Airlock' },
    instead: {
      en: 'Start the Airlock that wrote it, or put back a backup of an earlier one.',
      zh: '请启动写入它的 Airlock 版本，或恢复较早版本的备份。',
    },
  },
} as const
