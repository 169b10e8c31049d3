import { sql, type Kysely } from 'kysely'

/** What people did to a request after they had asked for it, each once and for ever. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('acts')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('request_id', 'integer', (c) => c.notNull().references('requests.id'))
    .addColumn('act', 'text', (c) => c.notNull().check(sql`act in ('retried', 'cancelled')`))
    .addColumn('requester', 'text')
    .addColumn('at', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('acts_by_request').on('acts').column('request_id').execute()
}
