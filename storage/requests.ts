/** What people asked. A request points to its latest job; identical requests share one while it can still serve both. */
import { createHash, randomUUID } from 'node:crypto'
import type { Insertable } from 'kysely'
import { AirlockError } from '../server/errors.ts'
import type { Database, Tables, Write } from './database.ts'
import type { Append, Events } from './events.ts'
import { containing } from './like.ts'
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
  /** Of the HTTP exchange that asks, as the log has it. */
  readonly reqId?: string | null | undefined
  /** A closure over the size that needs a confirmation may be fetched. */
  readonly confirmed?: boolean
  /** Upstream's pages are asked for anew, and no earlier answer is used. */
  readonly refresh?: boolean
  /** Target -> a ready job that still answers this: the new one is published from it. */
  readonly reuse?: ReadonlyMap<string, number>
  /** Target -> what it is at present: jobs of another kind are others, whatever their target is called. */
  readonly kinds?: ReadonlyMap<string, string>
}

/** What somebody did to a request after it was asked. */
export type Act = { readonly act: 'retried' | 'cancelled'; readonly requester: string | null; readonly at: string }

export type RequestFilter = {
  readonly state?: State | 'unfinished' | undefined
  readonly ecosystem?: string | undefined
  readonly target?: string | undefined
  readonly requester?: string | undefined
  /** Found in what was typed, the requester's name or the note. */
  readonly text?: string | undefined
  /** Those asked for together. */
  readonly batch?: string | undefined
  /** Only requests older than this one. */
  readonly before?: number | undefined
  readonly limit: number
}

/** States in which one more request may join a job: from `publishing` on, its askers are fixed. */
const joinable = unfinishedStates.filter((state) => state !== 'publishing')

