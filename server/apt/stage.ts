/** A repository as it would be, down to its signature, in a folder that nobody but the proof reads. */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AptChange, AptStanza, AptState } from '../../storage/apt.ts'
import type { Artifact, Closure, Job } from '../../storage/records.ts'
import type { PathOf, Publication, Stage } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { Debs } from './deb.ts'
import { toArtifact, type Package } from './packages.ts'
import type { Publications } from './publication.ts'
import { renderRepository } from './repository.ts'
import type { Signer } from './sign.ts'
import type { Solution, Wish } from './solution.ts'
import type { AptTarget } from './target.ts'

export type AptStage = Stage & {
  readonly solution: Solution
  /** Of this stage alone. */
  readonly folder: string
}

type Deps = {
  readonly state: Pick<AptState, 'stanzas' | 'repository' | 'refuseChanged' | 'change'>
  readonly signer: Signer
  readonly debs: Pick<Debs, 'check'>
  readonly prepare: Publications['prepare']
  readonly pathOf: PathOf
  readonly now: () => Date
  readonly work: string
}

/** Seconds that Release's Date may be ahead of the clock; apt refuses 10. */
const mostAhead = 5
/** .debs looked into at once. */
const parallel = 4

export function createStage({ state, signer, debs, prepare, pathOf, now, work }: Deps) {
  /**
   * Throws `artifact-invalid`, `digest-changed`, or `clock-behind`, which passes by itself: Date must grow with every
   * publication and must not be in the future.
   */
  return async function stage(
    job: Job,
    target: AptTarget,
    closure: Closure,
    { solution, wish, signal }: { readonly solution: Solution; readonly wish: Wish; readonly signal: AbortSignal },
  ): Promise<AptStage> {
    const published = await state.stanzas(target.lane)
    const here = new Map(published.map((stanza) => [stanza.file, stanza.sha256]))
    const added = solution.packages.filter(({ file, sha256 }) => here.get(file) !== sha256)
    const files = new Map(solution.packages.map(({ file, sha256 }) => [file, sha256]))
    const dropped = published.filter(({ file, sha256 }) => files.get(file) !== sha256).map(({ file }) => file)
    await state.refuseChanged(target.lane, added)
    await checkAll(added, signal)

    const repository = {
      date: nextDate((await state.repository(target.lane))?.date ?? 0, target),
      snapshot: solution.snapshot,
      architectures: target.architectures,
    }
    const { steps, indexes } = await renderRepository(target.name, repository, inOrder(solution.packages), signer)
    const folder = join(work, `apt-${job.id}`)
    const close = () => rm(folder, { recursive: true, force: true })
    await close()
    await layOut(join(folder, 'tree'), steps)

    const change: AptChange = {
      repository,
      added: added.map(toStanza),
      dropped,
      roots: [{ job: job.id, roots: wish.roots }, ...solution.guests].flatMap((one) =>
        one.roots.map((root) => ({ root, job: one.job })),
      ),
      held: solution.held,
      released: solution.released,
      withdrawn: wish.withdrawn,
      indexes: indexes.map(({ sha256 }) => sha256),
    }
    const artifacts = unique([...added.map(toArtifact), ...closure.items.map(({ artifact }) => artifact)])
    prepare(target.lane, repository.date, artifacts, steps)
    return {
      generation: solution.generation,
      artifacts,
      neededBy: Object.fromEntries(closure.items.map(({ artifact, neededBy }) => [artifact.name, neededBy])),
      remarks: solution.remarks,
      dropped,
      record: (write) => state.change(write, target.lane, change),
      close,
      solution,
      folder,
    }
  }

  async function checkAll(packages: readonly Package[], signal: AbortSignal): Promise<void> {
    const left = packages.values()
    const worker = async () => {
      for (const one of left) {
        signal.throwIfAborted()
        await check(one, signal)
      }
    }
    await Promise.all(Array.from({ length: parallel }, worker))
  }

  /** Where it lies; and where it lies then, if another lane publishes it in between. */
  async function check(deb: Package, signal: AbortSignal): Promise<void> {
    const { sha256, file, stanza } = deb
    const place = () => pathOf({ ecosystem: 'apt', sha256, file })
    const path = place()
    if (path === null) throw new Error(`${file} was not fetched`)
    try {
      await debs.check(path, file, stanza, signal)
    } catch (error) {
      if (place() === path) throw error
      await check(deb, signal)
    }
  }

  function nextDate(last: number, { name }: AptTarget): number {
    const clock = Math.floor(now().getTime() / 1000)
    const date = Math.max(clock, last + 1)
    if (date - clock > mostAhead) throw new AirlockError('clock-behind', { target: name, seconds: date - clock })
    return date
  }
}

/** The order of the index, as the state gives it too: by name, architecture and file, all of them ASCII. */
function inOrder(packages: readonly Package[]): Package[] {
  return packages.toSorted(
    (a, b) => order(a.name, b.name) || order(a.architecture, b.architecture) || order(a.file, b.file),
  )
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function toStanza({ file, name, architecture, version, sha256, size, stanza }: Package): AptStanza {
  return { file, name, architecture, version, sha256, size, stanza }
}

async function layOut(root: string, steps: Publication): Promise<void> {
  for (const file of steps.flat()) {
    if (!('bytes' in file)) continue
    const path = join(root, file.path)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, file.bytes)
  }
}

function unique(artifacts: readonly Artifact[]): Artifact[] {
  return [...new Map(artifacts.map((artifact) => [artifact.sha256, artifact])).values()]
}

export type StageRepository = ReturnType<typeof createStage>
