/** What must be written so that pods see what the state says: the pool, then the indexes, InRelease last. */
import type { AptState } from '../../storage/apt.ts'
import { poolPath } from '../../storage/layout.ts'
import type { Artifact } from '../../storage/records.ts'
import type { Listings, Publication, TreeFile } from '../ecosystem.ts'
import { byHashPath } from './indices.ts'
import { renderRepository } from './repository.ts'
import type { Signer } from './sign.ts'

type Deps = {
  readonly state: Pick<AptState, 'stanzas' | 'repository' | 'supersededIndexes' | 'unusedFiles' | 'forget'>
  readonly listings: Pick<Listings, 'listed'>
  readonly signer: Signer
  readonly now: () => Date
}

const day = 86_400_000
/** How long a client may be between reading a Release and fetching what it names. */
const indexDays = 1
/** How long a pod that has not updated may ask for a file that its index still names. */
const poolDays = 30

export function createPublication({ state, listings, signer, now }: Deps) {
  async function indexes(lane: string): Promise<Publication> {
    const repository = await state.repository(lane)
    if (!repository) return []
    const target = lane.slice('apt/'.length)
    return (await renderRepository(target, repository, await state.stanzas(lane), signer)).steps
  }

  return {
    indexes,

    /** Everything that the lane lists, since what is there already is left alone. */
    async publication(lane: string): Promise<Publication> {
      const listed = await listings.listed(lane)
      const pool = listed.map(({ artifact }) => poolFile(artifact))
      return [pool, ...(await indexes(lane))]
    },

    /** Superseded indexes and pool files after their days of grace. */
    async expired() {
      const old = await state.supersededIndexes(new Date(now().getTime() - indexDays * day))
      const unused = await state.unusedFiles(new Date(now().getTime() - poolDays * day))
      const paths = [
        ...old.map(({ lane, sha256 }) => byHashPath(lane.slice('apt/'.length), sha256)),
        ...unused.map(({ sha256, file }) => poolPath('apt', sha256, file)),
      ]
      return { paths, forget: () => state.forget(old, unused) }
    },
  }
}

function poolFile(artifact: Artifact): TreeFile {
  return { path: poolPath('apt', artifact.sha256, artifact.file), artifact }
}
