/** apt's own tables, as `migrations/002-apt.ts` makes them. */
import type { Generated } from 'kysely'

export type AptTables = {
  /** What people asked of a lane, in the order in which it counts. */
  apt_roots: {
    id: Generated<number>
    lane: string
    root: string
    job_id: number
    added_at: string
    /** A remark: why it is not part of the repository's solve; null: it is. */
    held: string | null
    held_at: string | null
    held_snapshot: number | null
  }
  /** What a lane's repository is now, beside its stanzas. */
  apt_repositories: { lane: string; date: number; snapshot: number; architectures: string }
  /** The packages of a lane's repository now, as upstream's archive described them. */
  apt_stanzas: {
    lane: string
    file: string
    name: string
    architecture: string
    version: string
    sha256: string
    size: number
    stanza: string
  }
  /** Every version that a lane ever had: its bytes never change. */
  apt_versions: { lane: string; name: string; architecture: string; version: string; sha256: string; since: string }
  /** Index files of a lane by digest; null: of the repository as it is now. */
  apt_by_hash: { lane: string; sha256: string; superseded_at: string | null }
  /** Pool files that no lane has. */
  apt_unused: { sha256: string; file: string; since: string }
}
