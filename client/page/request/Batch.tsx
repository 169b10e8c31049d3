/** The same request for every target that it was asked for: one glance says which kinds of pod can install it. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { bytes } from '../amounts.ts'
import { requestsQuery, type RequestDetail } from '../queries.ts'
import { Bar } from '../queue/Bar.tsx'
import { causeOf } from '../queue/cause.ts'
import { StateMark } from '../queue/StateMark.tsx'

export function Batch({ request }: { readonly request: RequestDetail }) {
  const { t } = useTranslation()
  const { data } = useQuery(requestsQuery({ batch: request.batch }))
  const all = (data?.requests ?? []).toSorted((a, b) => a.target.localeCompare(b.target, 'en'))
  if (all.length < 2) return null
  const ready = all.filter(({ state, withdrawn }) => state === 'ready' && !withdrawn).length
  return (
    <section aria-labelledby="batch">
      <h2 id="batch">{t('request.batch', { ready, count: all.length })}</h2>
      <table className="matrix">
        <thead>
          <tr>
            <th scope="col">{t('request.column.target')}</th>
            <th scope="col">{t('request.column.state')}</th>
            <th scope="col">{t('request.column.comes')}</th>
          </tr>
        </thead>
        <tbody>
          {all.map(({ id, target, state, withdrawn, files, bytes: size, progress, problem }) => (
            <tr key={id} aria-current={id === request.id ? 'true' : undefined}>
              <th scope="row" className="mono">
                {id === request.id ? target : <Link href={`/requests/${id}`}>{target}</Link>}
              </th>
              <td>
                <StateMark state={state} instead={withdrawn ? 'withdrawn' : null} />
              </td>
              <td>
                {problem ? (
                  <span className="cause">{causeOf(problem)}</span>
                ) : progress ? (
                  <Bar progress={progress} />
                ) : (
                  files !== null && `${t('request.files', { count: files })}${size === null ? '' : ` · ${bytes(size)}`}`
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
