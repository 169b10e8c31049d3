/** How long jobs take, told by their changes of state. */
import type { Events } from '../../storage/events.ts'
import { finishedStates, type Event, type Job, type State } from '../../storage/records.ts'
import type { Meters } from './meters.ts'

type Deps = {
  readonly meters: Pick<Meters, 'stateTook' | 'jobTook' | 'readyAfter'>
  readonly events: Pick<Events, 'subscribe'>
  readonly jobs: { get(id: number): Promise<Job | null> }
  readonly requests: { ofJob(job: number): Promise<readonly { readonly createdAt: string }[]> }
  readonly onError: (error: unknown) => void
}

/** Watches until the returned function is called. What was under way before is measured from its next change on. */
export function watchDurations({ meters, events, jobs, requests, onError }: Deps): () => void {
  const under = new Map<number, { readonly begun: number; readonly state: State; readonly at: number }>()

  async function note({ job: id, state, at }: Event): Promise<void> {
    const now = Date.parse(at)
    const before = under.get(id)
    const isOver = (finishedStates as readonly State[]).includes(state)
    // before anything is awaited, so that the next change finds it
    if (isOver) under.delete(id)
    else under.set(id, { begun: before?.begun ?? now, state, at: now })
    if (!before) return
    const job = await jobs.get(id)
    if (!job) return
    const { ecosystem } = job
    meters.stateTook.observe({ ecosystem, state: before.state }, (now - before.at) / 1000)
    if (!isOver) return
    meters.jobTook.observe({ ecosystem, outcome: state }, (now - before.begun) / 1000)
    if (state !== 'ready') return
    for (const { createdAt } of await requests.ofJob(id))
      meters.readyAfter.observe({ ecosystem }, (now - Date.parse(createdAt)) / 1000)
  }

  return events.subscribe((event) => void note(event).catch(onError))
}
