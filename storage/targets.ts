/** Targets that were added while the server ran, as the pods described themselves. */
import type { Database } from './database.ts'

export type AddedTarget = {
  readonly name: string
  /** As it came. */
  readonly description: string
  /** The path of one of its Pythons; null: its default. */
  readonly python: string | null
  readonly index: string
  readonly ecosystems: readonly string[]
  readonly addedAt: string
}

export function createTargets(db: Database, now: () => Date) {
  return {
    /** By name. */
    async all(): Promise<AddedTarget[]> {
      const rows = await db.selectFrom('targets').selectAll().orderBy('name').execute()
      return rows.map(({ name, description, choice, added_at }) => ({
        name,
        description,
        ...(JSON.parse(choice) as Pick<AddedTarget, 'python' | 'index' | 'ecosystems'>),
        addedAt: added_at,
      }))
    },

    async add({ name, description, ...choice }: Omit<AddedTarget, 'addedAt'>): Promise<AddedTarget> {
      const addedAt = now().toISOString()
      await db
        .insertInto('targets')
        .values({ name, description, choice: JSON.stringify(choice), added_at: addedAt })
        .execute()
      return { name, description, ...choice, addedAt }
    },

    async remove(name: string): Promise<void> {
      await db.deleteFrom('targets').where('name', '=', name).execute()
    },
  }
}

export type Targets = ReturnType<typeof createTargets>
