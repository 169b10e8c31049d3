/**
 * Kysely's way to SQLite, but for what it makes of a database that cannot be written: SQLite ends a transaction by itself
 * where its disk refuses, and to roll that back once more fails with words that hide the reason.
 */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type Sqlite from 'better-sqlite3'
import { SqliteDialect, SqliteDriver, type DatabaseConnection, type Driver } from 'kysely'
import { AirlockError } from '../server/errors.ts'

/** Bytes that SQLite writes at the least. */
const page = 4096

export class StateDialect extends SqliteDialect {
  readonly #sqlite: Sqlite.Database

  constructor(sqlite: Sqlite.Database) {
    super({ database: sqlite })
    this.#sqlite = sqlite
  }

  override createDriver(): Driver {
    return new StateDriver(this.#sqlite)
  }
}

class StateDriver extends SqliteDriver {
  readonly #sqlite: Sqlite.Database

  constructor(sqlite: Sqlite.Database) {
    super({ database: sqlite })
    this.#sqlite = sqlite
  }

  /** Its statements throw `disk-full` where SQLite finds its disk full, and else what SQLite throws. */
  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection()
    return {
      executeQuery: async (query, options) => {
        try {
          return await connection.executeQuery(query, options)
        } catch (error) {
          throw explain(error, this.#sqlite)
        }
      },
      streamQuery: (query, size, options) => connection.streamQuery(query, size, options),
    }
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#sqlite.inTransaction) await super.rollbackTransaction(connection)
  }
}

function explain(error: unknown, { name, memory }: Sqlite.Database): unknown {
  if ((error as { code?: unknown }).code !== 'SQLITE_FULL') return error
  const folder = dirname(name)
  const { bavail, bsize } = memory ? { bavail: 0, bsize: 0 } : statfsSync(folder)
  return new AirlockError('disk-full', { folder, free: bavail * bsize, needed: page }, { cause: error })
}
