/** Everything that is mirrored, by name. */
import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'wouter'
import { bytes } from '../amounts.ts'
import { call } from '../api.ts'
import { Age } from '../frame/Age.tsx'
import { Failed } from '../frame/Failed.tsx'
import { Quiet } from '../frame/Quiet.tsx'
import { useTitle } from '../frame/useTitle.ts'
import type { Ecosystem } from '../queries.ts'

const pageSize = 200

export function PackagesPage() {
  const { t } = useTranslation()
  useTitle(t('packages.title'))
  const [search, setSearch] = useSearchParams()
  const ecosystem: Ecosystem = search.get('kind') === 'apt' ? 'apt' : 'pip'
  const text = search.get('q') ?? ''
  const list = useInfiniteQuery({
    queryKey: ['listPackages', ecosystem, text],
    queryFn: ({ signal, pageParam }) =>
      call('listPackages', {
        params: { ecosystem },
        query: { limit: pageSize, cursor: pageParam, text: text === '' ? undefined : text },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  })
  const packages = list.data?.pages.flatMap((page) => page.packages) ?? []

  function set(key: string, value: string, usual: string): void {
    setSearch(
      (now) => {
        if (value === usual) now.delete(key)
        else now.set(key, value)
        return now
      },
      { replace: true },
    )
  }

  return (
    <section aria-labelledby="packages">
      <h1 id="packages" className="unseen">
        {t('packages.title')}
      </h1>
      <div className="filters" role="search">
        <SegmentedControl
          size="xs"
          aria-label={t('packages.column.ecosystem')}
          value={ecosystem}
          onChange={(kind) => set('kind', kind, 'pip')}
          data={['pip', 'apt']}
        />
        <SearchBox text={text} onChange={(q) => set('q', q, '')} />
      </div>
      {list.isError && !list.data ? (
        <Failed what={t('packages.failedToLoad')} error={list.error} again={() => void list.refetch()} />
      ) : list.isPending ? (
        <Quiet what={t('packages.loading')} />
      ) : packages.length === 0 ? (
        <p className="empty">{t(text === '' ? 'packages.nothing' : 'packages.none')}</p>
      ) : (
        <table className="packages">
          <caption className="unseen">{t('packages.title')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('packages.column.name')}</th>
              <th scope="col" className="right">
                {t('packages.column.files')}
              </th>
              <th scope="col" className="right">
                {t('packages.column.size')}
              </th>
              <th scope="col" className="right">
                {t('packages.column.fetched')}
              </th>
            </tr>
          </thead>
          <tbody>
            {packages.map(({ name, files, bytes: size, addedAt }) => (
              <tr key={name}>
                <td>
                  <Link className="mono" href={`/packages/${ecosystem}/${encodeURIComponent(name)}`}>
                    {name}
                  </Link>
                </td>
                <td className="right number">{files}</td>
                <td className="right number">{bytes(size)}</td>
                <td className="right">
                  <Age at={addedAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {list.hasNextPage && (
        <Button variant="default" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('packages.more')}
        </Button>
      )}
    </section>
  )
}

function SearchBox({ text, onChange }: { readonly text: string; readonly onChange: (text: string) => void }) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState(text)
  const tell = useDebouncedCallback(onChange, 200)
  return (
    <TextInput
      size="xs"
      type="search"
      className="filter"
      aria-label={t('packages.search')}
      placeholder={t('packages.search')}
      value={typed}
      maxLength={200}
      onChange={({ currentTarget: { value } }) => {
        setTyped(value)
        tell(value)
      }}
    />
  )
}
