/** The states that a request went through, and how long each took; the last one goes on counting. */
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { duration, exactTime } from '../amounts.ts'
import { isUnfinished, type RequestDetail } from '../queries.ts'
import { StateMark } from '../queue/StateMark.tsx'
import { isWithdrawal } from '../queue/withdrawal.ts'

type Props = Pick<RequestDetail, 'timeline' | 'state' | 'requirements'>

export function Timeline({ timeline, state, requirements }: Props) {
  const { t } = useTranslation()
  return (
    <section>
      <h2>{t('request.timeline')}</h2>
      <ol className="timeline">
        {timeline.map((entry, index) => (
          <li key={`${entry.at} ${entry.state}`} aria-current={index === timeline.length - 1 ? 'step' : undefined}>
            <StateMark
              state={entry.state}
              past={index < timeline.length - 1}
              instead={entry.state === 'ready' && isWithdrawal(requirements) ? 'done' : null}
            />
            <time className="number dim" dateTime={entry.at} title={exactTime(entry.at)}>
              {exactTime(entry.at).slice(11)}
            </time>
            <span className="number">
              {entry.seconds !== null ? duration(entry.seconds) : isUnfinished(state) && <Since at={entry.at} />}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Since({ at }: { readonly at: string }) {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return <>{duration((now - Date.parse(at)) / 1000)}</>
}
