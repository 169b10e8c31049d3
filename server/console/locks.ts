/** Locks for a project's repository, and back for its pods. */
import type { Ecosystem } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { Api } from './operations.ts'

export type LockDeps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  /** The mirror as pods call it; null: nobody has said. */
  readonly mirrorUrl: string | null
}

export type LockOperations = Pick<Api, 'convertLock'>

export function createLockOperations({ ecosystems, mirrorUrl }: LockDeps): LockOperations {
  return {
    async convertLock({ body: { text, to, mirror, index } }) {
      const url = (mirror ?? mirrorUrl)?.replace(/(?<!\/)\/+$/, '')
      if (url === undefined) throw new AirlockError('mirror-unnamed', {})
      const convert = [...ecosystems.values()].find(({ convertLock }) => convertLock !== undefined)!.convertLock!
      const converted = await (to === 'upstream'
        ? convert.toUpstream(text, { url })
        : convert.toAirlock(text, { url, index }))
      return { ...converted, missing: [...converted.missing] }
    },
  }
}