export function createRequests(db: Database, events: Events, now: () => Date) {
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

  /** A running job that does the same, a new one from an answer that still holds, or a new one. */
  async function jobFor(write: Write, append: Append, wanted: Wanted): Promise<number> {
    const { ecosystem, target, roots, options, confirmed = false, refresh = false } = wanted
    const identity = identityOf({ ...wanted, kind: wanted.kinds?.get(target) })
    const running = await write
      .selectFrom('jobs')
      .select('id')
      .where('identity', '=', identity)
      .where('confirmed', '>=', Number(confirmed))
      .where('refresh', '>=', Number(refresh))
      .where('state', 'in', joinable)
      .orderBy('id', 'desc')
      .executeTakeFirst()
    if (running) return running.id
    const job = {
      ecosystem,
      target,
      roots: JSON.stringify(roots),
      options: JSON.stringify(options),
      identity,
      confirmed: Number(confirmed),
      refresh: Number(refresh),
    }
    const earlier = wanted.reuse?.get(target)
    if (earlier === undefined) return addJob(write, append, { ...job, state: 'queued' })
    const answer = await write
      .selectFrom('jobs')
      .select(['solved_at', 'proved', 'remarks'])
      .where('id', '=', earlier)
      .executeTakeFirstOrThrow()
    // decided already: what is left is to write the new request's own files
    const id = await addJob(write, append, { ...job, ...answer, state: 'publishing' })
    await write
      .insertInto('closure_items')
      .columns(['job_id', 'position', 'artifact_id', 'is_root', 'is_new', 'needed_by'])
      .expression((eb) =>
        eb
          .selectFrom('closure_items')
          .select(({ val }) => [
            val(id).as('job_id'),
            'position',
            'artifact_id',
            'is_root',
            val(0).as('is_new'),
            'needed_by',
          ])
          .where('job_id', '=', earlier),
      )
      .execute()
    return id
  }

  async function note(write: Write, request: number, act: Act['act'], requester: string | null): Promise<void> {
    const row = { request_id: request, act, requester, at: now().toISOString() }
    await write.insertInto('acts').values(row).execute()
  }

  async function addJob(
    write: Write,
    append: Append,
    job: Omit<Insertable<Tables['jobs']>, 'created_at'>,
  ): Promise<number> {
    const at = now().toISOString()
    const { id } = await write
      .insertInto('jobs')
      .values({ ...job, created_at: at })
      .returning('id')
      .executeTakeFirstOrThrow()
    await append(id, job.state as State, at)
    return id
  }

  return {
    /** One request a target, sharing a batch, in one transaction. */
    add(wanted: NewRequest): Promise<Request[]> {
      return events.commit(async (write, append) => {
        const batch = randomUUID()
        const ids: number[] = []
        for (const target of wanted.targets) {
          const { ecosystem, requester, note, reqId = null } = wanted
          const { id } = await write
            .insertInto('requests')
            .values({
              batch,
              ecosystem,
              target,
              asked: JSON.stringify(wanted.asked),
              requester,
              note,
              req_id: reqId,
              created_at: now().toISOString(),
              job_id: await jobFor(write, append, { ...wanted, target }),
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
      if (filter.state === 'unfinished') query = query.where('jobs.state', 'in', [...unfinishedStates])
      else if (filter.state !== undefined) query = query.where('jobs.state', '=', filter.state)
      if (filter.ecosystem !== undefined) query = query.where('requests.ecosystem', '=', filter.ecosystem)
      if (filter.target !== undefined) query = query.where('requests.target', '=', filter.target)
      if (filter.requester !== undefined) query = query.where('requests.requester', '=', filter.requester)
      if (filter.batch !== undefined) query = query.where('requests.batch', '=', filter.batch)
      if (filter.before !== undefined) query = query.where('requests.id', '<', filter.before)
      if (filter.text) {
        const { text } = filter
        const texts = { asked: JSON.stringify(text).slice(1, -1), requester: text, note: text }
        query = query.where(({ or, eb }) =>
          or(
            (['asked', 'requester', 'note'] as const).map((column) =>
              eb(`requests.${column}`, 'like', containing(texts[column])),
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

    async countByState(): Promise<{ readonly ecosystem: string; readonly state: State; readonly count: number }[]> {
      const rows = await db
        .selectFrom('requests')
        .innerJoin('jobs', 'jobs.id', 'requests.job_id')
        .select(({ fn }) => ['requests.ecosystem', 'jobs.state', fn.countAll<number>().as('count')])
        .groupBy(['requests.ecosystem', 'jobs.state'])
        .execute()
      return rows.map(({ state, ...row }) => ({ ...row, state: state as State }))
    },

    /** When each request whose latest job this is was asked. */
    async ofJob(job: number): Promise<readonly { readonly createdAt: string }[]> {
      const rows = await db.selectFrom('requests').select('created_at').where('job_id', '=', job).execute()
      return rows.map(({ created_at }) => ({ createdAt: created_at }))
    },

    /** The requests whose latest job this is, and the exchanges that asked for it. */
    async askers(job: number): Promise<readonly { readonly id: number; readonly reqId: string | null }[]> {
      const asked = db.selectFrom('requests').select(['id', 'req_id']).where('job_id', '=', job)
      const rows = await asked.orderBy('id').execute()
      return rows.map(({ id, req_id }) => ({ id, reqId: req_id }))
    },

    /** Oldest first. */
    async acts(request: number): Promise<Act[]> {
      const rows = await db
        .selectFrom('acts')
        .select(['act', 'requester', 'at'])
        .where('request_id', '=', request)
        .orderBy('id')
        .execute()
      return rows.map((row) => ({ ...row, act: row.act as Act['act'] }))
    },

    /**
     * Takes a request off its job: it gets a cancelled job of its own. Returns the job it left when nobody is left on
     * it (abort that one, it is recorded as cancelled), else null. Throws `request-finished` from its decision on.
     */
    leave({ id: given }: Pick<Request, 'id'>, requester: string | null): Promise<number | null> {
      return events.commit(async (write, append) => {
        // what was read before this transaction may be over by now
        const request = (await find([given], write))[0]!
        const { state } = request.job
        if (isFinished(state) || state === 'publishing')
          throw new AirlockError('request-finished', { id: given, state })
        await note(write, request.id, 'cancelled', requester)
        const others = await write
          .selectFrom('requests')
          .select('id')
          .where('job_id', '=', request.job.id)
          .where('id', '!=', request.id)
          .execute()
        if (others.length === 0) {
          // whoever asks the same from now on has a job of their own: this one is on its way out
          await write.updateTable('jobs').set({ identity: '' }).where('id', '=', request.job.id).execute()
          return request.job.id
        }
        const shared = await write
          .selectFrom('jobs')
          .selectAll()
          .where('id', '=', request.job.id)
          .executeTakeFirstOrThrow()
        const { ecosystem, target, roots, options, identity } = shared
        const id = await addJob(write, append, {
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

    /** A new job of the same request, or a running identical one. Throws `request-unfinished` while it has one. */
    retry({ id: given }: Pick<Request, 'id'>, { kind, requester, reqId }: Again): Promise<Request> {
      return events.commit(async (write, append) => {
        const request = (await find([given], write))[0]!
        const { state } = request.job
        if (!isFinished(state)) throw new AirlockError('request-unfinished', { id: given, state })
        await note(write, request.id, 'retried', requester)
        const { roots, options, confirmed } = request.job
        const kinds = new Map(kind === undefined ? [] : [[request.target, kind]])
        const job = await jobFor(write, append, { ...request, roots, options, confirmed, refresh: true, kinds })
        const changed = { job_id: job, ...(reqId !== undefined && { req_id: reqId }) }
        await write.updateTable('requests').set(changed).where('id', '=', request.id).execute()
        return (await find([request.id], write))[0]!
      })
    },

    /** The latest ready job that answered the same, if any, and when it was solved. */
    async answered(wanted: Identity): Promise<{ readonly job: number; readonly solvedAt: string } | null> {
      const row = await db
        .selectFrom('jobs')
        .select(['id', 'solved_at'])
        .where('identity', '=', identityOf(wanted))
        .where('state', '=', 'ready')
        .orderBy('id', 'desc')
        .executeTakeFirst()
      return row?.solved_at ? { job: row.id, solvedAt: row.solved_at } : null
    },
  }
}

export type Requests = ReturnType<typeof createRequests>

/** Who tries a request again, and what its target is by now. */
export type Again = {
  readonly requester: string | null
  readonly kind?: string | undefined
  readonly reqId?: string | undefined
}

type Identity = {
  readonly ecosystem: string
  readonly target: string
  readonly roots: readonly string[]
  readonly options: JsonObject
  readonly kind?: string | undefined
}
type Wanted = Omit<Identity, 'kind'> & Pick<NewRequest, 'confirmed' | 'refresh' | 'reuse' | 'kinds'>

/** Equal for jobs that ask the same of the same target. */
function identityOf({ ecosystem, target, roots, options, kind = '' }: Identity): string {
  return createHash('sha256')
    .update(JSON.stringify([ecosystem, target, roots, options, kind]))
    .digest('hex')
}

function isFinished(state: State): boolean {
  return (finishedStates as readonly State[]).includes(state)
}
