/** What people asked. A request points to its latest job; identical requests share one while it can still serve both. */
import { createHash, randomUUID } from 'node:crypto'
import { sql, type Insertable } from 'kysely'
import type { Database, Tables, Write } from './database.ts'
import { finishedStates, unfinishedStates, type JsonObject, type Request, type State } from './records.ts'
import { toJob, toRequest } from './rows.ts'

export type NewRequest = {
  readonly ecosystem: string
  readonly targets: readonly string[]
  readonly asked: readonly string[]
  readonly roots: readonly string[]
  readonly options: JsonObject
  readonly requester: string | null
  readonly note: string | null
}

export type RequestFilter = {
  readonly state?: State | undefined
  readonly ecosystem?: string | undefined
  readonly target?: string | undefined
  readonly requester?: string | undefined
  /** Found in what was typed, the requester's name or the note. */
  readonly text?: string | undefined
  /** Only requests older than this one. */
  readonly before?: number | undefined
  readonly limit: number
}

/** States in which one more request may join a job: from `publishing` on, its askers are fixed. */
const joinable = unfinishedStates.filter((state) => state !== 'publishing')

export function createRequests(db: Database, now: () => Date) {
  async function find(ids: readonly number[], on: Database | Write = db): Promise<Request[]> {
    if (ids.length === 0) return []
    const rows = await on.selectFrom('requests').selectAll().where('id', 'in', ids).execute()
    const jobs = await on
      .selectFrom('jobs')
      .selectAll()
      .where(
        'id',
        'in',
        rows.map((row) => row.job_id),
      )
      .execute()
    const byId = new Map(jobs.map((row) => [row.id, toJob(row)]))
    const found = new Map(rows.map((row) => [row.id, toRequest(row, byId.get(row.job_id)!)]))
    return ids.map((id) => found.get(id)).filter((request) => request !== undefined)
  }

  /** A running job that does the same, or a new one. */
  async function jobFor(
    write: Write,
    wanted: Omit<NewRequest, 'targets' | 'asked'> & { target: string },
  ): Promise<number> {
    const { ecosystem, target, roots, options } = wanted
    const identity = createHash('sha256')
      .update(JSON.stringify([ecosystem, target, roots, options]))
      .digest('hex')
    const running = await write
      .selectFrom('jobs')
      .select('id')
      .where('identity', '=', identity)
      .where('state', 'in', joinable)
      .orderBy('id', 'desc')
      .executeTakeFirst()
    if (running) return running.id
    return addJob(write, {
      ecosystem,
      target,
      roots: JSON.stringify(roots),
      options: JSON.stringify(options),
      identity,
      state: 'queued',
    })
  }

  async function addJob(write: Write, job: Omit<Insertable<Tables['jobs']>, 'created_at'>): Promise<number> {
    const at = now().toISOString()
    const { id } = await write
      .insertInto('jobs')
      .values({ ...job, created_at: at })
      .returning('id')
      .executeTakeFirstOrThrow()
    await write.insertInto('events').values({ job_id: id, at, state: job.state }).execute()
    return id
  }

  return {
    /** One request a target, sharing a batch, in one transaction. */
    add(wanted: NewRequest): Promise<Request[]> {
      return db.transaction().execute(async (write) => {
        const batch = randomUUID()
        const ids: number[] = []
        for (const target of wanted.targets) {
          const { ecosystem, requester, note } = wanted
          const { id } = await write
            .insertInto('requests')
            .values({
              batch,
              ecosystem,
              target,
              asked: JSON.stringify(wanted.asked),
              requester,
              note,
              created_at: now().toISOString(),
              job_id: await jobFor(write, { ...wanted, target }),
            })
            .returning('id')
            .executeTakeFirstOrThrow()
          ids.push(id)
        }
        return find(ids, write)
      })
    },

    async get(id: number): Promise<Request | null> {
      return (await find([id]))[0] ?? null
    },

    /** Newest first. */
    async list(filter: RequestFilter): Promise<Request[]> {
      let query = db.selectFrom('requests').innerJoin('jobs', 'jobs.id', 'requests.job_id').select('requests.id')
      if (filter.state !== undefined) query = query.where('jobs.state', '=', filter.state)
      if (filter.ecosystem !== undefined) query = query.where('requests.ecosystem', '=', filter.ecosystem)
      if (filter.target !== undefined) query = query.where('requests.target', '=', filter.target)
      if (filter.requester !== undefined) query = query.where('requests.requester', '=', filter.requester)
      if (filter.before !== undefined) query = query.where('requests.id', '<', filter.before)
      if (filter.text) {
        const pattern = `%${filter.text.replace(/[\\%_]/g, '\\$&')}%`
        query = query.where(({ or, eb }) =>
          or(
            (['asked', 'requester', 'note'] as const).map((column) =>
              eb(sql<string>`${eb.ref(`requests.${column}`)}`, 'like', sql<string>`${pattern} escape '\\'`),
            ),
          ),
        )
      }
      const rows = await query.orderBy('requests.id', 'desc').limit(filter.limit).execute()
      return find(rows.map((row) => row.id))
    },

    async countUnfinished(): Promise<number> {
      const { count } = await db
        .selectFrom('requests')
        .innerJoin('jobs', 'jobs.id', 'requests.job_id')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('jobs.state', 'in', [...unfinishedStates])
        .executeTakeFirstOrThrow()
      return count
    },

    /** The ids of the requests whose latest job this is. */
    async askers(job: number): Promise<readonly { readonly id: number }[]> {
      return db.selectFrom('requests').select('id').where('job_id', '=', job).orderBy('id').execute()
    },

    /**
     * Takes a request off its job: it gets a cancelled job of its own. Returns the job it left when nobody is left on
     * it (abort that one, it is recorded as cancelled), else null.
     */
    leave(request: Request): Promise<number | null> {
      return db.transaction().execute(async (write) => {
        const others = await write
          .selectFrom('requests')
          .select('id')
          .where('job_id', '=', request.job.id)
          .where('id', '!=', request.id)
          .execute()
        if (others.length === 0) return request.job.id
        const shared = await write
          .selectFrom('jobs')
          .selectAll()
          .where('id', '=', request.job.id)
          .executeTakeFirstOrThrow()
        const { ecosystem, target, roots, options, identity } = shared
        const id = await addJob(write, {
          ecosystem,
          target,
          roots,
          options,
          identity,
          state: 'cancelled',
          finished_at: now().toISOString(),
        })
        await write.updateTable('requests').set({ job_id: id }).where('id', '=', request.id).execute()
        return null
      })
    },

    /** A new job of the same request, or a running identical one. */
    retry(request: Request): Promise<Request> {
      return db.transaction().execute(async (write) => {
        const job = await jobFor(write, { ...request, roots: request.job.roots, options: request.job.options })
        await write.updateTable('requests').set({ job_id: job }).where('id', '=', request.id).execute()
        return (await find([request.id], write))[0]!
      })
    },
  }
}

export type Requests = ReturnType<typeof createRequests>

export function isFinished(state: State): boolean {
  return (finishedStates as readonly State[]).includes(state)
}
