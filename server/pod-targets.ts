/**
 * Targets that are added while the server runs, each as a pod described itself. What the configuration names (and
 * `default`, this machine) wins by name: such an added one is set aside and said to be.
 */
import type { Jobs } from '../storage/jobs.ts'
import type { Listings } from '../storage/listings.ts'
import type { Problem } from '../storage/records.ts'
import type { AddedTarget, Targets } from '../storage/targets.ts'
import type { Tree } from '../storage/tree.ts'
import type { Ecosystem, Publication, Target } from './ecosystem.ts'
import { AirlockError, problemOf } from './errors.ts'
import type { Lanes } from './lanes.ts'
import type { Log } from './log.ts'
import { readPodDescription } from './pod-description.ts'
import { sourceWords } from './source-words.ts'

export type NewTarget = Omit<AddedTarget, 'addedAt'>

type Deps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly targets: Targets
  readonly jobs: Pick<Jobs, 'unfinished'>
  readonly listings: Pick<Listings, 'generation'>
  readonly lanes: Lanes
  readonly tree: Tree
  /** Files of the tree that name the targets. */
  readonly standing: () => Publication
  readonly stopping: AbortSignal
  readonly log: Log
}

/** Each has its own lists and folder. */
const most = 256

type Own = { readonly ecosystem: Ecosystem; readonly target: Target }
type Kept = {
  readonly row: AddedTarget
  readonly own: readonly Own[]
  /** Why it is not offered. */
  readonly problem: Problem | null
}

export function createPodTargets({ ecosystems, targets, jobs, listings, lanes, tree, standing, stopping, log }: Deps) {
  const kept = new Map<string, Kept>()
  let turn: Promise<unknown> = Promise.resolve()

  /** One change after the other. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }

  /** What a description means here. Throws what is wrong with it. */
  function understand({ name, description, python, index, ecosystems: wanted }: NewTarget): Own[] {
    const pod = readPodDescription(description)
    const own = [...ecosystems.values()].flatMap((ecosystem) => {
      const target = wanted.includes(ecosystem.name) ? ecosystem.fromPod?.(name, pod, { python, index }) : null
      return target ? [{ ecosystem, target }] : []
    })
    if (own.length === 0) throw new AirlockError('pod-empty')
    return own
  }

  function refuseTaken(name: string): void {
    for (const ecosystem of ecosystems.values()) {
      const source = kept.has(name) ? kept.get(name)!.own[0]?.target.source : ecosystem.targets.get(name)?.source
      if (source !== undefined || kept.has(name))
        throw new AirlockError('target-taken', { target: name, source: sourceWords(source ?? 'a pod’s description') })
    }
  }

  /** All of its ecosystems or none. */
  async function admit(own: readonly Own[]): Promise<void> {
    try {
      for (const { ecosystem, target } of own) await ecosystem.admit?.(target)
    } catch (error) {
      await dismiss(own)
      throw error
    }
  }

  async function dismiss(own: readonly Own[]): Promise<void> {
    for (const { ecosystem, target } of own) await ecosystem.dismiss?.(target.name)
  }

  /** An index that nothing was asked of yet is there, and empty. */
  async function begin({ ecosystem, target: { lane } }: Own): Promise<void> {
    await lanes.enter(lane, stopping, async () => {
      if ((await listings.generation(lane)) > 0) return
      for await (const publication of ecosystem.indexes(lane)) await tree.publish(publication)
    })
  }

  function find(name: string): Kept {
    const found = kept.get(name)
    if (found) return found
    throw new AirlockError('target-not-added', { target: name, known: [...kept.keys()] })
  }

  return {
    /** Before anything runs. One that cannot be taken in any more is kept, with why, and offered to nobody. */
    async restore(): Promise<void> {
      for (const row of await targets.all()) {
        try {
          refuseTaken(row.name)
          const own = understand(row)
          await admit(own)
          kept.set(row.name, { row, own, problem: null })
        } catch (error) {
          const problem = problemOf(error)
          log.warn({ target: row.name, problem }, 'an added target is set aside')
          kept.set(row.name, { row, own: [], problem })
        }
      }
    },

    /** Offered from now on, without a restart. Throws `target-taken` and what is wrong with the description; then nothing is kept. */
    add(wanted: NewTarget): Promise<readonly Own[]> {
      return alone(async () => {
        refuseTaken(wanted.name)
        if (kept.size >= most) throw new AirlockError('targets-full', { limit: most })
        const own = understand(wanted)
        await admit(own)
        try {
          for (const one of own) await begin(one)
          kept.set(wanted.name, { row: await targets.add(wanted), own, problem: null })
          await tree.publish(standing())
        } catch (error) {
          await dismiss(own)
          if (kept.delete(wanted.name)) await targets.remove(wanted.name)
          throw error
        }
        return own
      })
    },

    /** What it has published stays. Throws `target-not-added`, `target-in-use`. */
    remove(name: string): Promise<void> {
      return alone(async () => {
        const { own, problem } = find(name)
        const busy = (await jobs.unfinished()).filter(({ target }) => target === name)
        if (busy.length > 0 && problem === null)
          throw new AirlockError('target-in-use', { target: name, requests: busy.length })
        await targets.remove(name)
        await dismiss(own)
        kept.delete(name)
        await tree.publish(standing())
      })
    },

    /** Throws `target-not-added`. */
    get: find,

    /** When a target was added; null: the configuration names it. */
    addedAt: (name: string): string | null => {
      const found = kept.get(name)
      return found && found.problem === null ? found.row.addedAt : null
    },

    /** Those that are kept and not offered, by name. */
    setAside: (): readonly { readonly name: string; readonly problem: Problem }[] =>
      [...kept.values()].flatMap(({ row, problem }) => (problem ? [{ name: row.name, problem }] : [])),
  }
}

export type PodTargets = ReturnType<typeof createPodTargets>
