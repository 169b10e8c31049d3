/** The state of apt's repositories: roots, stanzas, dates. All the SQL of apt there is. */
import { AirlockError } from '../server/errors.ts'
import type { DeleteResult } from 'kysely'
import type { Database, Write } from './database.ts'
import { unfinishedStates, type Remark } from './records.ts'

/** Somebody's root in a lane. */
export type AptRoot = {
  readonly root: string
  /** The job that asked for it last. */
  readonly job: number
  readonly addedAt: string
  /** Why it is left out of the repository's solve, and at which snapshot that was found; null: it is part of it. */
  readonly held: { readonly remark: Remark; readonly since: string; readonly snapshot: number } | null
}

/** A package of a lane's repository. */
export type AptStanza = {
  readonly file: string
  readonly name: string
  readonly architecture: string
  readonly version: string
  readonly sha256: string
  readonly size: number
  /** As apt verified it, unchanged. */
  readonly stanza: string
}

export type AptRepository = {
  /** Release's Date, in seconds: strictly growing. */
  readonly date: number
  /** Of which snapshot it is a solve. */
  readonly snapshot: number
  readonly architectures: readonly string[]
}

/** From one repository of a lane to its next. */
export type AptChange = {
  readonly repository: AptRepository
  readonly added: readonly AptStanza[]
  /** Files. */
  readonly dropped: readonly string[]
  /** Asked for with this change: part of it from now on. */
  readonly roots: readonly { readonly root: string; readonly job: number }[]
  readonly held: ReadonlyMap<string, Remark>
  /** Held until now. */
  readonly released: readonly string[]
  readonly withdrawn: readonly string[]
  /** The digests of its index files. */
  readonly indexes: readonly string[]
}

