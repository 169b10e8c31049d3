import type { Kysely } from 'kysely'

/** What was built here, from which source, by what, with which outcome. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('builds')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('ecosystem', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('version', 'text', (c) => c.notNull())
    .addColumn('job_id', 'integer', (c) => c.notNull().references('jobs.id'))
    .addColumn('target', 'text', (c) => c.notNull())
    .addColumn('source_sha256', 'text', (c) => c.notNull())
    .addColumn('materials', 'text', (c) => c.notNull())
    .addColumn('builder', 'text', (c) => c.notNull())
    .addColumn('file', 'text')
    .addColumn('sha256', 'text')
    .addColumn('size', 'integer')
    .addColumn('problem', 'text')
    .addColumn('log', 'text', (c) => c.notNull())
    .addColumn('began_at', 'text', (c) => c.notNull())
    .addColumn('ended_at', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('builds_by_source').on('builds').columns(['ecosystem', 'source_sha256']).execute()
  await db.schema.createIndex('builds_by_sha256').on('builds').column('sha256').execute()
}
