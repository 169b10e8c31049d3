/** What a target is, as far as answers depend on it: what was solved for another kind is not given again under its name. */
import { createHash } from 'node:crypto'
import type { Target } from './ecosystem.ts'

const known = new WeakMap<Target, string>()

/** Equal for targets that an ecosystem cannot tell apart, whatever they are called and wherever they were read. */
export function kindOf(target: Target): string {
  return known.getOrInsertComputed(target, ({ name: _name, summary: _summary, source: _source, ...kind }) =>
    createHash('sha256')
      .update(JSON.stringify(kind, (_, value: unknown) => (value instanceof Map ? [...value] : value)))
      .digest('base64url'),
  )
}
