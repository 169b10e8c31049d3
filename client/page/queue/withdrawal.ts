/** Requests that take back what was asked for, and those that were: each line of the former is a root behind a hyphen, as nobody can ask for one. */
import { useTranslation } from 'react-i18next'
import type { RequestView } from '../queries.ts'

export function isWithdrawal(lines: RequestView['requirements']): boolean {
  return lines.length > 0 && lines.every((line) => line.startsWith('-'))
}

/** What a request that is ready is called instead: there is nothing to install. */
export type Instead = 'done' | 'withdrawn'

/** One that takes something back is done; one whose packages were taken back is withdrawn. */
export function insteadOfReady({ state, requirements, withdrawn }: RequestView): Instead | null {
  if (withdrawn) return 'withdrawn'
  return state === 'ready' && isWithdrawal(requirements) ? 'done' : null
}

export function stateWord(state: RequestView['state'], instead: Instead | null) {
  return instead === null ? (`state.${state}` as const) : (`request.${instead}` as const)
}

/** A request's lines, or the first of them, side by side: `-jq` is to withdraw jq. */
export function useNames(): (lines: RequestView['requirements']) => string {
  const { t } = useTranslation()
  return (lines) =>
    isWithdrawal(lines)
      ? t('request.withdraw', { what: lines.map((line) => line.slice(1)).join('  ') })
      : lines.join('  ')
}
