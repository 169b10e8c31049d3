/**
 * One stream of events a tab, closed while nobody looks: a browser has six connections a host. Where there is none, the
 * page asks every few seconds instead. What it is now is a store that components read.
 */
import { useSyncExternalStore } from 'react'
import { Unreachable } from './api.ts'
import { isUnfinished, patchRequests, queryClient, type Progress, type RequestView } from './queries.ts'

export type Line = 'connecting' | 'live' | 'polling' | 'offline' | 'hidden'

type StateEvent = {
  readonly requests: readonly number[]
  readonly job: number
  readonly state: RequestView['state']
  readonly at: string
}
type ProgressEvent = { readonly job: number; readonly progress: Progress }

/** Between two looks without a stream, while something is under way and while nothing is; between two tries for a stream. */
const busy = 1500
const calm = 8000
const again = 20_000
/** Events come in bursts: lists are read again at most this often. */
const settle = 400

let line: Line = 'connecting'
/** When Airlock last answered. */
let heardAt = Date.now()
const watchers = new Set<() => void>()

function become(next: Line): void {
  if (next !== 'offline' && next !== 'connecting') heardAt = Date.now()
  if (line === next) return
  line = next
  for (const watcher of watchers) watcher()
}

export function useLine(): { readonly line: Line; readonly heardAt: number } {
  const now = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    () => line,
  )
  return { line: now, heardAt }
}

/** Starts it; what is returned ends it. */
export function connect(): () => void {
  let source: EventSource | null = null
  let timer: number | undefined
  let settling: number | undefined
  const stale = new Set<number>()

  function refresh(requests: readonly number[]): void {
    for (const id of requests) stale.add(id)
    settling ??= window.setTimeout(() => {
      settling = undefined
      for (const id of stale) void queryClient.invalidateQueries({ queryKey: ['getRequest', id] })
      stale.clear()
      void queryClient.invalidateQueries({ queryKey: ['listRequests'] })
      void queryClient.invalidateQueries({ queryKey: ['status'] })
    }, settle)
  }

  function open(): void {
    close()
    if (document.hidden) return
    source = new EventSource('/api/events')
    source.addEventListener('open', () => {
      // what happened between two streams is read, not guessed
      if (line !== 'connecting' || performance.now() > 10_000) void queryClient.invalidateQueries()
      become('live')
    })
    source.addEventListener('state', ({ data }: MessageEvent<string>) => {
      const { requests, job, state } = JSON.parse(data) as StateEvent
      for (const id of requests) patchRequests((request) => request.id === id, { state, job })
      refresh(requests)
    })
    source.addEventListener('progress', ({ data }: MessageEvent<string>) => {
      const { job, progress } = JSON.parse(data) as ProgressEvent
      patchRequests((request) => request.job === job, { progress })
    })
    // more was missed than is told again
    source.addEventListener('reset', () => void queryClient.invalidateQueries())
    source.addEventListener('error', () => {
      // closed for good: there is no such stream, or nobody answers; else the browser tries again by itself
      if (source?.readyState === EventSource.CLOSED) {
        close()
        void poll(Date.now() + again)
      } else become('offline')
    })
  }

  function close(): void {
    source?.close()
    source = null
    window.clearTimeout(timer)
  }

  /** Looks for itself until it is time to try for a stream again. */
  async function poll(until: number): Promise<void> {
    if (document.hidden || source) return
    if (Date.now() > until) return open()
    const failed = await queryClient
      .refetchQueries({ type: 'active' }, { throwOnError: true })
      .then(() => false)
      .catch((error: unknown) => error instanceof Unreachable)
    become(failed ? 'offline' : 'polling')
    timer = window.setTimeout(() => void poll(until), !failed && anyUnfinished() ? busy : calm / (failed ? 4 : 1))
  }

  function onVisibility(): void {
    if (document.hidden) {
      close()
      become('hidden')
    } else {
      void queryClient.invalidateQueries()
      open()
    }
  }

  document.addEventListener('visibilitychange', onVisibility)
  open()
  return () => {
    document.removeEventListener('visibilitychange', onVisibility)
    close()
    window.clearTimeout(settling)
  }
}

function anyUnfinished(): boolean {
  return queryClient
    .getQueriesData<{ readonly requests?: readonly RequestView[] } & Partial<RequestView>>({ type: 'active' })
    .some(
      ([, shown]) =>
        shown?.requests?.some(({ state }) => isUnfinished(state)) ??
        (shown?.state !== undefined && isUnfinished(shown.state)),
    )
}
