import type { Kysely } from 'kysely'

/** Whether a job may be forgotten is asked of whatever refers to it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex('apt_roots_by_job').on('apt_roots').column('job_id').execute()
  await db.schema.createIndex('builds_by_job').on('builds').column('job_id').execute()
}
