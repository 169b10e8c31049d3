/** A closure as a table that sorts by any column; what is here leads to its own page. */
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { bytes, day, exactTime } from '../amounts.ts'
import type { ClosureItem, Ecosystem } from '../queries.ts'

const columns = ['project', 'version', 'size', 'released', 'origin', 'neededBy', 'digest'] as const
type Column = (typeof columns)[number]

const keys: Readonly<Record<Column, (item: ClosureItem) => string | number>> = {
  project: ({ project }) => project,
  version: ({ version }) => version,
  size: ({ size }) => size ?? -1,
  released: ({ uploadedAt }) => uploadedAt ?? '',
  origin: ({ origin }) => origin,
  neededBy: ({ neededBy }) => neededBy.join(' '),
  digest: ({ sha256 }) => sha256,
}

/** Left out where no item has one: archives of apt, for instance, say of nothing when it was released. */
const optional: ReadonlySet<Column> = new Set(['size', 'released', 'neededBy'])
const numbers: ReadonlySet<Column> = new Set(['size', 'released'])

type Options = {
  readonly ecosystem: Ecosystem
  /** Whether what is new has arrived, too. */
  readonly arrived?: boolean
  readonly digests?: boolean
  readonly mark?: boolean
}

export function useClosureTable(
  items: readonly ClosureItem[],
  { ecosystem, arrived = false, digests = false, mark = true }: Options,
): ReactNode {
  const { t } = useTranslation()
  const [sort, setSort] = useState<{ readonly by: Column; readonly down: boolean } | null>(null)
  const shown = new Set(
    columns.filter((column) =>
      column === 'digest'
        ? digests
        : !optional.has(column) || items.some((item) => !['', -1].includes(keys[column](item))),
    ),
  )
  const sorted = sort === null ? items : items.toSorted((a, b) => compare(a, b, sort.by) * (sort.down ? -1 : 1))
  return (
    <table className="closure">
      <thead>
        <tr>
          {[...shown].map((column) => (
            <th
              key={column}
              scope="col"
              className={numbers.has(column) ? 'right' : undefined}
              aria-sort={sort?.by === column ? (sort.down ? 'descending' : 'ascending') : 'none'}
            >
              <button
                type="button"
                onClick={() => setSort({ by: column, down: sort?.by === column ? !sort.down : numbers.has(column) })}
              >
                {t(`request.column.${column}`)}
                <span aria-hidden="true">{sort?.by === column ? (sort.down ? ' ↓' : ' ↑') : ''}</span>
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sorted.map((item) => (
          <tr key={item.file}>
            <td>
              <span className={item.root ? 'mono root' : 'mono'} title={item.root ? t('request.root') : undefined}>
                {(arrived || !item.new) && !item.source ? (
                  <Link href={`/packages/${ecosystem}/${encodeURIComponent(item.project)}`}>{item.project}</Link>
                ) : (
                  item.project
                )}
              </span>
              {mark && item.new && <span className="fresh">{t('request.fresh')}</span>}
              {item.update && (
                <span className="along" title={t('request.updateHint')}>
                  {t('request.update')}
                </span>
              )}
            </td>
            <td className="mono version">
              {item.version}
              {item.proved && <span className="remark"> {t('request.proved', { version: item.proved })}</span>}
            </td>
            {shown.has('size') && <td className="right number">{item.size === null ? '' : bytes(item.size)}</td>}
            {shown.has('released') && (
              <td className="right number">
                {item.uploadedAt && (
                  <time dateTime={item.uploadedAt} title={exactTime(item.uploadedAt)}>
                    {day(item.uploadedAt)}
                  </time>
                )}
              </td>
            )}
            <td title={item.url}>
              {item.build === null ? item.origin : <Link href={`/builds/${item.build}`}>{t('build.here')}</Link>}
              {item.source && <span className="fresh">{t('build.toBe')}</span>}
            </td>
            {shown.has('neededBy') && (
              <td className="mono needed" title={item.neededBy.join(', ')}>
                {item.neededBy.slice(0, 3).join(', ')}
                {item.neededBy.length > 3 && ` +${item.neededBy.length - 3}`}
              </td>
            )}
            {digests && (
              <td className="mono digest" title={`${item.file}\n${item.sha256}`}>
                {item.sha256.slice(0, 12)}…
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function compare(a: ClosureItem, b: ClosureItem, by: Column): number {
  const [x, y] = [keys[by](a), keys[by](b)]
  if (typeof x === 'string' && typeof y === 'string') return x.localeCompare(y, 'en', { numeric: true })
  return Number(x) - Number(y)
}
