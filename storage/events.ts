/** Changes of state, persisted with growing ids and told to whoever listens once they are committed. */
import type { Database, Write } from './database.ts'
import type { Event, State } from './records.ts'
import { toEvent } from './rows.ts'

/** Records an event within a transaction. */
export type Append = (job: number, state: State, at: string) => Promise<void>

/** `note` is called for each event within its transaction: what must be remembered of it is, or none of it happened. */
export function createEvents(db: Database, note?: (write: Write, event: Event) => Promise<void>) {
  const listeners = new Set<(event: Event) => void>()

  return {
    /** A transaction whose events are told after its commit, and not at all when it fails. */
    async commit<T>(work: (write: Write, append: Append) => Promise<T>): Promise<T> {
      const appended: Event[] = []
      const result = await db.transaction().execute((write) =>
        work(write, async (job, state, at) => {
          const row = { job_id: job, at, state }
          const { id } = await write.insertInto('events').values(row).returning('id').executeTakeFirstOrThrow()
          const event = toEvent({ id, ...row })
          await note?.(write, event)
          appended.push(event)
        }),
      )
      for (const event of appended) for (const listener of listeners) listener(event)
      return result
    },

    /** Calls `listener` for each event from now on, until the returned function is called. */
    subscribe(listener: (event: Event) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    /** Events after the given one, oldest first. */
    async since(id: number, limit: number): Promise<Event[]> {
      const rows = await db.selectFrom('events').selectAll().where('id', '>', id).orderBy('id').limit(limit).execute()
      return rows.map(toEvent)
    },

    /** Drops those of jobs that ended before an instant. Returns how many. */
    async forget(before: string): Promise<number> {
      const { numDeletedRows } = await db
        .deleteFrom('events')
        .where('job_id', 'in', (eb) => eb.selectFrom('jobs').select('id').where('finished_at', '<', before))
        .executeTakeFirstOrThrow()
      return Number(numDeletedRows)
    },

    async ofJob(job: number): Promise<Event[]> {
      return (await db.selectFrom('events').selectAll().where('job_id', '=', job).orderBy('id').execute()).map(toEvent)
    },
  }
}

export type Events = ReturnType<typeof createEvents>
