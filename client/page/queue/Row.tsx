/** One request on the board. Its last column is the next thing to do. */
import { useMutation } from '@tanstack/react-query'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { bytes, duration } from '../amounts.ts'
import { call } from '../api.ts'
import { Age } from '../frame/Age.tsx'
import { CopyLine } from '../frame/Copy.tsx'
import { useAuthor } from '../me.ts'
import { isUnfinished, putRequest, type RequestView } from '../queries.ts'
import { Bar } from './Bar.tsx'
import { causeOf } from './cause.ts'
import { StateMark } from './StateMark.tsx'
import { insteadOfReady, useNames } from './withdrawal.ts'

/** Names on one row; the rest are a click away. */
const shownNames = 4

export const Row = memo(function Row({ request }: { readonly request: RequestView }) {
  const { t } = useTranslation()
  const { id, state, ecosystem, requirements, target, requester, createdAt } = request
  const names = useNames()
  const rest = requirements.length - shownNames
  return (
    <tr role="row" data-request={id}>
      <td role="cell" className="state">
        <StateMark state={state} instead={insteadOfReady(request)} />
      </td>
      <td role="cell" className="what">
        <Link href={`/requests/${id}`} title={requirements.slice(0, 50).join('\n')}>
          <span className="kind">{ecosystem}</span>{' '}
          <span className="mono">{names(requirements.slice(0, shownNames))}</span>
          {rest > 0 && <span className="dim"> {t('queue.more', { count: rest })}</span>}
        </Link>
      </td>
      <td role="cell" className="target">
        {target}
      </td>
      <td role="cell" className="who" title={requester ?? undefined}>
        {requester}
      </td>
      <td role="cell" className="when">
        <Age at={createdAt} short />
      </td>
      <td role="cell" className="how">
        <How request={request} />
      </td>
      <td role="cell" className="next">
        <Next request={request} />
      </td>
    </tr>
  )
})

function How({ request }: { readonly request: RequestView }) {
  const { t } = useTranslation()
  const { state, problem, waiting, progress, files, startedAt, finishedAt } = request
  if (waiting && isUnfinished(state)) return <span className="cause">{causeOf(waiting)}</span>
  if (problem && !isUnfinished(state))
    return (
      <span className="cause" title={problem.detail}>
        {causeOf(problem)}
      </span>
    )
  if (progress && isUnfinished(state)) return <Bar progress={progress} />
  if (files === null) return null
  return (
    <span className="dim number">
      {t('queue.files', { count: files })}
      {request.bytes !== null && <> · {bytes(request.bytes)}</>}
      {startedAt !== null && finishedAt !== null && (
        <> · {duration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000)}</>
      )}
    </span>
  )
}

/** Nothing here that a hundred rows would have to set up and do not need. */
function Next({ request }: { readonly request: RequestView }) {
  const { t } = useTranslation()
  const names = useNames()
  const { id, state, install, requirements } = request
  // what was taken back leaves nothing to install
  if (state === 'ready') return install === '' ? null : <CopyLine text={install} />
  return (
    <>
      {state === 'failed' && (
        <Link href={`/requests/${id}`} aria-label={`${t('queue.why')}: ${names(requirements.slice(0, 1))}`}>
          {t('queue.why')}
        </Link>
      )}
      <Act request={request} />
    </>
  )
}

function Act({ request }: { readonly request: RequestView }) {
  const { t } = useTranslation()
  const names = useNames()
  const { id, state, requirements } = request
  const unfinished = isUnfinished(state)
  const body = useAuthor()
  const act = useMutation({
    mutationFn: () => call(unfinished ? 'cancelRequest' : 'retryRequest', { params: { id }, body }),
    onSuccess: putRequest,
  })
  const word = unfinished ? t('queue.cancel') : t('queue.retry')
  return (
    <>
      <button
        type="button"
        className="act"
        aria-label={`${word}: ${names(requirements.slice(0, 1))}`}
        disabled={act.isPending || state === 'publishing'}
        onClick={() => act.mutate()}
      >
        {word}
      </button>
      {act.isError && <span className="cause">{act.error.message}</span>}
    </>
  )
}
