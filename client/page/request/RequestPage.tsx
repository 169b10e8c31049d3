/** One request: where it is, what it brings, what went wrong, and the next thing to do. */
import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { call, Refused } from '../api.ts'
import { Age } from '../frame/Age.tsx'
import { CopyLine } from '../frame/Copy.tsx'
import { Failed, LogId, useReason } from '../frame/Failed.tsx'
import { Missing } from '../frame/Missing.tsx'
import { Quiet } from '../frame/Quiet.tsx'
import { useTitle } from '../frame/useTitle.ts'
import { useAuthor } from '../me.ts'
import { addMine } from '../mine.tsx'
import { addRequests, isUnfinished, putRequest, requestQuery, targetsQuery, type RequestDetail } from '../queries.ts'
import { Bar } from '../queue/Bar.tsx'
import { StateMark } from '../queue/StateMark.tsx'
import { insteadOfReady, isWithdrawal, stateWord, useNames } from '../queue/withdrawal.ts'
import { exactly } from '../pod/commands.ts'
import { Batch } from './Batch.tsx'
import { Closure } from './Closure.tsx'
import { History } from './History.tsx'
import { Timeline } from './Timeline.tsx'

export function RequestPage({ id }: { readonly id: number }) {
  const { t } = useTranslation()
  const names = useNames()
  const request = useQuery(requestQuery(id))
  useTitle(
    request.data
      ? `${t(stateWord(request.data.state, insteadOfReady(request.data)))} · ${names(request.data.requirements.slice(0, 1))}`
      : t('request.title', { id }),
  )
  if (request.isPending) return <Quiet what={t('request.loading', { id })} />
  if (!request.data) {
    const missing = request.error instanceof Refused && request.error.problem.status === 404
    if (!missing)
      return <Failed what={t('request.failedToLoad')} error={request.error} again={() => void request.refetch()} />
    return <Missing what={t('request.missing', { id })} href="/" instead={t('request.toQueue')} />
  }
  return <Shown request={request.data} />
}

function Shown({ request }: { readonly request: RequestDetail }) {
  const { t } = useTranslation()
  const names = useNames()
  const { id, state, requirements, ecosystem, target, requester, createdAt, note, progress } = request
  return (
    <article className="request">
      <header>
        <h1>
          <StateMark state={state} instead={insteadOfReady(request)} />{' '}
          <span className="mono names-title">
            {names(requirements.slice(0, 6))}
            {requirements.length > 6 && ' …'}
          </span>
        </h1>
        <p className="dim">
          {t('request.title', { id })} · {ecosystem} · {target}
          {requester !== null && <> · {t('request.by', { name: requester })}</>} · {t('request.asked')}{' '}
          <Age at={createdAt} />
        </p>
        <Actions request={request} />
      </header>
      <div className="request-body">
        <div className="request-side">
          <Timeline timeline={request.timeline} state={state} requirements={requirements} />
          {progress && isUnfinished(state) && <Bar progress={progress} />}
          <History history={request.history} />
          {note !== null && (
            <section>
              <h2>{t('request.note')}</h2>
              <p className="plain">{note}</p>
            </section>
          )}
          {requirements.length > 6 && (
            <details>
              <summary>{t('request.typed')}</summary>
              <pre>{requirements.join('\n')}</pre>
            </details>
          )}
        </div>
        <div className="request-main">
          <Problems request={request} />
          <Batch request={request} />
          {state === 'ready' && request.install !== '' && <Install request={request} />}
          {request.remarks.length > 0 && (
            <section>
              <h2>{t('request.remarks')}</h2>
              {request.remarks.map(({ code, message, fields: { build } }) => (
                <p key={message} className={code === 'imports' ? 'dim' : 'remark'}>
                  {message}
                  {typeof build === 'number' && (
                    <>
                      {' '}
                      <Link href={`/builds/${build}`}>{t('build.log')}</Link>
                    </>
                  )}
                </p>
              ))}
            </section>
          )}
          {(request.closure ? request.closure.length > 0 : isUnfinished(state)) && (
            <section>
              <h2>{t('request.closure')}</h2>
              {request.closure ? (
                <Closure items={request.closure} ecosystem={ecosystem} arrived={state === 'ready'} />
              ) : (
                <p className="dim">{t('request.closureNone')}</p>
              )}
            </section>
          )}
        </div>
      </div>
    </article>
  )
}

