/** How far a download is: a bar, and the numbers beside it. */
import { useTranslation } from 'react-i18next'
import { bytes, secondsLeft } from '../amounts.ts'
import { useSpan } from '../frame/Age.tsx'
import type { Progress } from '../queries.ts'

export function Bar({ progress }: { readonly progress: Progress }) {
  const { t } = useTranslation()
  const say = useSpan()
  const { bytes: done, bytesTotal, bytesPerSecond, files, filesTotal, doing } = progress
  const left = secondsLeft(progress)
  const share = bytesTotal ? done / bytesTotal : filesTotal > 0 ? files / filesTotal : 0
  if (doing)
    return (
      <span className="bar">
        <progress max={1} value={share} aria-label={t('state.building')} />
        <span className="number dim files">
          {files}/{filesTotal}
        </span>
        <span className="mono">{doing}</span>
      </span>
    )
  return (
    <span className="bar">
      <progress max={1} value={Math.min(1, share)} aria-label={t('state.downloading')} />
      <span className="number">
        {bytes(done)}
        {bytesTotal !== null && <> / {bytes(bytesTotal)}</>}
      </span>
      <span className="number dim files">
        {files}/{filesTotal}
      </span>
      {bytesPerSecond > 0 && <span className="number dim">{bytes(bytesPerSecond)}/s</span>}
      {left !== null && (
        <span className="number dim">{t('age.left', { time: say(Math.max(1, left) < 5 ? 5 : left) })}</span>
      )}
    </span>
  )
}
