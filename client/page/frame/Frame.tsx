/** What every page has: where one is, the state of Airlock, and the bar to ask in. */
import { ActionIcon, SegmentedControl, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useEffect, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { AskBar } from '../ask/AskBar.tsx'
import { connect, useLine } from '../live.ts'
import { follow } from '../mine.tsx'
import { queryClient } from '../queries.ts'
import { exactTime } from '../amounts.ts'
import { language, speak } from '../words/index.ts'
import { Icon } from './Icon.tsx'
import { StatusLine } from './StatusLine.tsx'

export function Frame({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation()
  useEffect(connect, [])
  useEffect(follow, [])
  return (
    <>
      <a className="skip" href="#main">
        {t('nav.skip')}
      </a>
      <header className="top">
        <Link href="/" className="brand">
          Airlock
        </Link>
        <nav>
          <Tab href="/" text={t('nav.queue')} />
          <Tab href="/packages" text={t('nav.packages')} />
          <Tab href="/pod" text={t('nav.pod')} />
        </nav>
        <StatusLine />
        <LanguageSwitch />
        <SchemeSwitch />
      </header>
      <Offline />
      <AskBar />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <footer>{t('status.public')}</footer>
    </>
  )
}

function Tab({ href, text }: { readonly href: string; readonly text: string }) {
  return (
    <Link href={href} className={(active) => (active ? 'tab on' : 'tab')}>
      {text}
    </Link>
  )
}

function Offline() {
  const { t } = useTranslation()
  const { line, heardAt } = useLine()
  if (line !== 'offline') return null
  return (
    <p className="offline" role="status">
      <strong>{t('status.offline')}</strong>{' '}
      {t('status.offlineSince', { time: exactTime(new Date(heardAt).toISOString()).slice(11) })}
    </p>
  )
}

function LanguageSwitch() {
  const { t } = useTranslation()
  return (
    <SegmentedControl
      size="xs"
      aria-label={t('nav.language')}
      value={language()}
      onChange={(to) => void speak(to).then(() => queryClient.invalidateQueries())}
      data={[
        { value: 'en', label: 'EN' },
        { value: 'zh', label: '中' },
      ]}
    />
  )
}

function SchemeSwitch() {
  const { t } = useTranslation()
  // else it stops transitions by a style element, which the policy bars
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true })
  const dark = useComputedColorScheme('light') === 'dark'
  const label = t(dark ? 'nav.toLight' : 'nav.toDark')
  return (
    <ActionIcon size="md" aria-label={label} title={label} onClick={() => setColorScheme(dark ? 'light' : 'dark')}>
      <Icon name={dark ? 'sun' : 'moon'} />
    </ActionIcon>
  )
}
