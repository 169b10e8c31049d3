/** One build: what went in, what came of it, and what was said while it ran. */
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { bytes, duration } from '../amounts.ts'
import { Refused, type AnswerOf } from '../api.ts'
import { Age } from '../frame/Age.tsx'
import { Failed } from '../frame/Failed.tsx'
import { Missing } from '../frame/Missing.tsx'
import { Quiet } from '../frame/Quiet.tsx'
import { useTitle } from '../frame/useTitle.ts'
import { buildQuery } from '../queries.ts'
import { StateMark } from '../queue/StateMark.tsx'

type Build = AnswerOf<'getBuild'>
type Material = Build['source']

export function BuildPage({ id }: { readonly id: number }) {
  const { t } = useTranslation()
  const { data, error, isPending, refetch } = useQuery(buildQuery(id))
  useTitle(data ? t('build.title', { project: data.project, version: data.version }) : t('build.name', { id }))
  if (isPending) return <Quiet what={t('build.loading', { id })} />
  if (data) return <Shown build={data} />
  if (error instanceof Refused && error.problem.status === 404)
    return <Missing what={t('build.missing', { id })} href="/" instead={t('request.toQueue')} />
  return <Failed what={t('build.failedToLoad')} error={error} again={() => void refetch()} />
}

function Shown({ build }: { readonly build: Build }) {
  const { t } = useTranslation()
  const { id, ecosystem, project, version, target, source, requirements, builder, made, problem, log } = build
  const seconds = (Date.parse(build.endedAt) - Date.parse(build.beganAt)) / 1000
  const by = ['implementation', 'python', 'platform']
    .map((key) => builder[key])
    .filter((one) => typeof one === 'string')
  return (
    <article className="request">
      <header>
        <h1>
          <StateMark state={made ? 'ready' : 'failed'} />{' '}
          <Link className="mono names-title" href={`/packages/${ecosystem}/${project}`}>
            {project} {version}
          </Link>
        </h1>
        <p className="dim">
          {t('build.name', { id })} · {target} · {t('build.took', { time: duration(seconds) })} ·{' '}
          <Age at={build.endedAt} />
        </p>
      </header>
      {problem && (
        <section className="problem">
          <p className="plain">{problem.detail}</p>
          <p className="plain hint">{problem.hint}</p>
        </section>
      )}
      <dl className="build">
        {made && (
          <Row name={t('build.made')}>
            <File file={{ ...made, origin: '' }} />
          </Row>
        )}
        <Row name={t('build.source')}>
          <File file={source} />
        </Row>
        {requirements.length > 0 && (
          <Row name={t('build.requirements')}>
            {requirements.map((file) => (
              <File key={file.sha256} file={file} />
            ))}
          </Row>
        )}
        <Row name={t('build.by')}>{by.join(' ')}</Row>
      </dl>
      <section>
        <h2>{t('build.log')}</h2>
        <p className="dim">{t('build.logOwn')}</p>
        {log === '' ? <p className="dim">{t('build.silent')}</p> : <pre className="log">{log}</pre>}
      </section>
    </article>
  )
}

function Row({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}

function File({ file: { file, sha256, size, origin } }: { readonly file: Material }) {
  return (
    <div>
      <span className="mono">{file}</span>{' '}
      <span className="dim">
        {size === null ? '' : bytes(size)} {origin}
      </span>
      <div className="mono dim digest">{sha256}</div>
    </div>
  )
}
