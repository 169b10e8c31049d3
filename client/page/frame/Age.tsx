/** How long ago, short, with the exact time on hover; it goes on by itself. */
import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { exactTime, span } from '../amounts.ts'

let now = Date.now()
const watchers = new Set<() => void>()
setInterval(() => {
  now = Date.now()
  for (const watcher of watchers) watcher()
}, 10_000)

/** The time, to ten seconds; one clock for all. */
export function useNow(): number {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    () => now,
  )
}

export function useSpan(): (seconds: number) => string {
  const { t } = useTranslation()
  return (seconds) => {
    const { unit, n } = span(seconds)
    return unit === 'now' ? t('age.now') : t(`age.${unit}`, { n })
  }
}

/** The same as a time of the past, wherever no heading says that it is one. */
export function useAgo(): (seconds: number) => string {
  const { t } = useTranslation()
  const say = useSpan()
  return (seconds) => (span(seconds).unit === 'now' ? t('age.justNow') : t('age.ago', { time: say(seconds) }))
}

/** `short`: for the board, whose column is narrow. */
export function Age({ at, short = false }: { readonly at: string; readonly short?: boolean }) {
  const [brief, full] = [useSpan(), useAgo()]
  const seconds = (Math.max(useNow(), Date.now()) - Date.parse(at)) / 1000
  return (
    <time className="number" dateTime={at} title={exactTime(at)}>
      {short ? brief(seconds) : full(seconds)}
    </time>
  )
}
