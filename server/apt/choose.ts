/** Which roots can stand together: all of them as a rule; where not, the earlier ones. */
import type { Base } from './root.ts'
import type { Snapshot } from './snapshots.ts'
import type { AskApt, Wanted } from './solver.ts'

/** A solve of as many roots as possible. */
export type Choice = {
  readonly wanted: readonly Wanted[]
  /** In the order given. */
  readonly roots: readonly string[]
  /** Root -> why apt would not install it beside the earlier ones. */
  readonly yielded: ReadonlyMap<string, string>
}

/**
 * Asks for all at once; only when apt refuses, finds who is to blame: the first root with which those before it no
 * longer install, by halving, again and again for the rest. Costs one solve, and about log2(n) more for each that yields.
 */
export async function choose(
  ask: AskApt,
  roots: readonly string[],
  { snapshot, base, signal }: { readonly snapshot: Snapshot; readonly base: Base; readonly signal: AbortSignal },
): Promise<Choice> {
  const yielded = new Map<string, string>()
  let standing: readonly string[] = []
  let rest = roots
  for (;;) {
    const all = await ask([...standing, ...rest], snapshot, base, signal)
    if (all.wanted) return { wanted: all.wanted, roots: [...standing, ...rest], yielded }
    // Invariant: the first `good` of the rest install, the first `bad` do not, for the reason kept
    let good = 0
    let bad = rest.length
    let reason = all.explanation
    while (bad - good > 1) {
      const middle = (good + bad) >> 1
      const answer = await ask([...standing, ...rest.slice(0, middle)], snapshot, base, signal)
      if (answer.wanted) good = middle
      else [bad, reason] = [middle, answer.explanation]
    }
    yielded.set(rest[bad - 1]!, reason)
    standing = [...standing, ...rest.slice(0, good)]
    rest = rest.slice(bad)
  }
}
