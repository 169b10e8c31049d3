/** Reads a short text piece by piece, for grammars too small for a parser generator. */
import type { Phrase } from '../errors.ts'

/** A text that does not fit a grammar: why, for the person who wrote it. */
export class GrammarError extends Error {
  readonly reason: Phrase

  constructor(reason: Phrase) {
    super(reason.en)
    this.name = 'GrammarError'
    this.reason = reason
  }
}

export type Scanner = {
  /** The match of a sticky pattern right here, blanks before it skipped; null: not here, and nothing is consumed. */
  take(pattern: RegExp): RegExpExecArray | null
  /** Whether only blanks are left. */
  isDone(): boolean
  /** What is left, without the blanks around it. */
  rest(): string
}

/** Patterns given to `take` must be sticky (`y`); they are matched after blanks and tabs. */
export function createScanner(text: string): Scanner {
  let at = 0
  const skip = () => {
    while (text[at] === ' ' || text[at] === '\t') at++
  }
  return {
    take(pattern) {
      skip()
      pattern.lastIndex = at
      const match = pattern.exec(text)
      if (match) at += match[0].length
      return match
    },
    isDone() {
      skip()
      return at === text.length
    },
    rest() {
      return text.slice(at).trim()
    },
  }
}
