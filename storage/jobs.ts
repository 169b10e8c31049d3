/** Attempts, their closures and what they made visible. One transaction a change of state. */
import { AirlockError } from '../server/errors.ts'
import type { Database, Write } from './database.ts'
import type { Append, Events } from './events.ts'
import {
  unfinishedStates,
  type Artifact,
  type Closure,
  type Job,
  type Problem,
  type Remark,
  type State,
} from './records.ts'
import { fromArtifact, toArtifact, toJob } from './rows.ts'

/** What a job is about to make visible. */
export type Intent = {
  readonly lane: string
  readonly artifacts: readonly Artifact[]
  readonly neededBy: Readonly<Record<string, readonly string[]>>
  readonly remarks: readonly Remark[]
  readonly picked: Readonly<Record<string, string>>
  /** Files that the lane lists no longer. */
  readonly dropped?: readonly string[] | undefined
  /** What the ecosystem itself records of it, in the same transaction. */
  readonly record?: ((write: Write) => Promise<void>) | undefined
}

export type RecordedItem = Closure['items'][number] & {
  /** Was not listed in the job's lane when it was solved. */
  readonly isNew: boolean
}

/**
 * Inserts artifacts, or completes those known by the same bytes and name; returns their row ids by {@link keyOf}.
 * Invariant: what is said of an artifact that some lane lists stays as it was when it was listed first.
 */
async function keepArtifacts(
  write: Write,
  artifacts: readonly Artifact[],
  complete: boolean,
): Promise<Map<string, number>> {
  const ids = new Map<string, number>()
  for (const rows of batches(artifacts.map(fromArtifact))) {
    await write
      .insertInto('artifacts')
      .values(rows)
      .onConflict((c) => {
        const key = c.columns(['ecosystem', 'sha256', 'file'])
        const update = key.doUpdateSet(({ ref }) =>
          complete
            ? { size: ref('excluded.size'), facts: ref('excluded.facts') }
            : { origin: ref('excluded.origin'), url: ref('excluded.url'), uploaded_at: ref('excluded.uploaded_at') },
        )
        return update.where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('listings').select('artifact_id').whereRef('artifact_id', '=', 'artifacts.id'))),
        )
      })
      .execute()
    const kept = await write
      .selectFrom('artifacts')
      .select(['id', 'ecosystem', 'sha256', 'file'])
      // without the key's first column the whole table would be read
      .where('ecosystem', 'in', [...new Set(rows.map(({ ecosystem }) => ecosystem))])
      .where(
        'sha256',
        'in',
        rows.map((row) => row.sha256),
      )
      .execute()
    for (const row of kept) ids.set(keyOf(row), row.id)
  }
  return ids
}

/** Invariant: a file's name means the same bytes for ever in one index. Throws `digest-changed`. */
async function refuseChanged(write: Write, lane: string, artifacts: readonly Artifact[]): Promise<void> {
  const byFile = new Map(artifacts.map((artifact) => [artifact.file, artifact]))
  for (const files of batches([...byFile.keys()])) {
    const listed = await write
      .selectFrom('listings')
      .innerJoin('artifacts', 'artifacts.id', 'listings.artifact_id')
      .select(['listings.file', 'sha256', 'added_at'])
      .where('lane', '=', lane)
      .where('listings.file', 'in', files)
      .execute()
    for (const { file, sha256, added_at } of listed) {
      const found = byFile.get(file)!.sha256
      if (found !== sha256) throw new AirlockError('digest-changed', { file, found, expected: sha256, since: added_at })
    }
  }
}

/**
 * Of these artifacts, those that a lane lists. Looked up by artifact, and the lane compared here: SQLite would take a
 * condition on the lane for an invitation to read all of it.
 */
async function listedOf(write: Write, lane: string, ids: readonly number[]): Promise<Set<number>> {
  const listed = new Set<number>()
  for (const some of batches(ids)) {
    const rows = await write
      .selectFrom('listings')
      .select(['artifact_id', 'lane'])
      .where('artifact_id', 'in', some)
      .execute()
    for (const row of rows) if (row.lane === lane) listed.add(row.artifact_id)
  }
  return listed
}

function keyOf({ ecosystem, sha256, file }: Pick<Artifact, 'ecosystem' | 'sha256' | 'file'>): string {
  return `${ecosystem}/${sha256}/${file}`
}

/** Rows a statement: SQLite takes 32,766 parameters. */
const batchSize = 500

