/** Server-sent events: changes of state, which persist and resume, and progress, which does not. */
import type { Request as HttpRequest, Response } from 'express'
import type { Events } from '../../storage/events.ts'
import type { Event, Progress } from '../../storage/records.ts'
import type { Requests } from '../../storage/requests.ts'
import type { Queue } from '../queue.ts'

type Deps = {
  readonly events: Events
  readonly requests: Requests
  readonly queue: Queue
  /** ms between comments that keep proxies from closing a quiet stream. */
  readonly heartbeat?: number
  /** ms between two progress events of one job. */
  readonly progressInterval?: number
}

/** Missed events that are sent again; who missed more is told to start over. */
const mostMissed = 1000

/**
 * `state` {job, requests, state, at} with the event's id; `progress` {job, progress} without one; `reset` when more was
 * missed than is sent again. Last-Event-ID resumes. With `request`, only what happens to that request.
 */
export function createEventStream({ events, requests, queue, heartbeat = 15_000, progressInterval = 200 }: Deps) {
  return async function stream(req: HttpRequest, res: Response, request: number | null): Promise<void> {
    res.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    })
    if (req.method === 'HEAD') return void res.end()
    res.write('retry: 2000\n\n')
    const told = new Map<number, number>()
    let last = 0
    let waiting: Promise<void> = Promise.resolve()

    /** In order, whatever the look-up of a job's requests takes. */
    const say = (event: Event) => (waiting = waiting.then(() => write(event)).catch(() => void res.destroy()))

    async function write({ id, job, state, at }: Event): Promise<void> {
      if (id <= last || res.destroyed) return
      last = id
      const askers = (await requests.askers(job)).map((asker) => asker.id)
      if (request !== null && !askers.includes(request)) return
      res.write(`id: ${id}\nevent: state\ndata: ${JSON.stringify({ job, requests: askers, state, at })}\n\n`)
    }

    async function progress(job: number, now: Progress): Promise<void> {
      if (Date.now() - (told.get(job) ?? 0) < progressInterval || res.writableNeedDrain) return
      told.set(job, Date.now())
      if (request !== null && !(await requests.askers(job)).some(({ id }) => id === request)) return
      res.write(`event: progress\ndata: ${JSON.stringify({ job, progress: now })}\n\n`)
    }

    const missed = await missedSince(req.headers['last-event-id'])
    if (missed.length > mostMissed) res.write('event: reset\ndata: {}\n\n')
    else for (const event of missed) void say(event)
    const ends = [events.subscribe((event) => void say(event)), queue.subscribe((job, now) => void progress(job, now))]
    const beat = setInterval(() => res.write(':\n\n'), heartbeat)
    res.once('close', () => {
      clearInterval(beat)
      for (const end of ends) end()
    })
  }

  async function missedSince(header: string | string[] | undefined): Promise<Event[]> {
    const id = Number(header)
    return header !== undefined && Number.isSafeInteger(id) && id >= 0 ? events.since(id, mostMissed + 1) : []
  }
}

export type EventStream = ReturnType<typeof createEventStream>
