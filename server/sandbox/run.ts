/** What a sandbox is given and what it gives back. */

export type SandboxLimits = {
  /** Of each process. */
  readonly cpuSeconds: number
  readonly wallSeconds: number
  /** Of all processes together, by what they have in memory; of each, by what it may map. */
  readonly memoryBytes: number
  readonly processes: number
  /** Of everything written, which lies in memory; and of one file. */
  readonly diskBytes: number
  /** Of everything made, folders and links too; open files are {@link openFiles}. */
  readonly files: number
  readonly logBytes: number
  /** Of what is brought out, together. */
  readonly outputBytes: number
}

/** A process's own. Compilers and linkers stay below a hundred. */
export const openFiles = 512

/** How many files may be brought out. */
export const outputFiles = 64

export type SandboxRun = {
  /** Inside the sandbox. */
  readonly command: readonly string[]
  /** Files or folders, read-only. Inside are /usr and its links, a small /etc, /proc, /dev, and empty: /build, /tmp. */
  readonly inputs: readonly { readonly from: string; readonly to: string }[]
  /** Absolute, inside: a folder below /build. What lies there at the end is brought out: plain files alone. */
  readonly outputFolder: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly limits: SandboxLimits
  readonly signal: AbortSignal
  /** Each line of the log as it comes, fit to be shown. */
  readonly onLine?: (line: string) => void
}

export type SandboxEnd = {
  /** `killed`: by a limit, see `limit`. */
  readonly ended: 'exit' | 'killed' | 'timeout' | 'log-too-long' | 'output-too-large'
  /** The command's; 128 + n: it died of signal n. Null: it was ended from outside. */
  readonly status: number | null
  /** Which limit ended it, where that is known. */
  readonly limit: 'cpu' | 'memory' | 'file-size' | null
  /** Text without control characters, but for line ends and tabs. */
  readonly log: string
  /** In the folder that the caller gave. Empty unless it ended by itself. */
  readonly outputs: readonly { readonly name: string; readonly path: string }[]
  /** What lay in the output folder and is no plain file with a plain name; names are fit to be shown. */
  readonly leftOut: readonly { readonly name: string; readonly why: 'name' | 'kind' | 'unreadable' }[]
}

/** Why there is no sandbox on this machine, and what to do about it. */
export type Unavailable = {
  readonly ok: false
  readonly reason: string
  readonly words: { readonly en: string; readonly zh: string }
}

export type Sandbox = {
  readonly available: { readonly ok: true } | Unavailable
  /**
   * Runs a command out of reach of everything but its inputs, and brings its outputs into the folder `into`, which is
   * there. Rejects with the signal's reason, and with `sandbox-failed` where the sandbox itself could not be set up.
   * Invariant: when it has settled, no process of it is left.
   */
  run(run: SandboxRun, into: string): Promise<SandboxEnd>
}
