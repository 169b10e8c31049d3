/** Who is told of what, and whether they can be. Neither addresses nor secrets are part of any answer. */
import type { Problem } from '../../storage/records.ts'
import type { Answer, Api } from './operations.ts'
import { viewProblem } from './problems.ts'

type Hook = Omit<Answer<'listHooks'>['hooks'][number], 'on' | 'problem'> & {
  readonly on: readonly Answer<'listHooks'>['hooks'][number]['on'][number][]
  readonly problem: Problem | null
}
export type NoticeDeps = {
  readonly notices: {
    list(): Promise<readonly Hook[]>
    /** Throws `notice-hook-unknown` or `notice-failed`. */
    test(name: string, signal: AbortSignal): Promise<void>
  }
}

export type NoticeOperations = Pick<Api, 'listHooks' | 'testHook'>

export function createNoticeOperations({ notices }: NoticeDeps): NoticeOperations {
  return {
    async listHooks({ language }) {
      const hooks = (await notices.list()).map(({ problem, on, ...hook }) => ({
        ...hook,
        on: [...on],
        problem: problem && viewProblem(problem, language),
      }))
      return { hooks }
    },

    async testHook({ params: { hook }, signal }) {
      await notices.test(hook, signal ?? AbortSignal.timeout(60_000))
      return { hook, sent: true }
    },
  }
}
