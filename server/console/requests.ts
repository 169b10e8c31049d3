/** Asking, following what was asked, and taking it back. */
import type { z } from 'zod'
import type { Events } from '../../storage/events.ts'
import type { Jobs } from '../../storage/jobs.ts'
import type { Requests } from '../../storage/requests.ts'
import type { Request } from '../../storage/records.ts'
import type { Ask, Retry } from '../ask.ts'
import type { fileQuerySchema } from '../contract.ts'
import type { Ecosystem, Target } from '../ecosystem.ts'
import { AirlockError, type Language } from '../errors.ts'
import type { Queue } from '../queue.ts'
import type { Api } from './operations.ts'
import { viewDetail, viewRequest, type Offer } from './views.ts'

export type RequestDeps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly requests: Requests
  readonly jobs: Jobs
  readonly events: Events
  readonly queue: Queue
  readonly ask: Ask
  readonly retry: Retry
}

export type RequestOperations = Pick<
  Api,
  'createRequests' | 'listRequests' | 'getRequest' | 'withdraw' | 'cancelRequest' | 'retryRequest' | 'repeatRequest'
>

export function createRequestOperations({
  ecosystems,
  requests,
  jobs,
  events,
  queue,
  ask,
  retry,
}: RequestDeps): RequestOperations {
  async function find(id: number): Promise<Request> {
    const request = await requests.get(id)
    if (!request) throw new AirlockError('request-unknown', { id })
    return request
  }

  async function view(list: readonly Request[], language: Language) {
    const [sizes, offer] = await Promise.all([jobs.closureSizes(list.map((request) => request.job.id)), offers(list)])
    return list.map((request) => {
      const live = { progress: queue.progress(request.job.id), waiting: queue.waiting(request.job.id) }
      return viewRequest(request, sizes.get(request.job.id), live, offer(request), language)
    })
  }

  /** What installs a request in a pod; of one that is ready, whatever no withdrawal has taken back since. */
  async function offers(list: readonly Request[]): Promise<(request: Request) => Offer> {
    const kept = new Map<Target, ReadonlySet<string> | undefined>()
    for (const { ecosystem: name, target: to, job } of list) {
      const ecosystem = ecosystems.get(name)
      const target = ecosystem?.targets.get(to)
      if (target && job.state === 'ready' && !kept.has(target)) kept.set(target, await ecosystem?.roots?.(target))
    }
    return ({ ecosystem: name, target: to, job }) => {
      const ecosystem = ecosystems.get(name)
      const target = ecosystem?.targets.get(to)
      if (!ecosystem || !target) return { install: '', withdrawn: false }
      const still = job.state === 'ready' ? kept.get(target) : undefined
      const roots = still ? job.roots.filter((root) => still.has(root)) : job.roots
      return { install: ecosystem.installLine(roots, target), withdrawn: roots.length === 0 && job.roots.length > 0 }
    }
  }

  async function viewOne(request: Request, language: Language) {
    return (await view([request], language))[0]!
  }

  return {
    async createRequests({ body, file, language, reqId = null }) {
      const { requester = null, note = null, ...wanted } = file ? wantedOf(file) : body
      const { requirements = [], constraints } = wanted
      const added = await ask({ ...wanted, requester, note, reqId }, (ecosystem) =>
        file
          ? parseFile(ecosystem, file, constraints)
          : { ...ecosystem.parse(requirements, constraints), lines: requirements },
      )
      return { requests: await view(added, language) }
    },

    async listRequests({ query, language }) {
      const { cursor, limit, ...filter } = query
      const found = await requests.list({
        ...filter,
        before: cursor === undefined ? undefined : Number(cursor),
        limit: limit + 1,
      })
      const page = found.slice(0, limit)
      return { requests: await view(page, language), next: found.length > limit ? String(page.at(-1)!.id) : null }
    },

    async getRequest({ params, language }) {
      const request = await find(params.id)
      const [timeline, acts, closure, shown, notices] = await Promise.all([
        events.ofJob(request.job.id),
        requests.acts(request.id),
        jobs.closure(request.job),
        viewOne(request, language),
        ecosystems.get(request.ecosystem)?.notices?.(request.job),
      ])
      const remarks = [...(closure?.remarks ?? []), ...(notices ?? [])]
      return viewDetail(shown, { timeline, acts }, closure?.items ?? null, remarks, request.job.proved, language)
    },

    async withdraw({ body: { roots, target, requester = null, note = null, ...wanted }, language, reqId = null }) {
      const all = { ...wanted, targets: [target], requester, note, reqId, refresh: false }
      const added = await ask(all, async (ecosystem) => {
        if (!ecosystem.withdrawal) {
          const known = [...ecosystems.values()].filter((one) => one.withdrawal).map(({ name }) => name)
          throw new AirlockError('withdrawal-unsupported', { ecosystem: ecosystem.name, known })
        }
        const parsed = await ecosystem.withdrawal(roots, ecosystem.targets.get(target)!)
        return { ...parsed, lines: roots.map((root) => `-${root}`) }
      })
      return { requests: await view(added, language) }
    },

    async cancelRequest({ params, body: { requester = null }, language }) {
      const request = await find(params.id)
      const left = await requests.leave(request, requester)
      if (left !== null) await queue.cancel(left)
      return viewOne(await find(request.id), language)
    },

    async retryRequest({ params, body: { requester = null }, language, reqId }) {
      const request = await find(params.id)
      return viewOne(await retry(request, { requester, reqId }), language)
    },

    async repeatRequest({ params, body: { confirm, refresh, requester = null }, language, reqId = null }) {
      const { ecosystem, target, asked, note, job } = await find(params.id)
      const wanted = { ecosystem, targets: [target], requester, note, confirm, refresh, reqId }
      // not read again: what came with the lines (hashes, constraints, a lock) is not in them
      const added = await ask(wanted, () => ({ lines: asked, roots: job.roots, options: job.options }))
      return { requests: await view(added, language) }
    },
  }
}

/** A requirements file, or what is said to be a lock. Throws `locks-not-taken`. */
function parseFile(
  ecosystem: Ecosystem,
  { text, lock }: { readonly text: string; readonly lock?: string | undefined },
  constraints: readonly string[] | undefined,
) {
  if (lock === undefined) return ecosystem.parseFile(text, constraints)
  if (!ecosystem.parseLock) throw new AirlockError('locks-not-taken', { ecosystem: ecosystem.name })
  return ecosystem.parseLock(lock, text)
}

function wantedOf({ target, constraint = [], ...query }: z.output<typeof fileQuerySchema> & { text: string }) {
  return { ...query, targets: [target].flat(), requirements: undefined, constraints: [constraint].flat() }
}
