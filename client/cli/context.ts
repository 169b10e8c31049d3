import type { Api } from './api.ts'
import type { Words } from './texts.ts'

/** A stream as far as we write to it; `columns` is a terminal's width. */
export type Out = { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number }

/** What a command is given of the world. */
export type Io = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Out
  readonly stderr: Out
  /** The OS user's name; undefined where there is none. */
  readonly user: string | undefined
  /** A file's bytes; null: standard input's. */
  read(path: string | null): Promise<Uint8Array>
  /** A text in place of a file's, whole or not at all. */
  write(path: string, text: string): Promise<void>
  /** Calls back on SIGINT and SIGTERM instead of ending the process, until the returned function is called. */
  onSignal(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void
  /** Becomes `server/main.ts COMMAND …` on this machine. */
  becomeServer(command: 'rebuild' | 'verify' | 'backup', ...args: readonly string[]): number
  /** Takes a file of this machine to another place, whole or not at all, for its owner alone to read. */
  take(from: string, to: string): Promise<void>
  /** Milliseconds between two looks at a request, and for how long a server that was there may be away. */
  readonly every?: number
  readonly patience?: number
}

/** What every command works with. */
export type Context = {
  readonly io: Io
  readonly call: Api
  readonly words: Words
  /** The console's address for messages. */
  readonly url: string
}

/** One JSON document, as it came. */
export function printJson({ io }: Context, text: string): void {
  io.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}
