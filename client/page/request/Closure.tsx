/** What a request brings, as a list and as a picture. */
import { Checkbox, SegmentedControl } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { bytes } from '../amounts.ts'
import { Quiet } from '../frame/Quiet.tsx'
import type { ClosureItem, Ecosystem } from '../queries.ts'
import { useClosureTable } from './ClosureTable.tsx'

const Picture = lazy(() => import('./Picture.tsx').then(({ Picture: picture }) => ({ default: picture })))

type Props = {
  readonly items: readonly ClosureItem[]
  readonly ecosystem: Ecosystem
  /** Whether all of it is here. */
  readonly arrived: boolean
}

export function Closure({ items, ecosystem, arrived }: Props) {
  const { t } = useTranslation()
  const [view, setView] = useState('list')
  const [onlyNew, setOnlyNew] = useState(false)
  const fresh = items.filter((item) => item.new)
  const mixed = fresh.length > 0 && fresh.length < items.length
  const table = useClosureTable(onlyNew && mixed ? fresh : items, { ecosystem, arrived, digests: true, mark: mixed })
  return (
    <>
      <div className="closure-head">
        <span className="number">{t('request.total', { count: items.length, size: sum(items) })}</span>
        <span className="number">
          {mixed
            ? t('request.changed', { count: fresh.length, size: sum(fresh) })
            : t(fresh.length === 0 ? 'request.nothingNew' : 'request.allNew')}
        </span>
        {mixed && (
          <Checkbox
            size="xs"
            label={t('request.onlyNew')}
            checked={onlyNew}
            onChange={({ currentTarget }) => setOnlyNew(currentTarget.checked)}
          />
        )}
        <SegmentedControl
          size="xs"
          aria-label={t('request.closure')}
          value={view}
          onChange={setView}
          data={[
            { value: 'list', label: t('request.list') },
            { value: 'picture', label: t('request.picture') },
          ]}
        />
      </div>
      {view === 'list' ? (
        <div className="scroll" tabIndex={0} role="region" aria-label={t('request.closure')}>
          {table}
        </div>
      ) : (
        <Suspense fallback={<Quiet />}>
          <Picture items={items} />
        </Suspense>
      )}
    </>
  )
}

function sum(items: readonly ClosureItem[]): string {
  return bytes(items.reduce((total, { size }) => total + (size ?? 0), 0))
}