export function createJobs(db: Database, events: Events, now: () => Date) {
  async function enter(
    write: Write,
    append: Append,
    job: number,
    state: State,
    more: { finished_at?: string; problem?: string; started_at?: string } = {},
  ): Promise<void> {
    const at = now().toISOString()
    await write
      .updateTable('jobs')
      .set({ state, ...more })
      .where('id', '=', job)
      .execute()
    await append(job, state, at)
  }

  return {
    async get(id: number): Promise<Job | null> {
      const row = await db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? toJob(row) : null
    },

    /** Oldest first. */
    async unfinished(): Promise<Job[]> {
      return (
        await db
          .selectFrom('jobs')
          .selectAll()
          .where('state', 'in', [...unfinishedStates])
          .orderBy('id')
          .execute()
      ).map(toJob)
    },

    /** Oldest first; also those that no request refers to any more. */
    async ready(): Promise<Job[]> {
      return (await db.selectFrom('jobs').selectAll().where('state', '=', 'ready').orderBy('id').execute()).map(toJob)
    },

    enter(job: Job, state: State): Promise<void> {
      const started = state === 'queued' ? {} : { started_at: job.startedAt ?? now().toISOString() }
      return events.commit((write, append) => enter(write, append, job.id, state, started))
    },

    fail(job: Job, problem: Problem): Promise<void> {
      const end = { problem: JSON.stringify(problem), finished_at: now().toISOString() }
      return events.commit((write, append) => enter(write, append, job.id, 'failed', end))
    },

    /** Also: cancelled, rejected. */
    finish(job: Job, state: 'ready' | 'cancelled' | 'rejected'): Promise<void> {
      return events.commit((write, append) => enter(write, append, job.id, state, { finished_at: now().toISOString() }))
    },

    /** Records the solver's answer; `isNew` is judged against what the lane lists now. A later answer replaces it. */
    keepClosure(job: Job, lane: string, closure: Closure): Promise<void> {
      return db.transaction().execute(async (write) => {
        const ids = await keepArtifacts(
          write,
          closure.items.map((item) => item.artifact),
          false,
        )
        const listed = await listedOf(write, lane, [...ids.values()])
        await write.deleteFrom('closure_items').where('job_id', '=', job.id).execute()
        const rows = closure.items.map(({ artifact, isRoot, neededBy }, position) => {
          const artifact_id = ids.get(keyOf(artifact))!
          return {
            job_id: job.id,
            position,
            artifact_id,
            is_root: Number(isRoot),
            is_new: Number(!listed.has(artifact_id)),
            needed_by: JSON.stringify(neededBy),
          }
        })
        for (const some of batches(rows)) await write.insertInto('closure_items').values(some).execute()
        await write
          .updateTable('jobs')
          .set({ solved_at: now().toISOString(), remarks: JSON.stringify(closure.remarks) })
          .where('id', '=', job.id)
          .execute()
      })
    },

    /** Null before the solve. */
    async closure(
      job: Job,
    ): Promise<{ readonly items: readonly RecordedItem[]; readonly remarks: readonly Remark[] } | null> {
      const { solved_at, remarks } = await db
        .selectFrom('jobs')
        .select(['solved_at', 'remarks'])
        .where('id', '=', job.id)
        .executeTakeFirstOrThrow()
      if (solved_at === null) return null
      const rows = await db
        .selectFrom('closure_items')
        .innerJoin('artifacts', 'artifacts.id', 'closure_items.artifact_id')
        .selectAll('artifacts')
        .select(['is_root', 'is_new', 'needed_by'])
        .where('job_id', '=', job.id)
        .orderBy('position')
        .execute()
      const items = rows.map((row) => ({
        artifact: toArtifact(row),
        isRoot: row.is_root === 1,
        isNew: row.is_new === 1,
        neededBy: JSON.parse(row.needed_by) as string[],
      }))
      return { items, remarks: JSON.parse(remarks) as Remark[] }
    },

    /** Says more of a job that has ended; what is said again under a code takes the place of what was said. */
    remark(job: Job, remarks: readonly Remark[]): Promise<void> {
      return db.transaction().execute(async (write) => {
        const row = await write.selectFrom('jobs').select('remarks').where('id', '=', job.id).executeTakeFirstOrThrow()
        const codes = new Set(remarks.map(({ code }) => code))
        const before = (JSON.parse(row.remarks) as Remark[]).filter(({ code }) => !codes.has(code))
        await write
          .updateTable('jobs')
          .set({ remarks: JSON.stringify([...before, ...remarks]) })
          .where('id', '=', job.id)
          .execute()
      })
    },

    /**
     * Sizes of recorded closures, for lists. `bytes` is null while a size is unknown; jobs without a closure are absent.
     */
    async closureSizes(
      jobs: readonly number[],
    ): Promise<Map<number, { readonly files: number; readonly bytes: number | null }>> {
      if (jobs.length === 0) return new Map()
      const rows = await db
        .selectFrom('closure_items')
        .innerJoin('artifacts', 'artifacts.id', 'closure_items.artifact_id')
        .select(({ fn }) => [
          'job_id',
          fn.countAll<number>().as('files'),
          fn.count<number>('size').as('known'),
          fn.sum<number>('size').as('bytes'),
        ])
        .where('job_id', 'in', jobs)
        .groupBy('job_id')
        .execute()
      return new Map(
        rows.map(({ job_id, files, known, bytes }) => [job_id, { files, bytes: known === files ? bytes : null }]),
      )
    },

    /**
     * Invariant: after this the job can only become ready. Records what will be listed, lists it, moves the lane to its
     * next generation and the job to `publishing`, all or nothing.
     */
    intend(job: Job, intent: Intent): Promise<void> {
      return events.commit(async (write, append) => {
        const ids = await keepArtifacts(write, intent.artifacts, true)
        const added_at = now().toISOString()
        const rows = intent.artifacts.map((artifact) => ({
          lane: intent.lane,
          name: artifact.name,
          file: artifact.file,
          artifact_id: ids.get(keyOf(artifact))!,
          added_at,
        }))
        for (const files of batches(intent.dropped ?? []))
          await write.deleteFrom('listings').where('lane', '=', intent.lane).where('file', 'in', files).execute()
        await refuseChanged(write, intent.lane, intent.artifacts)
        for (const some of batches(rows))
          await write
            .insertInto('listings')
            .values(some)
            .onConflict((c) => c.doNothing())
            .execute()
        const items = write.selectFrom('closure_items').select(['position', 'artifact_id'])
        const places = new Map(
          (await items.where('job_id', '=', job.id).execute()).map((item) => [item.artifact_id, item.position]),
        )
        for (const artifact of intent.artifacts) {
          const position = places.get(ids.get(keyOf(artifact))!)
          if (position === undefined) continue
          await write
            .updateTable('closure_items')
            .set({ needed_by: JSON.stringify(intent.neededBy[artifact.name] ?? []) })
            .where('job_id', '=', job.id)
            .where('position', '=', position)
            .execute()
        }
        await write
          .insertInto('lanes')
          .values({ lane: intent.lane, generation: 1 })
          .onConflict((c) => c.column('lane').doUpdateSet(({ eb }) => ({ generation: eb('lanes.generation', '+', 1) })))
          .execute()
        await write
          .updateTable('jobs')
          .set({ proved: JSON.stringify(intent.picked), remarks: JSON.stringify(intent.remarks) })
          .where('id', '=', job.id)
          .execute()
        await intent.record?.(write)
        await enter(write, append, job.id, 'publishing')
      })
    },

    /** Drops attempts that ended before an instant and that nothing refers to any more. Returns how many. */
    async forget(before: string): Promise<number> {
      return db.transaction().execute(async (write) => {
        const rows = await write
          .selectFrom('jobs')
          .select('id')
          .where('finished_at', '<', before)
          .where(({ not, exists, selectFrom, and }) =>
            and(
              (['requests', 'apt_roots', 'builds'] as const).map((table) =>
                not(exists(selectFrom(table).select(`${table}.id`).whereRef(`${table}.job_id`, '=', 'jobs.id'))),
              ),
            ),
          )
          .limit(batchSize)
          .execute()
        const ids = rows.map(({ id }) => id)
        if (ids.length === 0) return 0
        await write.deleteFrom('events').where('job_id', 'in', ids).execute()
        await write.deleteFrom('closure_items').where('job_id', 'in', ids).execute()
        await write.deleteFrom('jobs').where('id', 'in', ids).execute()
        return ids.length
      })
    },
  }
}

export type Jobs = ReturnType<typeof createJobs>

function* batches<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += batchSize) yield rows.slice(at, at + batchSize)
}