function Actions({ request }: { readonly request: RequestDetail }) {
  const { t } = useTranslation()
  const { id, state } = request
  const body = useAuthor()
  const retry = useMutation({ mutationFn: () => call('retryRequest', { params: { id }, body }), onSuccess: putRequest })
  const cancel = useMutation({
    mutationFn: () => call('cancelRequest', { params: { id }, body }),
    onSuccess: putRequest,
  })
  const again = useMutation({
    mutationFn: (more: { readonly refresh?: true; readonly confirm?: true }) =>
      call('repeatRequest', { params: { id }, body: { ...body, ...more } }),
    onSuccess: ({ requests }) => {
      addRequests(requests)
      addMine(requests)
      window.scrollTo(0, 0)
    },
  })
  const failed = [retry, cancel, again].find((one) => one.isError)
  const [made] = again.data?.requests ?? []
  return (
    <div className="actions">
      {isUnfinished(state) && (
        <Button variant="default" disabled={state === 'publishing' || cancel.isPending} onClick={() => cancel.mutate()}>
          {t('request.cancel')}
        </Button>
      )}
      {!isUnfinished(state) && state !== 'ready' && (
        <Button disabled={retry.isPending} onClick={() => retry.mutate()}>
          {t('request.retry')}
        </Button>
      )}
      {state === 'ready' && !isWithdrawal(request.requirements) && (
        <Button variant="default" disabled={again.isPending} onClick={() => again.mutate({ refresh: true })}>
          {t('request.again')}
        </Button>
      )}
      {request.problem?.code === 'closure-too-large' && (
        <Button variant="default" disabled={again.isPending} onClick={() => again.mutate({ confirm: true })}>
          {t('request.confirm')}
        </Button>
      )}
      {made && (
        <span role="status">
          {t('ask.asked')} <Link href={`/requests/${made.id}`}>{t('request.title', { id: made.id })}</Link>
        </span>
      )}
      {failed?.error && <Reason error={failed.error} />}
    </div>
  )
}

function Reason({ error }: { readonly error: Error }) {
  return (
    <span className="cause" role="alert">
      {useReason(error)} <LogId of={error} />
    </span>
  )
}

/** What is wrong and what to do; the solver's own words are folded, and no colon leads to them. */
function Problems({ request }: { readonly request: RequestDetail }) {
  const { t } = useTranslation()
  const { problem, waiting, state } = request
  const unfinished = isUnfinished(state)
  const shown = unfinished ? waiting : problem
  if (!shown) return null
  const { explanation, build } = shown.fields
  const said = typeof explanation === 'string' ? explanation : null
  const detail =
    said === null
      ? shown.detail
      : shown.detail
          .replace(said, '')
          .trim()
          .replace(/[:：]$/, '')
  return (
    <section className={unfinished ? 'problem waits' : 'problem'} role="alert">
      {unfinished && <p className="dim">{t('request.waiting')}</p>}
      <p className="plain">{detail}</p>
      {shown.hint && <p className="plain hint">{shown.hint}</p>}
      {typeof build === 'number' && <Link href={`/builds/${build}`}>{t('build.log')}</Link>}
      {said !== null && (
        <details open={said.length < 600}>
          <summary>{t('request.words')}</summary>
          <pre>{said}</pre>
        </details>
      )}
      {!unfinished && <LogId of={request.reqId} />}
    </section>
  )
}

function Install({ request }: { readonly request: RequestDetail }) {
  const { t } = useTranslation()
  const { data } = useQuery(targetsQuery)
  const index = data?.targets.find(
    ({ name, ecosystem }) => name === request.target && ecosystem === request.ecosystem,
  )?.index
  const files = request.ecosystem === 'pip' && index !== undefined ? exactly(index, request.id) : null
  return (
    <section>
      <h2>{t('request.install')}</h2>
      <CopyLine block text={request.install} />
      {files !== null && (
        <details>
          <summary>{t('request.exactly')}</summary>
          <CopyLine block text={files} />
        </details>
      )}
    </section>
  )
}
