/** Disk, queue, upstreams, and whether what is shown is live. */
import { Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { bytes } from '../amounts.ts'
import { useLine } from '../live.ts'
import { statusQuery } from '../queries.ts'
import { useAgo, useNow } from './Age.tsx'

export function StatusLine() {
  const { t } = useTranslation()
  const { data } = useQuery(statusQuery)
  const { line } = useLine()
  const ago = useAgo()
  const now = useNow()
  const upstreams = data?.upstreams ?? []
  const down = upstreams.find(({ contact }) => contact && !contact.ok)
  const asked = upstreams.some(({ contact }) => contact)
  const low = data !== undefined && data.disk.free < data.disk.keepFree * 2
  return (
    <ul className="status" aria-label={t('status.label')}>
      {line !== 'hidden' && (
        <li className={`line-${line}`} data-line={line}>
          {line === 'live' || line === 'polling' ? t(`status.${line}`) : t('status.reconnecting')}
        </li>
      )}
      {/* of a server that does not answer, it is how it was */}
      {data && line !== 'offline' && (
        <>
          <li className={low ? 'cause' : undefined}>
            {t(low ? 'status.low' : 'status.free', { size: bytes(data.disk.free) })}
          </li>
          {data.unfinished > 0 && <li>{t('status.queue', { count: data.unfinished })}</li>}
          {upstreams.length > 0 && (
            <li className={down ? 'cause' : undefined}>
              <Tooltip
                label={
                  <>
                    {upstreams.map(({ name, contact }) => (
                      <div key={name}>
                        {contact
                          ? t('status.contact', { name, when: ago((now - Date.parse(contact.at)) / 1000) })
                          : t('status.never', { name })}
                      </div>
                    ))}
                  </>
                }
              >
                <button type="button" className="plain-button">
                  {down
                    ? t('status.upstreamFailed', { name: down.name })
                    : asked
                      ? t('status.upstreamsOk')
                      : t('status.upstreamsUnknown')}
                </button>
              </Tooltip>
            </li>
          )}
        </>
      )}
    </ul>
  )
}
