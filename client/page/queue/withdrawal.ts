/** Requests that take back what was asked for: each of their lines is a root behind a hyphen, as nobody can ask for one. */
import { useTranslation } from 'react-i18next'
import type { RequestView } from '../queries.ts'

export function isWithdrawal(lines: RequestView['requirements']): boolean {
  return lines.length > 0 && lines.every((line) => line.startsWith('-'))
}

/** The word for a state: what is taken back is done, since there is nothing to install. */
export function stateWord(state: RequestView['state'], withdrawal: boolean) {
  return withdrawal && state === 'ready' ? 'request.done' : (`state.${state}` as const)
}

/** A request's lines, or the first of them, side by side: `-jq` is to withdraw jq. */
export function useNames(): (lines: RequestView['requirements']) => string {
  const { t } = useTranslation()
  return (lines) =>
    isWithdrawal(lines)
      ? t('request.withdraw', { what: lines.map((line) => line.slice(1)).join('  ') })
      : lines.join('  ')
}
