/** What Airlock remembers, as plain readonly types. Instants are ISO 8601 in UTC with milliseconds; sizes are bytes. */

/** `pip`, `apt`: the name of an ecosystem's folder in `server/` and in the tree. */
export type EcosystemName = string

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

/** A file that can be installed: where it comes from and what it must be, byte for byte. */
export type Artifact = {
  readonly ecosystem: EcosystemName
  /** The canonical project or package name. */
  readonly name: string
  readonly version: string
  readonly file: string
  readonly sha256: string
  /** Null where upstream does not say; known once downloaded. */
  readonly size: number | null
  /** The configured upstream's name. */
  readonly origin: string
  /** Where it is fetched, without credentials. */
  readonly url: string
  /** When upstream says it was uploaded. */
  readonly uploadedAt: string | null
  /** What its ecosystem needs to list it (requires-python, a stanza, …); the spine never looks inside. */
  readonly facts: JsonObject
}

export type ClosureItem = {
  readonly artifact: Artifact
  /** Somebody asked for it by name. */
  readonly isRoot: boolean
  /** Names within the closure that need it, sorted. */
  readonly neededBy: readonly string[]
}

/** Everything that one request needs: the solver's answer, pinned. */
export type Closure = {
  readonly items: readonly ClosureItem[]
  /** What a user should know of this answer and would otherwise find out in the pod. */
  readonly remarks: readonly Remark[]
}

/** A code with fields, worded by the server's list of codes. */
export type Remark = { readonly code: string; readonly fields: JsonObject }

/** Why something failed, as kept with a job. */
export type Problem = {
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly fields: JsonObject
}

export const unfinishedStates = [
  'queued',
  'solving',
  'awaiting-approval',
  'downloading',
  'building',
  'proving',
  'publishing',
] as const
export const finishedStates = ['ready', 'failed', 'rejected', 'cancelled'] as const
export const states = [...unfinishedStates, ...finishedStates] as const
export type State = (typeof states)[number]

/** One attempt at fulfilling what one or more identical requests asked. */
export type Job = {
  readonly id: number
  readonly ecosystem: EcosystemName
  readonly target: string
  /** What was asked, in canonical form, sorted: identical roots share a job. */
  readonly roots: readonly string[]
  /** What changes the answer beside the roots (constraints, hashes, …), in the ecosystem's own form. */
  readonly options: JsonObject
  /** Somebody said that a large closure may be fetched. */
  readonly confirmed: boolean
  /** Upstream is asked anew, however new what is known of it. */
  readonly refresh: boolean
  readonly state: State
  readonly createdAt: string
  readonly startedAt: string | null
  readonly finishedAt: string | null
  readonly problem: Problem | null
  /** What the proof picked, by name; null before it. */
  readonly proved: Readonly<Record<string, string>> | null
  readonly remarks: readonly Remark[]
}

/** What somebody asked for one target. Its state is its latest job's. */
export type Request = {
  readonly id: number
  /** Shared by the requests of one POST. */
  readonly batch: string
  readonly ecosystem: EcosystemName
  readonly target: string
  /** As typed. */
  readonly asked: readonly string[]
  readonly requester: string | null
  readonly note: string | null
  /** Of the HTTP exchange that asked for the latest attempt, as the log has it; null: asked before there were any. */
  readonly reqId: string | null
  readonly createdAt: string
  /** The latest attempt. */
  readonly job: Job
}

/** A change of state; ids grow. */
export type Event = {
  readonly id: number
  readonly job: number
  readonly at: string
  readonly state: State
}

/** An artifact listed in one index. */
export type Listing = {
  readonly lane: string
  readonly artifact: Artifact
  readonly addedAt: string
}

/** How far a job's files are. Rates are of the last few seconds. */
export type Progress = {
  readonly files: number
  readonly filesTotal: number
  readonly bytes: number
  /** Null while a size is unknown. */
  readonly bytesTotal: number | null
  readonly bytesPerSecond: number
  /** What is being done, where that is not fetching: a build's release. */
  readonly doing?: string | null
}

/** One attempt at making an installable file from its source, here. */
export type Build = {
  readonly id: number
  readonly ecosystem: EcosystemName
  readonly name: string
  readonly version: string
  /** The job that it was for. */
  readonly job: number
  readonly target: string
  /** What went in: the source first, then what building it required. Invariant: each has a size. */
  readonly materials: readonly Artifact[]
  /** Interpreter, platform and recipe, by the ecosystem's own names. */
  readonly builder: JsonObject
  /** Null: it failed. */
  readonly made: { readonly file: string; readonly sha256: string; readonly size: number } | null
  readonly problem: Problem | null
  readonly beganAt: string
  readonly endedAt: string
}

export type NewBuild = Omit<Build, 'id'> & {
  /** What was said while it ran, fit to be shown. */
  readonly log: string
}
