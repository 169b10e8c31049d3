/** What an admin and a machine ask: whether it is well, and to look after what is here. */
import type { Answer, Api } from './operations.ts'

export type UpkeepDeps = {
  readonly backup: (into: null) => Promise<Omit<Answer<'backup'>, 'outside'> & { readonly outside: readonly string[] }>
  readonly maintenance: { rebuild(): Promise<Answer<'rebuild'>>; verify(): Promise<Answer<'verify'>> }
  readonly readiness: () => Promise<Answer<'readiness'>>
}

export type Upkeep = Pick<Api, 'backup' | 'rebuild' | 'verify' | 'health' | 'readiness'>

export function createUpkeep({ backup, maintenance, readiness }: UpkeepDeps): Upkeep {
  return {
    async backup() {
      const { outside, ...report } = await backup(null)
      return { ...report, outside: [...outside] }
    },

    rebuild: () => maintenance.rebuild(),
    verify: () => maintenance.verify(),
    health: () => Promise.resolve({ status: 'ok' }),
    readiness,
  }
}
