/**
 * What is to be told to whom, written in the very transaction that makes it so: neither a crash nor a hook that is away
 * loses a notice. Each is tried until it is taken or its life is over.
 */
import { randomUUID } from 'node:crypto'
import type { Database, Write } from './database.ts'
import type { Event, Problem, Remark } from './records.ts'

export const noticeEvents = ['ready', 'failed', 'held'] as const
export type NoticeEvent = (typeof noticeEvents)[number]

/** One request that a notice is about; long lists are cut. */
export type NoticedRequest = {
  readonly id: number
  readonly ecosystem: string
  readonly target: string
  /** As typed, the first ones. */
  readonly requirements: readonly string[]
  /** How many more. */
  readonly more: number
  readonly requester: string | null
}

/** What happened, as it was then. */
export type Notice = {
  readonly event: NoticeEvent | 'test'
  readonly at: string
  readonly requests: readonly NoticedRequest[]
  /** Canonical, the first ones. */
  readonly roots: readonly string[]
  readonly problem: Problem | null
  /** Of `held`: what is left out, and why. */
  readonly held: { readonly root: string; readonly remark: Remark } | null
}

export type OutboxRow = {
  readonly id: number
  /** The same at every try: what a receiver knows a repetition by. */
  readonly key: string
  readonly notice: Notice
  readonly createdAt: string
  readonly tries: number
  readonly dueAt: string
}

/** Who wants to hear of what. */
export type Subscriber = { readonly name: string; readonly on: readonly NoticeEvent[] }

/** Of each list, in one notice. */
const most = 50

export function createOutbox(db: Database, hooks: readonly Subscriber[], now: () => Date) {
  async function put(write: Write, notice: Notice): Promise<void> {
    const at = now().toISOString()
    const rows = hooks
      .filter(({ on }) => on.some((event) => event === notice.event))
      .map(({ name }) => ({
        key: randomUUID(),
        hook: name,
        notice: JSON.stringify(notice),
        created_at: at,
        due_at: at,
        state: 'waiting',
      }))
    if (rows.length > 0) await write.insertInto('outbox').values(rows).execute()
  }

  async function requestsOf(write: Write, job: number): Promise<NoticedRequest[]> {
    const rows = await write
      .selectFrom('requests')
      .select(['id', 'ecosystem', 'target', 'asked', 'requester'])
      .where('job_id', '=', job)
      .orderBy('id')
      .limit(most)
      .execute()
    return rows.map(({ asked, ...request }) => {
      const all = JSON.parse(asked) as string[]
      return { ...request, requirements: all.slice(0, most), more: Math.max(0, all.length - most) }
    })
  }

  const isWanted = (event: NoticeEvent) => hooks.some(({ on }) => on.includes(event))

  return {
    /** Within the transaction of a change of state; of no consequence where nobody wants to hear of it. */
    async note(write: Write, { job, state, at }: Omit<Event, 'id'>): Promise<void> {
      if ((state !== 'ready' && state !== 'failed') || !isWanted(state)) return
      const row = await write.selectFrom('jobs').select(['roots', 'problem']).where('id', '=', job).executeTakeFirst()
      const requests = await requestsOf(write, job)
      if (!row || requests.length === 0) return
      const roots = (JSON.parse(row.roots) as string[]).slice(0, most)
      const problem = row.problem === null ? null : (JSON.parse(row.problem) as Problem)
      await put(write, { event: state, at, requests, roots, problem: state === 'failed' ? problem : null, held: null })
    },

    /** Within the transaction that leaves a root out of its repository. */
    async noteHeld(write: Write, job: number, root: string, remark: Remark): Promise<void> {
      if (!isWanted('held')) return
      const requests = await requestsOf(write, job)
      const at = now().toISOString()
      await put(write, { event: 'held', at, requests, roots: [root], problem: null, held: { root, remark } })
    },

    /** What is due first for a hook, be it now or later. */
    async next(hook: string): Promise<OutboxRow | null> {
      const row = await db
        .selectFrom('outbox')
        .selectAll()
        .where('hook', '=', hook)
        .where('state', '=', 'waiting')
        .orderBy('due_at')
        .orderBy('id')
        .executeTakeFirst()
      if (!row) return null
      const { id, key, tries } = row
      const notice = JSON.parse(row.notice) as Notice
      return { id, key, notice, createdAt: row.created_at, tries, dueAt: row.due_at }
    },

    async again(id: number, due: Date, problem: Problem): Promise<void> {
      await db
        .updateTable('outbox')
        .set(({ eb }) => ({
          tries: eb('tries', '+', 1),
          due_at: due.toISOString(),
          problem: JSON.stringify(problem),
        }))
        .where('id', '=', id)
        .execute()
    },

    async end(id: number, state: 'sent' | 'dropped'): Promise<void> {
      await db.updateTable('outbox').set({ state, ended_at: now().toISOString() }).where('id', '=', id).execute()
    },

    /** Hook -> how many wait, and why the one that waits longest was not taken. */
    async waiting(): Promise<Map<string, { readonly count: number; readonly problem: Problem | null }>> {
      const rows = await db
        .selectFrom('outbox')
        .select(['hook', 'problem'])
        .where('state', '=', 'waiting')
        .orderBy('id')
        .execute()
      const found = new Map<string, { count: number; problem: Problem | null }>()
      for (const { hook, problem } of rows) {
        const before = found.get(hook)
        const own = problem === null ? null : (JSON.parse(problem) as Problem)
        found.set(hook, { count: (before?.count ?? 0) + 1, problem: before?.problem ?? own })
      }
      return found
    },

    /** Ends what is for nobody any more, and forgets what ended before. */
    async sweep(before: Date): Promise<void> {
      const names = hooks.map(({ name }) => name)
      const ended = { state: 'dropped', ended_at: now().toISOString() }
      const orphans = db.updateTable('outbox').set(ended).where('state', '=', 'waiting')
      await (names.length > 0 ? orphans.where('hook', 'not in', names) : orphans).execute()
      await db.deleteFrom('outbox').where('ended_at', '<', before.toISOString()).execute()
    },
  }
}

export type Outbox = ReturnType<typeof createOutbox>
