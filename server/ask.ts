/** From what somebody typed to a request on the queue: understood, placed, answered again where the answer still holds. */
import type { Request } from '../storage/records.ts'
import type { Again, Requests } from '../storage/requests.ts'
import type { Ecosystem, Parsed } from './ecosystem.ts'
import { AirlockError } from './errors.ts'
import { kindOf } from './kind.ts'
import type { Queue } from './queue.ts'
import type { Reuse } from './reuse.ts'

export type Wanted = {
  readonly ecosystem: string
  readonly targets: readonly string[]
  readonly requester: string | null
  readonly note: string | null
  /** Of the exchange that asks. */
  readonly reqId: string | null
  readonly confirm: boolean
  readonly refresh: boolean
}

/** What was typed, line by line, and what it means. */
export type Understood = Parsed & { readonly lines: readonly string[] }

type Deps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly requests: Requests
  readonly queue: Queue
  readonly reuse: Reuse
  /** Unfinished requests that the queue takes. */
  readonly unfinished: number
}

export function createAsk({ ecosystems, requests, queue, reuse, unfinished }: Deps) {
  /** Throws what `understand` throws, `ecosystem-unknown`, `target-unknown` or `queue-full`; then nothing is recorded. */
  return async function ask(
    wanted: Wanted,
    understand: (ecosystem: Ecosystem) => Understood | Promise<Understood>,
  ): Promise<Request[]> {
    const ecosystem = ecosystems.get(wanted.ecosystem)
    if (!ecosystem) {
      throw new AirlockError('ecosystem-unknown', { ecosystem: wanted.ecosystem, known: [...ecosystems.keys()] })
    }
    const targets = [...new Set(wanted.targets)]
    const strange = targets.find((target) => !ecosystem.targets.has(target))
    if (strange !== undefined) {
      const known = [...ecosystem.targets.keys()]
      throw new AirlockError('target-unknown', { target: strange, ecosystem: ecosystem.name, known })
    }
    const parsed = await understand(ecosystem)
    if ((await requests.countUnfinished()) + targets.length > unfinished) {
      throw new AirlockError('queue-full', { limit: unfinished })
    }
    const added = await requests.add({
      ecosystem: ecosystem.name,
      targets,
      asked: parsed.lines,
      roots: parsed.roots,
      options: parsed.options,
      requester: wanted.requester,
      note: wanted.note,
      reqId: wanted.reqId,
      confirmed: wanted.confirm,
      refresh: wanted.refresh,
      kinds: new Map(targets.map((target) => [target, kindOf(ecosystem.targets.get(target)!)])),
      reuse: wanted.refresh ? new Map() : await earlierAnswers(ecosystem, targets, parsed),
    })
    for (const { job } of added) queue.submit(job)
    return added
  }

  async function earlierAnswers(ecosystem: Ecosystem, targets: readonly string[], parsed: Parsed) {
    const answers = new Map<string, number>()
    for (const target of targets) {
      const job = await reuse(ecosystem, target, parsed)
      if (job !== null) answers.set(target, job)
    }
    return answers
  }
}

export type Ask = ReturnType<typeof createAsk>

/** The same request again: on a job of its own, or one that runs already. */
export function createRetry({ ecosystems, requests, queue }: Pick<Deps, 'ecosystems' | 'requests' | 'queue'>) {
  return async function retry(request: Request, by: Omit<Again, 'kind'>): Promise<Request> {
    const target = ecosystems.get(request.ecosystem)?.targets.get(request.target)
    const again = await requests.retry(request, { ...by, kind: target && kindOf(target) })
    queue.submit(again.job)
    return again
  }
}

export type Retry = ReturnType<typeof createRetry>
