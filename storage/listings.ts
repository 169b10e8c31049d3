/** What each lane's index lists. */
import type { Database } from './database.ts'
import type { Listing } from './records.ts'
import { toArtifact } from './rows.ts'

export function createListings(db: Database) {
  return {
    /** Everything a lane lists, or only some names; ordered by name, then file. */
    async listed(lane: string, names?: readonly string[]): Promise<Listing[]> {
      if (names?.length === 0) return []
      const query = db
        .selectFrom('listings')
        .innerJoin('artifacts', 'artifacts.id', 'listings.artifact_id')
        .selectAll('artifacts')
        .select(['lane', 'added_at'])
        .where('lane', '=', lane)
      // asked to sort as well, SQLite would read the whole lane in the order of its files
      const rows = names
        ? (await query.where('listings.name', 'in', names).execute()).toSorted(byNameThenFile)
        : await query.orderBy('listings.name').orderBy('listings.file').execute()
      return rows.map((row) => ({ lane: row.lane, artifact: toArtifact(row), addedAt: row.added_at }))
    },

    async names(lane: string): Promise<string[]> {
      return (
        await db.selectFrom('listings').select('name').distinct().where('lane', '=', lane).orderBy('name').execute()
      ).map(({ name }) => name)
    },

    async lanes(): Promise<string[]> {
      return (await db.selectFrom('lanes').select('lane').orderBy('lane').execute()).map(({ lane }) => lane)
    },

    async generation(lane: string): Promise<number> {
      return (
        (await db.selectFrom('lanes').select('generation').where('lane', '=', lane).executeTakeFirst())?.generation ?? 0
      )
    },

    /** Every artifact that some lane lists, in pages of at most `limit`, in a stable order. */
    async page(after: { readonly lane: string; readonly file: string } | null, limit: number): Promise<Listing[]> {
      let query = db
        .selectFrom('listings')
        .innerJoin('artifacts', 'artifacts.id', 'listings.artifact_id')
        .selectAll('artifacts')
        .select(['lane', 'added_at'])
      if (after) {
        // as a pair, so that the page begins where the key says and not where the lane does
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('listings.lane', 'listings.file'), '>', tuple(after.lane, after.file)),
        )
      }
      const rows = await query.orderBy('listings.lane').orderBy('listings.file').limit(limit).execute()
      return rows.map((row) => ({ lane: row.lane, artifact: toArtifact(row), addedAt: row.added_at }))
    },
  }
}

export type Listings = ReturnType<typeof createListings>

type Named = { readonly name: string; readonly file: string }

function byNameThenFile(a: Named, b: Named): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return a.file < b.file ? -1 : Number(a.file > b.file)
}
