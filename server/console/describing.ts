/** What a person wants to know of a package beside its files: its own words, where it fits, how it is installed. */
import type { Packages } from '../../storage/packages.ts'
import type { Requests } from '../../storage/requests.ts'
import type { Ecosystem } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { Api } from './api.ts'

type Deps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly packages: Pick<Packages, 'files' | 'requests'>
  readonly requests: Pick<Requests, 'get'>
}

export type Describing = Pick<Api, 'describePackage'>

/** People named beside a package. */
const maxAskers = 20

export function createDescribing({ ecosystems, packages, requests }: Deps): Describing {
  async function askersOf(ecosystem: string, name: string) {
    const roots = (await packages.requests(ecosystem, name, 100)).filter(({ isRoot }) => isRoot).slice(0, maxAskers)
    const found = await Promise.all(roots.map(({ id }) => requests.get(id)))
    return found.flatMap((request) =>
      request ? [{ id: request.id, requester: request.requester, at: request.createdAt }] : [],
    )
  }

  return {
    async describePackage({ params: { ecosystem: kind, name } }) {
      const ecosystem = ecosystems.get(kind)
      const files = await packages.files(kind, name)
      if (!ecosystem || files.length === 0) throw new AirlockError('package-not-mirrored', { ecosystem: kind, name })
      const targets = [...ecosystem.targets.values()]
      const fits = files.map(({ artifact, lanes }) => ({
        file: artifact.file,
        targets: targets
          .filter((target) => lanes.includes(target.lane) && (ecosystem.fits?.(artifact, target) ?? true))
          .map((target) => target.name),
      }))
      const newest = ecosystem.understand?.(name).pick(files.map(({ artifact }) => artifact.version))
      const shown = files.findLast(({ artifact }) => artifact.version === newest) ?? files.at(-1)!
      return {
        version: shown.artifact.version,
        fits,
        install: targets
          .filter((target) => fits.some((fit) => fit.targets.includes(target.name)))
          .map((target) => ({ target: target.name, line: ecosystem.installLine([name], target) })),
        askers: await askersOf(kind, name),
        description: (await ecosystem.describe?.(shown.artifact)) ?? null,
      }
    },
  }
}
