/** Jobs that wait for a lane with everything fetched: the one that is in it takes them along. */
import type { Closure, Job } from '../../storage/records.ts'
import type { PathOf } from '../ecosystem.ts'

/** A job whose roots may join another one's solve. */
export type Guest = { readonly job: number; readonly roots: readonly string[] }

/** What is asked of the state: unfinished jobs, oldest first, and what they were solved to. */
export type Waiting = {
  unfinished(): Promise<readonly Job[]>
  closure(job: Job): Promise<Pick<Closure, 'items'> | null>
}

/** Those that wait for the same lane as `job` and lack no file, oldest first. */
export async function findGuests(
  job: Job,
  { waiting, pathOf }: { readonly waiting: Waiting; readonly pathOf: PathOf },
): Promise<Guest[]> {
  const guests: Guest[] = []
  for (const other of await waiting.unfinished()) {
    const { id, ecosystem, target, state, roots, options } = other
    if (id === job.id || ecosystem !== job.ecosystem || target !== job.target || state !== 'downloading') continue
    if (roots.length === 0 || Object.keys(options).length > 0) continue
    const closure = await waiting.closure(other)
    if (closure?.items.every(({ artifact }) => pathOf(artifact) !== null)) guests.push({ job: id, roots })
  }
  return guests
}
