/**
 * The one interface between the spine and a package ecosystem. `pip/` and `apt/` implement it and never import each
 * other; the spine knows nothing of wheels or stanzas. A third ecosystem is a new folder and one line in `airlock.ts`.
 */
import type {
  Artifact,
  Closure,
  EcosystemName,
  Job,
  JsonObject,
  Listing,
  Progress,
  Remark,
} from '../storage/records.ts'
import type { Intent } from '../storage/jobs.ts'
import type { TreePath } from '../storage/layout.ts'
import type { TreeFile } from '../storage/tree.ts'
import type { PodDescription } from './pod-description.ts'

export type { Sandbox, SandboxEnd } from './sandbox/run.ts'
export type { TreeFile }

/** A kind of HomePod as one ecosystem sees it. The spine reads its name and lane only. */
export type Target = {
  readonly name: string
  /** What is staged, proved and published one at a time: `pip/simple`, `apt/trixie`. Also a folder of the tree. */
  readonly lane: string
  /** For people: `Python 3.11.7, x86_64-manylinux_2_36`. */
  readonly summary: string
  /** Where that came from: `python3 on PATH`, a line of the configuration. */
  readonly source: string
  /** What the target is, for the API and the page. */
  readonly facts: JsonObject
}

/** What somebody typed, understood. */
export type Parsed = {
  /** Canonical, sorted, without repetition: equal roots are equal requests. */
  readonly roots: readonly string[]
  readonly options: JsonObject
}

/**
 * Files in the order in which they may become visible: each step is durable before the next begins.
 * Invariant: a file only names files of its own or an earlier step.
 */
export type Publication = readonly (readonly TreeFile[])[]

/** An index as it would be. */
export type Stage = {
  /** The lane's generation that it was staged on. */
  readonly generation: number
  /** The closure's artifacts as they will be listed: size known, the ecosystem's facts complete. */
  readonly artifacts: readonly Artifact[]
  /** Who needs whom, read from the artifacts themselves: name -> names that need it, sorted. */
  readonly neededBy: Readonly<Record<string, readonly string[]>>
  readonly remarks: readonly Remark[]
  /** Files that the lane lists no longer, where it does not only grow. */
  readonly dropped?: readonly string[]
  /** What the ecosystem itself keeps of this publication, written in the intent's own transaction. */
  readonly record?: Intent['record']
  /** Frees what the stage holds (a gateway route, a folder). Repeatable. */
  close(): Promise<void>
}

/** What a real solve against the stage alone would install: name -> version. */
export type Proof = { readonly picked: Readonly<Record<string, string>> }

/** What an ecosystem needs of the state, given by the graph. */
export type Listings = {
  /** Everything listed in a lane, or only the given names; ordered by name, then file. */
  listed(lane: string, names?: readonly string[]): Promise<readonly Listing[]>
  /** The names listed in a lane, sorted. */
  names(lane: string): Promise<readonly string[]>
  /** Grows with every publication of the lane. */
  generation(lane: string): Promise<number>
}

export type ConvertedLock = {
  readonly text: string
  /** Addresses that are others now. */
  readonly replaced: number
  /** Names none of whose files is here, sorted: a pod cannot get them. */
  readonly missing: readonly string[]
}

/** What a root asks for. */
export type Understood = {
  readonly name: string
  /** The version that a pod would take of these; null: none of them will do. */
  pick(versions: readonly string[]): string | null
  /** The release is all that is asked for, so that whoever has it has everything. */
  readonly alone: boolean
}

/** A package's own words, written by whoever made it: never to be trusted. */
export type Description = { readonly text: string; readonly markdown: boolean }

/** A name, and where it is known from. */
export type KnownName = {
  readonly name: string
  readonly known: 'mirrored' | 'asked' | 'seen' | 'archive' | 'index'
  readonly summary: string | null
}

/** Of what a pod describes, what a target is made of. */
export type PodChoice = {
  /** The path of one of its Pythons; null: the one that the pod itself calls its default. */
  readonly python: string | null
  /** The pip index that its pods read. */
  readonly index: string
}

/** A job's request as far as a publication needs it. */
export type Asker = { readonly id: number }

