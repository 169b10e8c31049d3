/** The kinds of HomePod: those of the configuration, and those that are added as pods describe themselves. */
import type { Ecosystem, Target } from '../ecosystem.ts'
import type { Language, Phrase } from '../errors.ts'
import type { PodTargets } from '../pod-targets.ts'
import type { Answer, Api } from './operations.ts'
import { viewProblem } from './problems.ts'

export type TargetDeps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly podTargets: Pick<PodTargets, 'add' | 'remove' | 'get' | 'addedAt' | 'setAside'>
  /** The URL that a pod of this target is given. */
  readonly indexUrl: (target: Target) => string
  /** Where a target came from, in both languages. */
  readonly sourceWords: (source: string) => Phrase
}

export type TargetOperations = Pick<Api, 'listTargets' | 'addTarget' | 'getTarget' | 'removeTarget'>

export function createTargetOperations({
  ecosystems,
  podTargets,
  indexUrl,
  sourceWords,
}: TargetDeps): TargetOperations {
  function view(which: (target: Target) => boolean, language: Language): Answer<'listTargets'>['targets'] {
    return [...ecosystems.values()].flatMap((ecosystem) =>
      [...ecosystem.targets.values()].filter(which).map((target) => {
        const addedAt = podTargets.addedAt(target.name)
        return {
          name: target.name,
          ecosystem: ecosystem.name as 'pip' | 'apt',
          summary: target.summary,
          source: sourceWords(target.source)[language],
          index: indexUrl(target),
          facts: { ...target.facts },
          ...(addedAt !== null && { addedAt }),
        }
      }),
    )
  }

  return {
    listTargets({ language }) {
      const setAside = podTargets
        .setAside()
        .map(({ name, problem }) => ({ name, problem: viewProblem(problem, language) }))
      return Promise.resolve({ targets: view(() => true, language), ...(setAside.length > 0 && { setAside }) })
    },

    async addTarget({ body, file, language }) {
      const { name, python = null, index, only } = file ?? body
      const ecosystems = only === undefined ? ['pip', 'apt'] : [only]
      await podTargets.add({ name, python, index, ecosystems, description: file ? file.text : body.description })
      return { targets: view((target) => target.name === name, language) }
    },

    getTarget({ params: { name }, language }) {
      const targets = view((target) => target.name === name, language)
      if (targets.length > 0 && podTargets.addedAt(name) === null)
        return Promise.resolve({ targets, description: null, problem: null })
      const { row, problem } = podTargets.get(name)
      return Promise.resolve({
        targets,
        description: row.description,
        problem: problem && viewProblem(problem, language),
      })
    },

    async removeTarget({ params: { name } }) {
      await podTargets.remove(name)
      return { removed: name }
    },
  }
}
