/** What is here already, asked by name: for those who are about to ask for it. */
import { containing } from './like.ts'
import type { Database } from './database.ts'

/** A release that a ready request brought to a target, and that its lane still lists. */
export type VisibleRelease = { readonly name: string; readonly version: string }

/** Names a statement. */
const some = 500

export function createVisible(db: Database) {
  return {
    /** Every name that some lane of an ecosystem lists. */
    async names(ecosystem: string): Promise<string[]> {
      const rows = await db
        .selectFrom('listings')
        .select('name')
        .distinct()
        .where('lane', '>=', `${ecosystem}/`)
        .where('lane', '<', `${ecosystem}0`)
        .execute()
      return rows.map(({ name }) => name)
    },

    /** Every set of roots that was ever asked, as many times as there were jobs for it. */
    async asked(ecosystem: string): Promise<string[][]> {
      const rows = await db.selectFrom('jobs').select('roots').distinct().where('ecosystem', '=', ecosystem).execute()
      return rows.map(({ roots }) => JSON.parse(roots) as string[])
    },

    /** Releases of these names that a ready job of the target proved and its lane still lists. */
    async releases(
      ecosystem: string,
      target: string,
      lane: string,
      names: readonly string[],
    ): Promise<VisibleRelease[]> {
      const found: VisibleRelease[] = []
      for (let at = 0; at < names.length; at += some) {
        found.push(
          ...(await db
            .selectFrom('artifacts')
            .innerJoin('listings', 'listings.artifact_id', 'artifacts.id')
            .select(['artifacts.name', 'artifacts.version'])
            .distinct()
            .where('artifacts.ecosystem', '=', ecosystem)
            .where('listings.name', 'in', names.slice(at, at + some))
            .where('listings.lane', '=', lane)
            // the first such job will do: what everybody needs is in every closure
            .where(({ exists, selectFrom }) =>
              exists(
                selectFrom('closure_items')
                  .innerJoin('jobs', 'jobs.id', 'closure_items.job_id')
                  .select('jobs.id')
                  .whereRef('closure_items.artifact_id', '=', 'artifacts.id')
                  .where('jobs.state', '=', 'ready')
                  .where('jobs.target', '=', target),
              ),
            )
            .execute()),
        )
      }
      return found
    },

    /** Whether a ready job of the target had exactly this root among its own. */
    async proved(ecosystem: string, target: string, root: string): Promise<boolean> {
      const row = await db
        .selectFrom('jobs')
        .select('id')
        .where('ecosystem', '=', ecosystem)
        .where('target', '=', target)
        .where('state', '=', 'ready')
        .where('roots', 'like', containing(JSON.stringify(root)))
        .executeTakeFirst()
      return row !== undefined
    },
  }
}

export type Visible = ReturnType<typeof createVisible>
