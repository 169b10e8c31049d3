import type { Kysely } from 'kysely'

/**
 * How far the look at every byte has come, in one row: the last listing that was read, what was found, and when the last
 * whole round ended. `damaged` is JSON; instants are ISO 8601.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('verifying')
    .addColumn('id', 'integer', (c) => c.primaryKey())
    .addColumn('lane', 'text')
    .addColumn('file', 'text')
    .addColumn('damaged', 'text', (c) => c.notNull())
    .addColumn('ended_at', 'text')
    .addColumn('ended_damaged', 'integer')
    .execute()
}
