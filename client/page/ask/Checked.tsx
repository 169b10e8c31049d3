/** What each line means, as the server sees it: what is here, what cannot be read, what may be a slip. */
import { useTranslation } from 'react-i18next'
import type { AnswerOf } from '../api.ts'
import { CopyLine } from '../frame/Copy.tsx'
import { Icon } from '../frame/Icon.tsx'

export type Line = AnswerOf<'checkRequirements'>['lines'][number]

/** Lines said something about; a long file is not listed again. */
const most = 6

type Props = {
  readonly lines: readonly Line[]
  readonly several: boolean
  readonly onReplace: (from: string, to: string) => void
}

export function Checked({ lines, several, onReplace }: Props) {
  const { t } = useTranslation()
  const said = lines.filter((line) => line.problem !== null || line.here.length > 0 || line.near.length > 0)
  // what cannot be sent first
  const sorted = said.toSorted((a, b) => Number(b.problem !== null) - Number(a.problem !== null))
  const rest = sorted.length - most
  return (
    <ul className="checked" aria-live="polite">
      {sorted.slice(0, most).map((line) => (
        <li key={line.line}>
          <CheckedLine line={line} several={several} onReplace={onReplace} />
        </li>
      ))}
      {rest > 0 && <li className="dim">{t('ask.moreLines', { count: rest })}</li>}
      {said.length === 0 && lines.length > 1 && <li className="dim">{t('ask.linesOk', { count: lines.length })}</li>}
    </ul>
  )
}

function CheckedLine({ line, several, onReplace }: Omit<Props, 'lines'> & { readonly line: Line }) {
  const { t } = useTranslation()
  const [first] = line.here
  if (line.problem)
    return (
      <span className="cause">
        {line.problem.detail} <span className="dim">{line.problem.hint}</span>
      </span>
    )
  if (first)
    return (
      <span className="here">
        <Icon name="check" /> {t('ask.here', { what: `${line.roots.join(' ')} (${first.version})` })}{' '}
        {several && <span className="dim">{line.here.map(({ target }) => target).join(', ')}</span>}{' '}
        <CopyLine text={first.install} />
      </span>
    )
  return (
    <span>
      <span className="mono">{line.line}</span>
      {t('ask.unknown')}{' '}
      {line.near.map((name, index) => (
        <span key={name}>
          {index > 0 && ` ${t('ask.or')} `}
          <button type="button" className="act mono" onClick={() => onReplace(nameIn(line.line), name)}>
            {name}
          </button>
        </span>
      ))}
      {t('ask.question')}
    </span>
  )
}

/** The part of a line that is its name. */
function nameIn(line: string): string {
  return /[A-Za-z0-9][A-Za-z0-9._+-]*/.exec(line)?.[0] ?? line
}
