/** What is here: a list of it, and each package with its files, its own words, where it fits and who asked. */
import type { Packages } from '../../storage/packages.ts'
import type { Requests } from '../../storage/requests.ts'
import type { Ecosystem } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { Api } from './operations.ts'
import { viewPackage } from './views.ts'

export type PackageDeps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly packages: Packages
  readonly requests: Pick<Requests, 'get'>
}

export type PackageOperations = Pick<Api, 'listPackages' | 'getPackage' | 'describePackage'>

/** People named beside a package. */
const maxAskers = 20

export function createPackageOperations({ ecosystems, packages, requests }: PackageDeps): PackageOperations {
  async function askersOf(ecosystem: string, name: string) {
    const roots = (await packages.requests(ecosystem, name, 100)).filter(({ isRoot }) => isRoot).slice(0, maxAskers)
    const found = await Promise.all(roots.map(({ id }) => requests.get(id)))
    return found.flatMap((request) =>
      request ? [{ id: request.id, requester: request.requester, at: request.createdAt }] : [],
    )
  }

  return {
    async listPackages({ params, query }) {
      const { cursor, limit, text } = query
      const found = await packages.list(params.ecosystem, { text, after: cursor, limit: limit + 1 })
      const page = found.slice(0, limit)
      return { packages: page, next: found.length > limit ? page.at(-1)!.name : null }
    },

    async getPackage({ params: { ecosystem, name } }) {
      const files = await packages.files(ecosystem, name)
      if (files.length === 0) throw new AirlockError('package-not-mirrored', { ecosystem, name })
      const [asked, neededBy] = await Promise.all([
        packages.requests(ecosystem, name, 100),
        packages.neededBy(ecosystem, name),
      ])
      return viewPackage(ecosystem, name, files, asked, neededBy)
    },

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
