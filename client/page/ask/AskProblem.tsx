/** Why nothing was asked for, unless that is said of a line already. */
import { useTranslation } from 'react-i18next'
import { Refused } from '../api.ts'
import { LogId, useReason } from '../frame/Failed.tsx'
import type { Line } from './Checked.tsx'

export function AskProblem({ error, said }: { readonly error: Error; readonly said: readonly Line[] }) {
  const { t } = useTranslation()
  const reason = useReason(error)
  const problem = error instanceof Refused ? error.problem : null
  return (
    <p className="ask-says cause" role="alert">
      {problem && isSaid(problem, said) ? t('ask.notAsked') : `${reason} ${problem?.hint ?? ''}`} <LogId of={error} />
    </p>
  )
}

/** Whether a refusal of all that was asked is what is said of one of its lines. */
function isSaid({ code, fields }: NonNullable<Line['problem']>, lines: readonly Line[]): boolean {
  return lines.some(({ problem }) => problem?.code === code && problem.fields['item'] === fields['item'])
}
