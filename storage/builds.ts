/** What was built here: from which source, with what, by what, and what came of it. All the SQL of builds there is. */
import type { Insertable, Selectable } from 'kysely'
import type { Database, Tables } from './database.ts'
import type { Artifact, Build, NewBuild } from './records.ts'

/** Everything but the log, which may be long. */
const columns = [
  'id',
  'ecosystem',
  'name',
  'version',
  'job_id',
  'target',
  'materials',
  'builder',
  'file',
  'sha256',
  'size',
  'problem',
  'began_at',
  'ended_at',
] as const

export function createBuilds(db: Database) {
  return {
    /** Records how a build ended, whichever way. */
    async add(build: NewBuild): Promise<Build> {
      const { id } = await db.insertInto('builds').values(fromBuild(build)).returning('id').executeTakeFirstOrThrow()
      const { log: _, ...rest } = build
      return { ...rest, id }
    },

    /** The successful builds of these sources (by their SHA-256), newest first. */
    async of(ecosystem: string, sources: readonly string[]): Promise<Build[]> {
      if (sources.length === 0) return []
      const rows = await db
        .selectFrom('builds')
        .select(columns)
        .where('ecosystem', '=', ecosystem)
        .where('source_sha256', 'in', sources)
        .where('sha256', 'is not', null)
        .orderBy('id', 'desc')
        .execute()
      return rows.map(toBuild)
    },

    /** Oldest first. */
    async those(ids: readonly number[]): Promise<Build[]> {
      if (ids.length === 0) return []
      return (await db.selectFrom('builds').select(columns).where('id', 'in', ids).orderBy('id').execute()).map(toBuild)
    },

    async get(id: number): Promise<(Build & { readonly log: string }) | null> {
      const row = await db
        .selectFrom('builds')
        .select([...columns, 'log'])
        .where('id', '=', id)
        .executeTakeFirst()
      return row ? { ...toBuild(row), log: row.log } : null
    },

    /** Newest first, those before `before`. */
    async list({ before, limit }: { readonly before?: number | undefined; readonly limit: number }): Promise<Build[]> {
      let query = db.selectFrom('builds').select(columns)
      if (before !== undefined) query = query.where('id', '<', before)
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(toBuild)
    },

    /** What listed files were made of, which the pool keeps though no index lists it. Each file once. */
    async materials(): Promise<Artifact[]> {
      const rows = await db
        .selectFrom('builds')
        .innerJoin('artifacts', (join) =>
          join
            .onRef('artifacts.ecosystem', '=', 'builds.ecosystem')
            .onRef('artifacts.sha256', '=', 'builds.sha256')
            .onRef('artifacts.file', '=', 'builds.file'),
        )
        .innerJoin('listings', 'listings.artifact_id', 'artifacts.id')
        .select('materials')
        .distinct()
        .execute()
      const all = rows.flatMap(({ materials }) => JSON.parse(materials) as Artifact[])
      return [...new Map(all.map((artifact) => [`${artifact.sha256}/${artifact.file}`, artifact])).values()]
    },
  }
}

export type Builds = ReturnType<typeof createBuilds>

function toBuild(row: Pick<Selectable<Tables['builds']>, (typeof columns)[number]>): Build {
  return {
    id: row.id,
    ecosystem: row.ecosystem,
    name: row.name,
    version: row.version,
    job: row.job_id,
    target: row.target,
    materials: JSON.parse(row.materials),
    builder: JSON.parse(row.builder),
    made: row.sha256 === null ? null : { file: row.file!, sha256: row.sha256, size: row.size! },
    problem: row.problem === null ? null : JSON.parse(row.problem),
    beganAt: row.began_at,
    endedAt: row.ended_at,
  }
}

function fromBuild(build: NewBuild): Insertable<Tables['builds']> {
  return {
    ecosystem: build.ecosystem,
    name: build.name,
    version: build.version,
    job_id: build.job,
    target: build.target,
    source_sha256: build.materials[0]!.sha256,
    materials: JSON.stringify(build.materials),
    builder: JSON.stringify(build.builder),
    file: build.made?.file ?? null,
    sha256: build.made?.sha256 ?? null,
    size: build.made?.size ?? null,
    problem: build.problem && JSON.stringify(build.problem),
    log: build.log,
    began_at: build.beganAt,
    ended_at: build.endedAt,
  }
}
