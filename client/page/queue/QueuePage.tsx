/** The board: what is coming, what has arrived, what is stuck and why. What is shown is in the address. */
import { SegmentedControl, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'wouter'
import { Failed } from '../frame/Failed.tsx'
import { Quiet } from '../frame/Quiet.tsx'
import { useTitle } from '../frame/useTitle.ts'
import { useName } from '../me.ts'
import { requestsQuery, type Filter } from '../queries.ts'
import { Board } from './Board.tsx'
import { Welcome } from './Welcome.tsx'

const shows = ['all', 'mine', 'running', 'failed'] as const
type Show = (typeof shows)[number]

/** Of mine, on top of everyone's. */
const mineOnTop = 5

export function QueuePage() {
  const { t } = useTranslation()
  useTitle(t('queue.title'))
  const [name] = useName()
  const [search, setSearch] = useSearchParams()
  const show = shows.find((one) => one === search.get('show')) ?? 'all'
  const text = search.get('q') ?? ''
  const before = search.get('before') ?? undefined
  const me = name.trim()
  const filter = filterOf(show, text, before, me)
  const list = useQuery({ ...requestsQuery(filter), enabled: show !== 'mine' || me !== '' })
  const top = show === 'all' && text === '' && before === undefined && me !== ''
  const mine = useQuery({ ...requestsQuery({ requester: me }, mineOnTop), enabled: top })

  function set(next: Readonly<Record<string, string>>): void {
    setSearch(
      (now) => {
        for (const [key, value] of Object.entries({ before: '', ...next }))
          if (value === '' || (key === 'show' && value === 'all')) now.delete(key)
          else now.set(key, value)
        return now
      },
      { replace: !('before' in next) },
    )
  }

  const requests = list.data?.requests ?? []
  const empty = list.isSuccess && requests.length === 0
  const untouched = show === 'all' && text === '' && before === undefined
  const above = top && mine.data ? mine.data.requests : []
  const aboveIds = new Set(above.map(({ id }) => id))

  return (
    <section aria-label={t('queue.label')}>
      <h1 className="unseen">{t('queue.title')}</h1>
      <div className="filters" role="search" hidden={empty && untouched}>
        <SegmentedControl
          size="xs"
          aria-label={t('queue.label')}
          value={show}
          onChange={(next) => set({ show: next })}
          data={shows.map((value) => ({ value, label: t(`queue.${value}`) }))}
        />
        <FilterBox key={text === '' ? 'empty' : 'set'} text={text} onChange={(q) => set({ q })} />
      </div>
      {show === 'mine' && me === '' ? (
        <NameBox />
      ) : list.isError && !list.data ? (
        <Failed what={t('queue.failedToLoad')} error={list.error} again={() => void list.refetch()} />
      ) : list.isPending ? (
        <Quiet what={t('queue.loading')} />
      ) : empty && untouched ? (
        <Welcome />
      ) : empty ? (
        <p className="empty">
          {t('queue.none')} <Link href="/">{t('queue.clear')}</Link>
        </p>
      ) : (
        <Board
          groups={
            above.length > 0
              ? [
                  { title: t('queue.mineFirst'), requests: above },
                  { title: t('queue.others'), requests: requests.filter(({ id }) => !aboveIds.has(id)) },
                ]
              : [{ title: null, requests }]
          }
        />
      )}
      <nav className="paging" aria-label={t('queue.older')}>
        {before !== undefined && <Link href={hrefOf(search, null)}>{t('queue.newer')}</Link>}
        {list.data?.next && <Link href={hrefOf(search, list.data.next)}>{t('queue.older')}</Link>}
      </nav>
    </section>
  )
}

function filterOf(show: Show, text: string, cursor: string | undefined, me: string): Filter {
  return {
    ...(show === 'mine' && { requester: me }),
    ...(show === 'running' && { state: 'unfinished' as const }),
    ...(show === 'failed' && { state: 'failed' as const }),
    ...(text !== '' && { text }),
    ...(cursor !== undefined && { cursor }),
  }
}

function hrefOf(search: URLSearchParams, before: string | null): string {
  const next = new URLSearchParams(search)
  if (before === null) next.delete('before')
  else next.set('before', before)
  return next.size === 0 ? '/' : `/?${next}`
}

/** Kept when it is whole: with the first letter, this box would make way for somebody else's requests. */
function NameBox() {
  const { t } = useTranslation()
  const [, setName] = useName()
  const [typed, setTyped] = useState('')
  return (
    <form
      className="empty"
      onSubmit={(event) => {
        event.preventDefault()
        setName(typed.trim())
      }}
    >
      {t('queue.mineNeedsName')}
      <TextInput
        size="xs"
        className="name"
        aria-label={t('ask.name')}
        placeholder={t('ask.name')}
        value={typed}
        maxLength={100}
        onChange={({ currentTarget: { value } }) => setTyped(value)}
      />
    </form>
  )
}

/** Typing goes on while the address follows. */
function FilterBox({ text, onChange }: { readonly text: string; readonly onChange: (text: string) => void }) {
  const { t } = useTranslation()
  const [typed, setTyped] = useState(text)
  const tell = useDebouncedCallback(onChange, 250)
  return (
    <TextInput
      size="xs"
      type="search"
      className="filter"
      aria-label={t('queue.filter')}
      placeholder={t('queue.filterHint')}
      value={typed}
      maxLength={200}
      onChange={({ currentTarget: { value } }) => {
        setTyped(value)
        tell(value)
      }}
    />
  )
}