export type BuildAttempt = {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export type Ecosystem = {
  readonly name: EcosystemName
  readonly targets: ReadonlyMap<string, Target>
  /** Strict grammar. Throws `requirement-invalid` or `requirement-refused` naming the item and what to write instead. */
  parse(lines: readonly string[], constraints?: readonly string[]): Parsed
  /** A file of such lines as people keep it; errors name the line. `lines` is what it asks for, one a requirement. */
  parseFile(text: string, constraints?: readonly string[]): Parsed & { readonly lines: readonly string[] }
  /** Whether a line of such a file asks for nothing, and for no more than is so anyway: an option. */
  grants?(line: string): boolean
  /** A lock as a tool of the ecosystem wrote it, told by its file's name: exactly those releases and files. */
  parseLock?(file: string, text: string): Promise<Parsed & { readonly lines: readonly string[] }>
  /** Whether the roots are one release each and all there is, as a lock's are: no later answer can be another. */
  exact?(options: JsonObject): boolean
  /** Turns the addresses in a lock from the mirror's into upstream's, and back. */
  readonly convertLock?: {
    toUpstream(text: string, mirror: { readonly url: string }): Promise<ConvertedLock>
    toAirlock(text: string, mirror: { readonly url: string; readonly index: string }): Promise<ConvertedLock>
  }
  /** One canonical root taken apart, for those who are about to ask for it. */
  understand?(root: string): Understood
  /** Names that lie here in lists of the ecosystem's own. Never asks upstream. */
  known?(): Promise<readonly KnownName[]>
  /** Names within a slip or two of one that is not among the known ones, best first. */
  near?(name: string, known: Iterable<string>): readonly string[]
  /** Whether a pod of this target would take an artifact, dependencies aside. */
  fits?(artifact: Artifact, target: Target): boolean
  /** What an artifact that is here says of itself at length; null: nothing. */
  describe?(artifact: Artifact): Promise<Description | null>
  /** The command that installs this in a pod: `pip install 'numpy<2'`; empty without roots. */
  installLine(roots: readonly string[], target: Target): string
  /** Asks the ecosystem's own solver. Repeatable; touches nothing but caches. */
  solve(job: Job, target: Target, signal: AbortSignal): Promise<Closure>
  /** What of an answer is source that has to be built first, and how. With it built the answer may be another. */
  readonly builds?: {
    of(closure: Closure): readonly Artifact[]
    /** Each once, however many jobs want it. What cannot be built is remembered for the job's next solve, which does without or fails. */
    run(job: Job, target: Target, sources: readonly Artifact[], attempt: BuildAttempt): Promise<void>
  }
  /**
   * Alone in the lane, before the stage: a newer answer where `closure` holds no longer, because the lane has moved
   * since or upstream `lacks` a file of it; null where it holds. What it adds is fetched before the stage.
   */
  renew?(job: Job, target: Target, lacks: boolean, signal: AbortSignal): Promise<Closure | null>
  /** Checks the downloaded artifacts and lays out the lane's indexes as they would be. Visible to nobody. */
  stage(job: Job, target: Target, closure: Closure, signal: AbortSignal): Promise<Stage>
  /** A solve as the pod would do it, against the stage alone. Throws `proof-failed`. */
  prove(job: Job, target: Target, stage: Stage, signal: AbortSignal): Promise<Proof>
  /** What must be written so that a recorded job is visible: a pure function of the state, repeatable after a crash. */
  publication(job: Job, target: Target, closure: Closure, askers: readonly Asker[]): Promise<Publication>
  /** What one request's own folder holds: exactly what was solved, in the forms that clients install from. */
  requestFiles(job: Job, closure: Closure, asker: Asker): readonly TreeFile[]
  /** A lane's indexes again, for `rebuild`: pieces of bounded size, byte-identical to what was published. */
  indexes(lane: string): AsyncIterable<Publication>
  /** What has become of a ready job's roots since: to be said beside its remarks. */
  notices?(job: Job): Promise<readonly Remark[]>
  /**
   * Uses what a ready job has made visible, here, as a pod would: what is to be known of it. It informs, so nothing waits
   * for it and it may say nothing.
   */
  tryOut?(job: Job, target: Target, closure: Closure, signal: AbortSignal): Promise<readonly Remark[]>
  /** For what a lane holds what it holds, where a withdrawal can end that. */
  roots?(target: Target): Promise<ReadonlySet<string>>
  /** What takes roots back from a lane, as a request's content. Throws where nobody asked for them. */
  withdrawal?(roots: readonly string[], target: Target): Promise<Parsed>
  /**
   * A target as a pod describes itself; null: it says nothing of this ecosystem. Throws `pod-description-invalid`,
   * `pod-python-unknown`, `pod-source-refused`.
   */
  fromPod?(name: string, pod: PodDescription, choice: PodChoice): Target | null
  /** Takes such a target in while the server runs. Repeatable. */
  admit?(target: Target): Promise<void>
  /** Lets it go again; what it has published stays. */
  dismiss?(name: string): Promise<void>
  /** Lets go of files of the tree that no pod can need any more, by `remove`, one by one. Returns how many. */
  expire?(remove: (path: TreePath) => Promise<void>): Promise<number>
}

/** A page as upstream sent it, or as it was last seen. */
export type Page = {
  /** Where it came from in the end, without credentials: what its relative links start from. */
  readonly url: string
  readonly contentType: string
  readonly body: Buffer
  readonly fetchedAt: string
  /** Of the body. */
  readonly sha256: string
}

/** Bytes as they come, to be read to their end or destroyed. */
export type Body = AsyncIterable<Buffer> & { destroy(): void }

/** The outside as an ecosystem is given it; `upstream/` is behind it and decides who may be asked. */
export type Outside = {
  /** A whole page from the cache or from upstream; null: there is none. `maxAge` in seconds, 0 asks upstream now; `stale`: as last seen where upstream fails. */
  page(
    url: string,
    options: {
      readonly accept: string
      readonly maxBytes: number
      readonly maxAge?: number
      readonly stale?: boolean
      /** As it is sent, whatever encoding it is said to have. */
      readonly verbatim?: boolean
      readonly signal: AbortSignal
    },
  ): Promise<Page | null>
  /** A file's bytes or a part of them, as they come. */
  open(ask: {
    readonly url: string
    readonly method: 'GET' | 'HEAD'
    readonly range?: string
    readonly maxBytes: number
    readonly signal: AbortSignal
    /** `linked`: the address is a link that an allowed index gave. */
    readonly trust: 'configured' | 'linked'
  }): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Body }>
}

/** Where an artifact lies whole, absolute: in `.incoming/` or in the pool; null: nowhere. */
export type PathOf = (artifact: Pick<Artifact, 'ecosystem' | 'sha256' | 'file'>) => string | null
