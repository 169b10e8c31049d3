/** What must be written so that pods see what the state says: the pool, then the indexes, InRelease last. */
import type { AptState } from '../../storage/apt.ts'
import { poolPath, type TreePath } from '../../storage/layout.ts'
import type { Artifact } from '../../storage/records.ts'
import type { Listings, Publication, TreeFile } from '../ecosystem.ts'
import { byHashPath } from './indices.ts'
import { renderRepository } from './repository.ts'
import type { Signer } from './sign.ts'

type Deps = {
  readonly state: Pick<
    AptState,
    'stanzas' | 'repository' | 'begin' | 'supersededIndexes' | 'unusedFiles' | 'discardIndex' | 'discardFile'
  >
  readonly listings: Pick<Listings, 'listed'>
  readonly signer: Signer
  /** Null: no target has this lane. */
  readonly architecturesOf: (lane: string) => readonly string[] | null
  readonly now: () => Date
}

const day = 86_400_000
/** How long a client may be between reading a Release and fetching what it names. */
const indexDays = 1
/** How long a pod that has not updated may ask for a file that its index still names. */
const poolDays = 30

export function createPublication({ state, listings, signer, architecturesOf, now }: Deps) {
  async function indexes(lane: string): Promise<Publication> {
    const repository = await state.repository(lane)
    if (!repository) return begin(lane)
    const target = lane.slice('apt/'.length)
    return (await renderRepository(target, repository, await state.stanzas(lane), signer)).steps
  }

  /** A repository that nothing was asked of yet: signed and empty, so that a pod's update does not fail on it. */
  async function begin(lane: string): Promise<Publication> {
    const architectures = architecturesOf(lane)
    if (!architectures) return []
    const repository = { date: Math.floor(now().getTime() / 1000), snapshot: 0, architectures }
    const { steps, indexes: files } = await renderRepository(lane.slice('apt/'.length), repository, [], signer)
    await state.begin(
      lane,
      repository,
      files.map(({ sha256 }) => sha256),
    )
    return steps
  }

  /** By lane: what was staged last, so that it need not be made twice. */
  const prepared = new Map<string, { readonly date: number; readonly publication: Publication }>()

  return {
    indexes,

    /** What brings a lane from what it is to the repository of that date. */
    prepare(lane: string, date: number, artifacts: readonly Artifact[], steps: Publication): void {
      prepared.set(lane, { date, publication: [artifacts.map(poolFile), ...steps] })
    },

    /** After a restart everything that the lane lists, since what is there already is left alone. */
    async publication(lane: string): Promise<Publication> {
      const ready = prepared.get(lane)
      prepared.delete(lane)
      if (ready && ready.date === (await state.repository(lane))?.date) return ready.publication
      const listed = await listings.listed(lane)
      return [listed.map(({ artifact }) => poolFile(artifact)), ...(await indexes(lane))]
    },

    /** Superseded indexes and pool files after their days of grace, by `remove`. Returns how many. */
    async expire(remove: (path: TreePath) => Promise<void>): Promise<number> {
      const ago = (days: number) => new Date(now().getTime() - days * day)
      let gone = 0
      for (const index of await state.supersededIndexes(ago(indexDays))) {
        const path = byHashPath(index.lane.slice('apt/'.length), index.sha256)
        if (await state.discardIndex(index, ago(indexDays), () => remove(path))) gone++
      }
      for (const file of await state.unusedFiles(ago(poolDays)))
        if (await state.discardFile(file, ago(poolDays), () => remove(poolPath('apt', file.sha256, file.file)))) gone++
      return gone
    },
  }
}

export type Publications = ReturnType<typeof createPublication>

function poolFile(artifact: Artifact): TreeFile {
  return { path: poolPath('apt', artifact.sha256, artifact.file), artifact }
}
