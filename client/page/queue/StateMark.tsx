/** A state by shape, colour and word. */
import { useTranslation } from 'react-i18next'
import type { RequestView } from '../queries.ts'
import { stateWord, type Instead } from './withdrawal.ts'

type State = RequestView['state']

/** Whole: done. Half: under way. Dashed: waits. Cross, bar, dash: ended otherwise. */
const shapes: Readonly<Record<State, 'whole' | 'half' | 'dashed' | 'cross' | 'bar' | 'dash' | 'pause'>> = {
  queued: 'dashed',
  solving: 'half',
  'awaiting-approval': 'pause',
  downloading: 'half',
  building: 'half',
  proving: 'half',
  publishing: 'half',
  ready: 'whole',
  failed: 'cross',
  rejected: 'bar',
  cancelled: 'dash',
}

type Props = {
  readonly state: State
  /** Another one came after it. */
  readonly past?: boolean
  readonly instead?: Instead | null
}

export function StateMark({ state, past = false, instead = null }: Props) {
  const { t } = useTranslation()
  const shape = instead === 'withdrawn' ? 'dash' : shapes[state]
  return (
    <span className={past ? `state past ${shape}` : `state ${shape}`} data-state={state}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {shape === 'whole' && (
          <>
            <circle cx="8" cy="8" r="6.5" fill="currentColor" />
            <path d="M5 8.3l2.2 2.2L11 6" className="on" />
          </>
        )}
        {shape === 'half' && (
          <>
            <circle cx="8" cy="8" r="6" />
            <path d="M8 2a6 6 0 010 12z" fill="currentColor" />
          </>
        )}
        {shape === 'dashed' && <circle cx="8" cy="8" r="6" strokeDasharray="2.4 2.4" />}
        {shape === 'pause' && (
          <>
            <circle cx="8" cy="8" r="6" />
            <path d="M6.5 5.5v5M9.5 5.5v5" />
          </>
        )}
        {shape === 'cross' && <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" strokeWidth="2.4" />}
        {shape === 'bar' && (
          <>
            <rect x="2.5" y="2.5" width="11" height="11" />
            <path d="M5.5 8h5" />
          </>
        )}
        {shape === 'dash' && (
          <>
            <circle cx="8" cy="8" r="6" />
            <path d="M4 12l8-8" />
          </>
        )}
      </svg>
      {t(stateWord(state, instead))}
    </span>
  )
}
