/** What the page knows of Airlock: one cache, filled by the first paint, kept right by the stream of events. */
import { QueryClient, queryOptions, keepPreviousData } from '@tanstack/react-query'
import { call, Refused, type AnswerOf } from './api.ts'
import { language, type Language } from './words/index.ts'

export type RequestView = AnswerOf<'listRequests'>['requests'][number]
export type RequestDetail = AnswerOf<'getRequest'>
export type ClosureItem = NonNullable<RequestDetail['closure']>[number]
export type TargetView = AnswerOf<'listTargets'>['targets'][number]
export type Ecosystem = TargetView['ecosystem']
export type Progress = NonNullable<RequestView['progress']>

export type Filter = {
  readonly state?: RequestView['state'] | 'unfinished' | undefined
  readonly requester?: string | undefined
  readonly text?: string | undefined
  readonly batch?: string | undefined
  readonly cursor?: string | undefined
}

/** Rows of the board: what the server's first paint carries, too. */
export const pageSize = 100

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // the stream says when something has changed; without it, the queries below look for themselves
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => !(error instanceof Refused) && count < 1,
      retryDelay: 1000,
    },
  },
})

export function requestsQuery(filter: Filter, limit = pageSize) {
  return queryOptions({
    queryKey: ['listRequests', filter, limit],
    queryFn: ({ signal }) => call('listRequests', { query: { ...filter, limit }, signal }),
    placeholderData: keepPreviousData,
  })
}

export function requestQuery(id: number) {
  return queryOptions({
    queryKey: ['getRequest', id],
    queryFn: ({ signal }) => call('getRequest', { params: { id }, signal }),
    refetchInterval: ({ state: { data } }) => (isBeingTried(data) ? 2000 : false),
  })
}

/** What is ready is tried out for a while, which is no change of state, so that no event tells of it. */
function isBeingTried(request: RequestDetail | undefined): boolean {
  if (request?.state !== 'ready' || request.ecosystem !== 'pip' || request.finishedAt === null) return false
  return (
    Date.now() - Date.parse(request.finishedAt) < 60_000 &&
    !request.remarks.some(({ code }) => /^imports?\b/.test(code))
  )
}

export function buildQuery(id: number) {
  return queryOptions({
    queryKey: ['getBuild', id],
    queryFn: ({ signal }) => call('getBuild', { params: { id }, signal }),
  })
}

export const targetsQuery = queryOptions({
  queryKey: ['listTargets'],
  queryFn: ({ signal }) => call('listTargets', { signal }),
  staleTime: 300_000,
})

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => call('status', { signal }),
  refetchInterval: 30_000,
})

type First = {
  readonly language: Language
  readonly requests: AnswerOf<'listRequests'> | null
  readonly targets: AnswerOf<'listTargets'> | null
  readonly status: AnswerOf<'status'> | null
}

/** Takes what the server wrote into the page; in another language it is shown until its own words arrive. */
export function readFirst(): void {
  const text = document.getElementById('first')?.textContent
  if (!text) return
  const first = JSON.parse(text) as First
  const updatedAt = first.language === language() ? Date.now() : 0
  if (first.requests) queryClient.setQueryData(requestsQuery({}).queryKey, first.requests, { updatedAt })
  if (first.targets) queryClient.setQueryData(targetsQuery.queryKey, first.targets, { updatedAt })
  if (first.status) queryClient.setQueryData(statusQuery.queryKey, first.status, { updatedAt })
}

const unfinished = new Set<RequestView['state']>([
  'queued',
  'solving',
  'awaiting-approval',
  'downloading',
  'building',
  'proving',
  'publishing',
])

export function isUnfinished(state: RequestView['state']): boolean {
  return unfinished.has(state)
}

/** Changes requests wherever the page shows them. */
export function patchRequests(which: (request: RequestView) => boolean, patch: Partial<RequestView>): void {
  queryClient.setQueriesData<AnswerOf<'listRequests'>>({ queryKey: ['listRequests'] }, (list) =>
    list?.requests.some(which)
      ? { ...list, requests: list.requests.map((request) => (which(request) ? { ...request, ...patch } : request)) }
      : list,
  )
  queryClient.setQueriesData<RequestDetail>({ queryKey: ['getRequest'] }, (detail) =>
    detail && which(detail) ? { ...detail, ...patch } : detail,
  )
}

/** What the server has answered about one request. */
export function putRequest(view: RequestView): void {
  patchRequests(({ id }) => id === view.id, view)
  void queryClient.invalidateQueries({ queryKey: ['getRequest', view.id] })
}

/** New requests stand on the board at once. */
export function addRequests(requests: readonly RequestView[]): void {
  queryClient.setQueryData(requestsQuery({}).queryKey, (list) => {
    if (!list) return list
    const known = new Set(list.requests.map(({ id }) => id))
    return { ...list, requests: [...requests.filter(({ id }) => !known.has(id)).toReversed(), ...list.requests] }
  })
  void queryClient.invalidateQueries({ queryKey: ['listRequests'] })
}
