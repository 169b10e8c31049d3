import type { Kysely } from 'kysely'

/** The id of the HTTP exchange that asked for a request's latest attempt, by which the log is searched; null: not known. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('requests').addColumn('req_id', 'text').execute()
}
