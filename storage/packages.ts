/** What is mirrored, as people look for it: by name, with its files, who asked and what needs it. */
import type { ExpressionBuilder } from 'kysely'
import type { Database, Tables } from './database.ts'
import { containing } from './like.ts'
import type { Artifact } from './records.ts'
import { toArtifact } from './rows.ts'

export type PackageSummary = {
  readonly name: string
  /** Files that some index lists. */
  readonly files: number
  readonly bytes: number
  /** When the latest of them came. */
  readonly addedAt: string
}

export type PackageFile = { readonly artifact: Artifact; readonly lanes: readonly string[]; readonly addedAt: string }

export function createPackages(db: Database) {
  return {
    /** By name from `after` on, those that contain `text`; each file counted once however many indexes list it. */
    async list(
      ecosystem: string,
      { text = '', after = '', limit }: { text?: string | undefined; after?: string | undefined; limit: number },
    ): Promise<PackageSummary[]> {
      // of all that is here only as many names as are asked for
      const names = db
        .selectFrom('artifacts')
        .select('name')
        .distinct()
        .where('ecosystem', '=', ecosystem)
        .where('name', '>', after)
        .where('name', 'like', containing(text))
        .where(isListed)
        .orderBy('name')
        .limit(limit)
      const listed = db
        .selectFrom('listings')
        .innerJoin('artifacts', 'artifacts.id', 'listings.artifact_id')
        .select(({ fn }) => ['artifacts.id', 'artifacts.name', 'size', fn.max('added_at').as('added_at')])
        .where('artifacts.ecosystem', '=', ecosystem)
        .where('artifacts.name', 'in', names)
        .groupBy('artifacts.id')
      const rows = await db
        .selectFrom(listed.as('listed'))
        .select(({ fn }) => [
          'name',
          fn.countAll<number>().as('files'),
          fn.sum<number | null>('size').as('bytes'),
          fn.max('added_at').as('added_at'),
        ])
        .groupBy('name')
        .orderBy('name')
        .execute()
      return rows.map(({ name, files, bytes, added_at }) => ({ name, files, bytes: bytes ?? 0, addedAt: added_at }))
    },

    /** Every listed file of a package, by file name; empty: it is not here. */
    async files(ecosystem: string, name: string): Promise<PackageFile[]> {
      const rows = await db
        .selectFrom('listings')
        .innerJoin('artifacts', 'artifacts.id', 'listings.artifact_id')
        .selectAll('artifacts')
        .select(['lane', 'added_at'])
        .where('artifacts.ecosystem', '=', ecosystem)
        .where('artifacts.name', '=', name)
        .orderBy('artifacts.file')
        .orderBy('lane')
        .execute()
      return [...Map.groupBy(rows, (row) => row.id).values()].map((same) => ({
        artifact: toArtifact(same[0]!),
        lanes: same.map(({ lane }) => lane),
        addedAt: same.map(({ added_at }) => added_at).toSorted()[0]!,
      }))
    },

    /** Listed files by the addresses that they came from. */
    byUrl: (ecosystem: string, urls: readonly string[]) => listed(db, ecosystem, 'artifacts.url', urls),
    /** Listed files by their SHA-256. */
    byDigest: (ecosystem: string, digests: readonly string[]) => listed(db, ecosystem, 'artifacts.sha256', digests),

    /** The ids of requests whose closure holds a package, newest first, and whether it was asked for by name. */
    async requests(
      ecosystem: string,
      name: string,
      limit: number,
    ): Promise<{ readonly id: number; readonly isRoot: boolean }[]> {
      const rows = await db
        .selectFrom('closure_items')
        .innerJoin('artifacts', 'artifacts.id', 'closure_items.artifact_id')
        .innerJoin('jobs', 'jobs.id', 'closure_items.job_id')
        .innerJoin('requests', 'requests.job_id', 'jobs.id')
        .select(({ fn }) => ['requests.id', fn.max('is_root').as('is_root')])
        .where('artifacts.ecosystem', '=', ecosystem)
        .where('artifacts.name', '=', name)
        .where('jobs.state', '=', 'ready')
        .groupBy('requests.id')
        .orderBy('requests.id', 'desc')
        .limit(limit)
        .execute()
      return rows.map(({ id, is_root }) => ({ id, isRoot: is_root === 1 }))
    },

    /** Names that are here and need a package in some ready closure, sorted. */
    async neededBy(ecosystem: string, name: string): Promise<string[]> {
      const rows = await db
        .selectFrom('closure_items')
        .innerJoin('artifacts', 'artifacts.id', 'closure_items.artifact_id')
        .innerJoin('jobs', 'jobs.id', 'closure_items.job_id')
        .select('needed_by')
        .distinct()
        .where('artifacts.ecosystem', '=', ecosystem)
        .where('artifacts.name', '=', name)
        .where('jobs.state', '=', 'ready')
        .execute()
      const needing = [...new Set(rows.flatMap(({ needed_by }) => JSON.parse(needed_by) as string[]))]
      const here = await db
        .selectFrom('artifacts')
        .select('artifacts.name')
        .distinct()
        .where('ecosystem', '=', ecosystem)
        .where('name', 'in', needing)
        .where(isListed)
        .orderBy('name')
        .execute()
      return here.map((row) => row.name)
    },
  }
}

export type Packages = ReturnType<typeof createPackages>

/** Of an artifact: some index lists it. */
function isListed({ exists, selectFrom }: ExpressionBuilder<Tables, 'artifacts'>) {
  return exists(selectFrom('listings').select('artifact_id').whereRef('listings.artifact_id', '=', 'artifacts.id'))
}

/** SQLite takes some 30,000 values a statement. */
const atOnce = 10_000

async function listed(
  db: Database,
  ecosystem: string,
  column: 'artifacts.url' | 'artifacts.sha256',
  values: readonly string[],
): Promise<Artifact[]> {
  const found: Artifact[] = []
  for (let at = 0; at < values.length; at += atOnce) {
    const rows = await db
      .selectFrom('artifacts')
      .selectAll()
      .where('ecosystem', '=', ecosystem)
      .where(column, 'in', values.slice(at, at + atOnce))
      .where(isListed)
      .execute()
    found.push(...rows.map(toArtifact))
  }
  return found
}
