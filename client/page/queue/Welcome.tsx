/** The empty board walks somebody's first request to a working install. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { CopyLine } from '../frame/Copy.tsx'
import { targetsQuery } from '../queries.ts'
import { pipOnce, setUp } from '../pod/commands.ts'

export function Welcome() {
  const { t } = useTranslation()
  const { data } = useQuery(targetsQuery)
  const pip = data?.targets.find(({ ecosystem }) => ecosystem === 'pip')
  return (
    <div className="welcome">
      <h2>{t('welcome.title')}</h2>
      <ol>
        <li>{t('welcome.one', { example: 'numpy' })}</li>
        <li>{t('welcome.two')}</li>
        {pip && (
          <li>
            {t('welcome.three')} <CopyLine block text={setUp(pip.index, pip.name) ?? pipOnce(pip.index)} />
          </li>
        )}
        <li>
          {t('welcome.four')} <CopyLine block text="pip install numpy" />
        </li>
      </ol>
      <p>
        <Link href="/pod">{t('welcome.pod')}</Link>
      </p>
    </div>
  )
}
