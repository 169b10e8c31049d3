/** What was built here, as `migrations/005-builds.ts` makes it. */
import type { Generated } from 'kysely'

export type BuildTables = {
  builds: {
    id: Generated<number>
    ecosystem: string
    name: string
    version: string
    job_id: number
    target: string
    source_sha256: string
    /** Artifacts: the source first, then what the build required. */
    materials: string
    builder: string
    /** The result's; null: there is none. */
    file: string | null
    sha256: string | null
    size: number | null
    problem: string | null
    log: string
    began_at: string
    ended_at: string
  }
}
