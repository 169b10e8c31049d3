/** One package: what it is, how it is installed, which files are here for which pods, who asked and what needs it. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { bytes } from '../amounts.ts'
import { call, Refused, type AnswerOf } from '../api.ts'
import { bring } from '../ask/bring.ts'
import { Age } from '../frame/Age.tsx'
import { CopyLine } from '../frame/Copy.tsx'
import { Failed } from '../frame/Failed.tsx'
import { Missing } from '../frame/Missing.tsx'
import { Quiet } from '../frame/Quiet.tsx'
import { useTitle } from '../frame/useTitle.ts'
import type { Ecosystem } from '../queries.ts'
import { Matrix } from './Matrix.tsx'

const Markdown = lazy(() => import('./Markdown.tsx').then(({ Markdown: markdown }) => ({ default: markdown })))

/** Names that need it, before one would rather search. */
const mostNeeding = 30

type Props = { readonly ecosystem: Ecosystem; readonly name: string }

export function PackagePage({ ecosystem, name }: Props) {
  const { t } = useTranslation()
  useTitle(name)
  const params = { ecosystem, name }
  const found = useQuery({
    queryKey: ['getPackage', ecosystem, name],
    queryFn: ({ signal }) => call('getPackage', { params, signal }),
  })
  const described = useQuery({
    queryKey: ['describePackage', ecosystem, name],
    queryFn: ({ signal }) => call('describePackage', { params, signal }),
  })
  if (found.isPending) return <Quiet what={t('package.loading', { name })} />
  if (!found.data) {
    if (found.error instanceof Refused && found.error.problem.status === 404)
      return (
        <Missing what={t('package.missing', { name })} href="/packages" instead={t('package.toPackages')}>
          <p>
            <Button variant="default" onClick={() => bring(ecosystem, name)}>
              {t('package.ask')}
            </Button>
          </p>
        </Missing>
      )
    return <Failed what={t('package.failedToLoad')} error={found.error} again={() => void found.refetch()} />
  }
  const { summary, files, neededBy } = found.data
  return (
    <article className="package">
      <header>
        <h1>
          <span className="kind">{ecosystem}</span> <span className="mono">{name}</span>{' '}
          {described.data && <span className="mono dim">{described.data.version}</span>}
        </h1>
        {summary !== null && <p className="plain">{summary}</p>}
        {described.data?.install.map(({ target, line }, index, all) =>
          index > 0 && all[0]!.line === line ? null : <CopyLine key={target} block text={line} />,
        )}
      </header>
      <h2>{t('package.files')}</h2>
      <Matrix files={files} fits={described.data?.fits ?? []} />
      <div className="package-facts">
        <section>
          <h2>{t('package.askers')}</h2>
          <Askers askers={described.data?.askers ?? []} />
        </section>
        <section>
          <h2>{t('package.neededBy')}</h2>
          {neededBy.length === 0 ? (
            <p className="dim">{t('package.nothing')}</p>
          ) : (
            <p>
              {neededBy.slice(0, mostNeeding).map((other) => (
                <span key={other}>
                  <Link className="mono" href={`/packages/${ecosystem}/${encodeURIComponent(other)}`}>
                    {other}
                  </Link>{' '}
                </span>
              ))}
              {neededBy.length > mostNeeding && (
                <span className="dim">{t('queue.more', { count: neededBy.length - mostNeeding })}</span>
              )}
            </p>
          )}
        </section>
        <section>
          <h2>{t('package.fetched')}</h2>
          <p>
            <Age
              at={files
                .map(({ addedAt }) => addedAt)
                .toSorted()
                .at(-1)!}
            />{' '}
            <span className="dim">· {bytes(files.reduce((sum, { size }) => sum + (size ?? 0), 0))}</span>
          </p>
        </section>
      </div>
      <h2>{t('package.readme')}</h2>
      {described.data && <Readme description={described.data.description} />}
    </article>
  )
}

function Askers({ askers }: Pick<AnswerOf<'describePackage'>, 'askers'>) {
  const { t } = useTranslation()
  if (askers.length === 0) return <p className="dim">{t('package.nobody')}</p>
  return (
    <ul className="askers">
      {askers.map(({ id, requester, at }) => (
        <li key={id}>
          <Link href={`/requests/${id}`}>{requester ?? t('request.title', { id })}</Link>{' '}
          <span className="dim">
            <Age at={at} />
          </span>
        </li>
      ))}
    </ul>
  )
}

function Readme({ description }: Pick<AnswerOf<'describePackage'>, 'description'>) {
  const { t } = useTranslation()
  if (description === null) return <p className="dim">{t('package.noReadme')}</p>
  if (!description.markdown) return <pre className="readme">{description.text}</pre>
  return (
    <Suspense fallback={<Quiet />}>
      <Markdown text={description.text} />
    </Suspense>
  )
}