/** `noteHeld` is called within the transaction that leaves a root out which was not left out before. */
export function createAptState(
  db: Database,
  now: () => Date,
  noteHeld?: (write: Write, job: number, root: string, remark: Remark) => Promise<void>,
) {
  async function addStanzas(write: Write, lane: string, stanzas: readonly AptStanza[]): Promise<void> {
    const since = now().toISOString()
    for (const some of batches(stanzas)) {
      await write
        .insertInto('apt_stanzas')
        .values(some.map((row) => ({ ...row, lane })))
        .onConflict((c) =>
          c.columns(['lane', 'file']).doUpdateSet(({ ref }) => ({
            sha256: ref('excluded.sha256'),
            version: ref('excluded.version'),
            size: ref('excluded.size'),
            stanza: ref('excluded.stanza'),
          })),
        )
        .execute()
      await write
        .insertInto('apt_versions')
        .values(
          some.map(({ name, architecture, version, sha256 }) => ({ lane, name, architecture, version, sha256, since })),
        )
        .onConflict((c) => c.doNothing())
        .execute()
      const digests = some.map(({ sha256 }) => sha256)
      await write.deleteFrom('apt_unused').where('sha256', 'in', digests).execute()
    }
  }

  async function dropStanzas(write: Write, lane: string, files: readonly string[]): Promise<void> {
    const since = now().toISOString()
    for (const some of batches(files)) {
      const gone = await write
        .deleteFrom('apt_stanzas')
        .where('lane', '=', lane)
        .where('file', 'in', some)
        .returning(['sha256', 'file'])
        .execute()
      if (gone.length === 0) continue
      const digests = gone.map(({ sha256 }) => sha256)
      const used = await write.selectFrom('apt_stanzas').select('sha256').where('sha256', 'in', digests).execute()
      const stillUsed = new Set(used.map(({ sha256 }) => sha256))
      const unused = gone.filter(({ sha256 }) => !stillUsed.has(sha256)).map((row) => ({ ...row, since }))
      if (unused.length === 0) continue
      await write
        .insertInto('apt_unused')
        .values(unused)
        .onConflict((c) => c.doNothing())
        .execute()
    }
  }

  async function changeRoots(write: Write, lane: string, change: AptChange): Promise<void> {
    const at = now().toISOString()
    const free = { held: null, held_at: null, held_snapshot: null }
    const askers = change.roots.map(({ job }) => job)
    const unfinished = await write
      .selectFrom('jobs')
      .select('id')
      .where('id', 'in', askers)
      .where('state', 'in', [...unfinishedStates])
      .execute()
    // whoever joined a solve may have been cancelled since: its packages go with the next one
    const living = new Set(unfinished.map(({ id }) => id))
    for (const { root, job } of change.roots.filter((asked) => living.has(asked.job)))
      await write
        .insertInto('apt_roots')
        .values({ lane, root, job_id: job, added_at: at, ...free })
        .onConflict((c) => c.columns(['lane', 'root']).doUpdateSet({ job_id: job, ...free }))
        .execute()
    for (const [root, remark] of change.held) {
      const before = await write
        .selectFrom('apt_roots')
        .select('job_id')
        .where('lane', '=', lane)
        .where('root', '=', root)
        .where('held', 'is', null)
        .executeTakeFirst()
      await write
        .updateTable('apt_roots')
        .set({ held: JSON.stringify(remark), held_at: at, held_snapshot: change.repository.snapshot })
        .where('lane', '=', lane)
        .where('root', '=', root)
        .execute()
      if (before) await noteHeld?.(write, before.job_id, root, remark)
    }
    for (const root of change.released)
      await write.updateTable('apt_roots').set(free).where('lane', '=', lane).where('root', '=', root).execute()
    for (const root of change.withdrawn)
      await write.deleteFrom('apt_roots').where('lane', '=', lane).where('root', '=', root).execute()
  }

  async function changeIndexes(write: Write, lane: string, indexes: readonly string[]): Promise<void> {
    await write
      .updateTable('apt_by_hash')
      .set({ superseded_at: now().toISOString() })
      .where('lane', '=', lane)
      .where('superseded_at', 'is', null)
      .where('sha256', 'not in', indexes)
      .execute()
    await write
      .insertInto('apt_by_hash')
      .values(indexes.map((sha256) => ({ lane, sha256, superseded_at: null })))
      .onConflict((c) => c.columns(['lane', 'sha256']).doUpdateSet({ superseded_at: null }))
      .execute()
  }

  return {
    /** Oldest first: of two that conflict the later one yields. */
    async roots(lane: string): Promise<AptRoot[]> {
      const rows = await db.selectFrom('apt_roots').selectAll().where('lane', '=', lane).orderBy('id').execute()
      return rows.map((row) => ({
        root: row.root,
        job: row.job_id,
        addedAt: row.added_at,
        held:
          row.held === null
            ? null
            : { remark: JSON.parse(row.held) as Remark, since: row.held_at!, snapshot: row.held_snapshot! },
      }))
    },

    /** Null before the first publication. */
    async repository(lane: string): Promise<AptRepository | null> {
      const row = await db.selectFrom('apt_repositories').selectAll().where('lane', '=', lane).executeTakeFirst()
      return row
        ? { date: row.date, snapshot: row.snapshot, architectures: JSON.parse(row.architectures) as string[] }
        : null
    },

    /** In the order of the index: by name, architecture and file. */
    async stanzas(lane: string): Promise<AptStanza[]> {
      return db
        .selectFrom('apt_stanzas')
        .select(['file', 'name', 'architecture', 'version', 'sha256', 'size', 'stanza'])
        .where('lane', '=', lane)
        .orderBy('name')
        .orderBy('architecture')
        .orderBy('file')
        .execute()
    },

    /** Invariant: a version means the same bytes for ever in one lane. Throws `digest-changed`. */
    async refuseChanged(lane: string, stanzas: readonly AptStanza[]): Promise<void> {
      for (const some of batches(stanzas)) {
        const names = [...new Set(some.map(({ name }) => name))]
        const rows = await db
          .selectFrom('apt_versions')
          .selectAll()
          .where('lane', '=', lane)
          .where('name', 'in', names)
          .execute()
        const known = new Map(rows.map((row) => [`${row.name} ${row.architecture} ${row.version}`, row]))
        for (const { name, architecture, version, sha256, file } of some) {
          const first = known.get(`${name} ${architecture} ${version}`)
          if (first && first.sha256 !== sha256)
            throw new AirlockError('digest-changed', {
              file,
              found: sha256,
              expected: first.sha256,
              since: first.since,
            })
        }
      }
    },

    /** A lane's first repository, without a package. */
    begin(lane: string, repository: AptRepository, indexes: readonly string[]): Promise<void> {
      const nothing = { added: [], dropped: [], roots: [], held: new Map(), released: [], withdrawn: [] }
      return db.transaction().execute((write) => this.change(write, lane, { ...nothing, repository, indexes }))
    },

    /** Within the intent's transaction. */
    async change(write: Write, lane: string, change: AptChange): Promise<void> {
      const { date, snapshot, architectures } = change.repository
      const repository = { date, snapshot, architectures: JSON.stringify(architectures) }
      await write
        .insertInto('apt_repositories')
        .values({ lane, ...repository })
        .onConflict((c) => c.column('lane').doUpdateSet(repository))
        .execute()
      await dropStanzas(write, lane, change.dropped)
      await addStanzas(write, lane, change.added)
      await changeRoots(write, lane, change)
      await changeIndexes(write, lane, change.indexes)
    },

    /** Index files that no client can still be about to fetch. */
    async supersededIndexes(before: Date): Promise<{ lane: string; sha256: string }[]> {
      return db
        .selectFrom('apt_by_hash')
        .select(['lane', 'sha256'])
        .where('superseded_at', '<', before.toISOString())
        .orderBy('lane')
        .execute()
    },

    /** Pool files that no lane has had since then; without an instant, those that none has now. */
    async unusedFiles(before?: Date): Promise<{ sha256: string; file: string }[]> {
      const unused = db.selectFrom('apt_unused').select(['sha256', 'file']).orderBy('sha256')
      return (before ? unused.where('since', '<', before.toISOString()) : unused).execute()
    },

    /**
     * Lets an index go that was superseded before an instant, by `remove`; false where it has come back. The row and the
     * file go as one: whoever lists it again does so before, and keeps it, or after, and brings it.
     */
    discardIndex(
      { lane, sha256 }: { readonly lane: string; readonly sha256: string },
      before: Date,
      remove: () => Promise<void>,
    ): Promise<boolean> {
      return db.transaction().execute(async (write) => {
        const row = write.deleteFrom('apt_by_hash').where('lane', '=', lane).where('sha256', '=', sha256)
        return withRow(await row.where('superseded_at', '<', before.toISOString()).executeTakeFirst(), remove)
      })
    },

    /** The same of a pool file that no lane has had since then. */
    discardFile({ sha256 }: { readonly sha256: string }, before: Date, remove: () => Promise<void>): Promise<boolean> {
      return db.transaction().execute(async (write) => {
        const row = write.deleteFrom('apt_unused').where('sha256', '=', sha256)
        return withRow(await row.where('since', '<', before.toISOString()).executeTakeFirst(), remove)
      })
    },
  }
}

export type AptState = ReturnType<typeof createAptState>

/** What lies on the disk goes where its row went, within the transaction. */
async function withRow({ numDeletedRows }: DeleteResult, remove: () => Promise<void>): Promise<boolean> {
  if (numDeletedRows === 0n) return false
  await remove()
  return true
}

function* batches<T>(rows: readonly T[], size = 500): Generator<T[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size)
}
