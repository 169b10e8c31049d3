/** What may be built here, and why not where it may not. */
import type { Phrase } from '../errors.ts'
import { readableSize } from '../errors.ts'
import { notBuilt } from './build-words.ts'
import { normalizeName } from './names.ts'

export type BuildPolicy = {
  /** Null: builds are on, and there is a sandbox. */
  readonly off: Phrase | null
  readonly allows: (project: string) => boolean
  /** Bytes that a source may have. */
  readonly maxSource: number
  /** Why the sources of a project are not built. */
  readonly reason: (project: string, sizes: readonly (number | null)[]) => Phrase
}

export type BuildKnobs = {
  readonly pip: 'on' | 'off'
  /** Names as people write them; empty: all. */
  readonly projects: readonly string[]
  readonly maxSource: number
}

type Available = { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly words?: Phrase }

export function buildPolicy({ pip, projects, maxSource }: BuildKnobs, sandbox: Available): BuildPolicy {
  const named = new Set(projects.map(normalizeName))
  const off = pip === 'off' ? notBuilt.off : sandbox.ok ? null : notBuilt.sandbox(sandbox.words ?? sandbox.reason)
  const isNamed = (project: string) => named.size === 0 || named.has(project)
  return {
    off,
    allows: (project) => off === null && isNamed(project),
    maxSource,
    reason(project, sizes) {
      if (off) return off
      if (!isNamed(project)) return notBuilt.project
      const isLarge = sizes.length > 0 && sizes.every((size) => size !== null && size > maxSource)
      return isLarge ? notBuilt.large(readableSize(maxSource)) : notBuilt.form
    },
  }
}
