/** What was built here, with its log: the answers of the API about builds. */
import type { Builds } from '../../storage/builds.ts'
import type { Build } from '../../storage/records.ts'
import { AirlockError, type Language } from '../errors.ts'
import type { Answer, Api } from './operations.ts'
import { viewProblem } from './problems.ts'

export type BuildDeps = { readonly builds: Builds }

export type BuildOperations = Pick<Api, 'listBuilds' | 'getBuild'>

export function createBuildOperations({ builds }: BuildDeps): BuildOperations {
  return {
    async listBuilds({ query: { cursor, limit }, language }) {
      const found = await builds.list({ before: cursor === undefined ? undefined : Number(cursor), limit: limit + 1 })
      const page = found.slice(0, limit)
      return {
        builds: page.map((build) => view(build, language)),
        next: found.length > limit ? String(page.at(-1)!.id) : null,
      }
    },

    async getBuild({ params: { id }, language }) {
      const build = await builds.get(id)
      if (!build) throw new AirlockError('build-unknown', { id })
      return { ...view(build, language), log: build.log }
    },
  }
}

function view(build: Build, language: Language): Answer<'listBuilds'>['builds'][number] {
  const { id, ecosystem, name, version, job, target, materials, builder, made, problem, beganAt, endedAt } = build
  const [source, ...required] = materials.map(({ file, sha256, size, origin }) => ({ file, sha256, size, origin }))
  return {
    id,
    ecosystem: ecosystem as 'pip' | 'apt',
    project: name,
    version,
    target,
    job,
    source: source!,
    requirements: required,
    builder: { ...builder },
    made: made && { ...made },
    problem: problem && viewProblem(problem, language),
    beganAt,
    endedAt,
  }
}
