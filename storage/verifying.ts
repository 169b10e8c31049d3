/** The look at every byte, as far as it has come: it goes on where it was, however often the server is started. */
import type { Database } from './database.ts'
import type { TreePath } from './layout.ts'

export type Place = { readonly lane: string; readonly file: string }

export type Verifying = {
  /** The last listing that was read in this round; null: it begins. */
  readonly after: Place | null
  /** Found in this round so far. */
  readonly damaged: readonly TreePath[]
  /** The last whole round; null: there was none. */
  readonly ended: { readonly at: string; readonly damaged: number } | null
}

const only = 1

export function createVerifying(db: Database) {
  return {
    async get(): Promise<Verifying> {
      const row = await db.selectFrom('verifying').selectAll().where('id', '=', only).executeTakeFirst()
      if (!row) return { after: null, damaged: [], ended: null }
      const { lane, file, damaged, ended_at, ended_damaged } = row
      return {
        after: lane === null || file === null ? null : { lane, file },
        damaged: JSON.parse(damaged) as TreePath[],
        ended: ended_at === null ? null : { at: ended_at, damaged: ended_damaged ?? 0 },
      }
    },

    async set({ after, damaged, ended }: Verifying): Promise<void> {
      const row = {
        lane: after?.lane ?? null,
        file: after?.file ?? null,
        damaged: JSON.stringify(damaged),
        ended_at: ended?.at ?? null,
        ended_damaged: ended?.damaged ?? null,
      }
      await db
        .insertInto('verifying')
        .values({ id: only, ...row })
        .onConflict((c) => c.column('id').doUpdateSet(row))
        .execute()
    },
  }
}
