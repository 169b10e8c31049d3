/** Who did what to a request, where more was done than to ask. */
import { useTranslation } from 'react-i18next'
import { Age } from '../frame/Age.tsx'
import type { RequestDetail } from '../queries.ts'

export function History({ history }: Pick<RequestDetail, 'history'>) {
  const { t } = useTranslation()
  if (history.length < 2) return null
  return (
    <section>
      <h2>{t('request.history')}</h2>
      <ul className="history">
        {history.map(({ act, requester, at }) => (
          <li key={`${at} ${act}`}>
            {t(`request.act.${act}`, { name: requester ?? t('request.nobody') })}{' '}
            <span className="dim">
              <Age at={at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
