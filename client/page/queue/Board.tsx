/** A real table with real links: find-in-page, copy and open-in-new-tab work. */
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import type { RequestView } from '../queries.ts'
import { Row } from './Row.tsx'

type Group = { readonly title: string | null; readonly requests: readonly RequestView[] }

export const Board = memo(function Board({ groups }: { readonly groups: readonly Group[] }) {
  const { t } = useTranslation()
  const columns = ['state', 'what', 'target', 'who', 'when', 'how', 'next'] as const
  return (
    <table className="board" role="table">
      <caption className="unseen">{t('queue.label')}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column} role="columnheader" scope="col" className={column}>
              {t(`queue.column.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      {groups.map(({ title, requests }) => (
        <tbody key={title} role="rowgroup">
          {title !== null && (
            <tr className="group" role="row">
              <th colSpan={7} scope="rowgroup" role="rowheader">
                {title}
              </th>
            </tr>
          )}
          {requests.map((request) => (
            <Row key={request.id} request={request} />
          ))}
        </tbody>
      ))}
    </table>
  )
})
