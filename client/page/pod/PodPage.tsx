/** What is typed in a pod, for this Airlock's real address and each kind of pod. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { CopyLine } from '../frame/Copy.tsx'
import { Failed } from '../frame/Failed.tsx'
import { Quiet } from '../frame/Quiet.tsx'
import { useTitle } from '../frame/useTitle.ts'
import { targetsQuery, type TargetView } from '../queries.ts'
import { AddTarget, RemoveTarget } from './AddTarget.tsx'
import { aptKey, aptSource, aptSourceCommand, pipEach, pipOnce, setUp, setUpMounted, uvOnce } from './commands.ts'

export function PodPage() {
  const { t } = useTranslation()
  useTitle(t('pod.title'))
  const targets = useQuery(targetsQuery)
  if (targets.isPending) return <Quiet what={t('pod.loading')} />
  if (!targets.data)
    return <Failed what={t('pod.failedToLoad')} error={targets.error} again={() => void targets.refetch()} />
  const all = targets.data.targets
  return (
    <article className="pod">
      <h1>{t('pod.title')}</h1>
      <p>{t('pod.intro')}</p>
      {all.length === 0 && <p className="empty">{t('pod.noTargets')}</p>}
      {all.map((target) => (
        <section key={`${target.ecosystem} ${target.name}`} aria-labelledby={`${target.ecosystem}-${target.name}`}>
          <h2 id={`${target.ecosystem}-${target.name}`}>
            <span className="kind">{target.ecosystem}</span> {target.name}{' '}
            <span className="dim">
              {target.summary} · {t('pod.from', { source: target.source })}
            </span>
            {target.addedAt !== undefined && (
              <>
                {' '}
                <RemoveTarget name={target.name} />
              </>
            )}
          </h2>
          {!/^https?:/.test(target.index) ? (
            <p className="remark">{t('pod.apart')}</p>
          ) : (
            <>
              <WholePod target={target} />
              {target.ecosystem === 'pip' ? <Pip target={target} /> : <Apt target={target} />}
            </>
          )}
        </section>
      ))}
      {(targets.data.setAside ?? []).map(({ name, problem }) => (
        <section key={name} aria-label={name}>
          <p className="remark">
            {t('pod.aside', { name })} {problem.detail} <span className="dim">{problem.hint}</span>{' '}
            <RemoveTarget name={name} />
          </p>
        </section>
      ))}
      <AddTarget index={all.find(({ index }) => /^https?:/.test(index))?.index ?? null} />
      <p className="dim">{t('pod.missing')}</p>
    </article>
  )
}

function WholePod({ target: { index, name } }: { readonly target: TargetView }) {
  const { t } = useTranslation()
  const line = setUp(index, name)
  return (
    <dl>
      {line !== null && (
        <>
          <dt>{t('pod.whole')}</dt>
          <dd>
            <CopyLine block text={line} />
          </dd>
        </>
      )}
      <dt>{t('pod.mounted')}</dt>
      <dd>
        <CopyLine block text={setUpMounted(name)} />
      </dd>
    </dl>
  )
}

function Pip({ target: { index } }: { readonly target: TargetView }) {
  const { t } = useTranslation()
  return (
    <dl>
      <dt>{t('pod.pipOnce')}</dt>
      <dd>
        <CopyLine block text={pipOnce(index)} />
      </dd>
      <dt>{t('pod.pipEach')}</dt>
      <dd>
        <CopyLine block text={pipEach(index, 'NAME')} />
      </dd>
      <dt>{t('pod.uv')}</dt>
      <dd>
        <CopyLine block text={uvOnce(index)} />
      </dd>
      <dt>{t('pod.afterwards')}</dt>
      <dd>
        <CopyLine block text="pip install NAME" />
      </dd>
    </dl>
  )
}

function Apt({ target: { index } }: { readonly target: TargetView }) {
  const { t } = useTranslation()
  const [key, source, command] = [aptKey(index), aptSource(index), aptSourceCommand(index)]
  return (
    <dl>
      {key !== null && (
        <>
          <dt>{t('pod.aptKey')}</dt>
          <dd>
            <CopyLine block text={key} />
          </dd>
        </>
      )}
      {source !== null && command !== null && (
        <>
          <dt>{t('pod.aptSource')}</dt>
          <dd>
            <CopyLine block text={command} />
          </dd>
        </>
      )}
      <dt>{t('pod.afterwards')}</dt>
      <dd>
        <CopyLine block text="apt-get update && apt-get install NAME" />
      </dd>
    </dl>
  )
}
