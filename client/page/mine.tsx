/** Requests that were made in this browser: followed until they end, so that it can say so where that is allowed. */
import { Checkbox } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { call } from './api.ts'
import { isUnfinished, type RequestView } from './queries.ts'
import { recall, remember } from './remember.ts'
import { i18next } from './words/index.ts'

/** ms between two looks. Slow, since the stream is for those who watch; this one is for who went away. */
const interval = 5000
const most = 50
let timer: number | undefined

function mine(): number[] {
  return (recall('mine') ?? '')
    .split(',')
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0)
}

export function addMine(requests: readonly RequestView[]): void {
  remember('mine', [...mine(), ...requests.map(({ id }) => id)].slice(-most).join(','))
  follow()
}

/** Looks after what is not finished yet, for as long as somebody wants to be told. */
export function follow(): void {
  window.clearTimeout(timer)
  if (recall('notify') !== 'yes' || !('Notification' in window) || Notification.permission !== 'granted') return
  if (mine().length === 0) return
  timer = window.setTimeout(() => void look().finally(follow), interval)
}

async function look(): Promise<void> {
  for (const id of mine()) {
    const request = await call('getRequest', { params: { id } }).catch(() => null)
    if (!request || isUnfinished(request.state)) continue
    remember(
      'mine',
      mine()
        .filter((other) => other !== id)
        .join(','),
    )
    if (request.state === 'ready' || request.state === 'failed') tell(request)
  }
}

function tell(request: RequestView): void {
  const what = request.requirements.slice(0, 3).join(' ')
  const notification = new Notification(i18next.t(`notification.${request.state as 'ready' | 'failed'}`, { what }), {
    body: request.state === 'ready' ? request.install : (request.problem?.detail ?? ''),
    tag: `airlock-${request.id}`,
  })
  notification.addEventListener('click', () => {
    window.focus()
    window.location.assign(`/requests/${request.id}`)
  })
}

export function NotifySwitch() {
  const { t } = useTranslation()
  const [on, setOn] = useState(recall('notify') === 'yes')
  const [blocked, setBlocked] = useState(false)
  if (!('Notification' in window) || !window.isSecureContext) return null
  async function change(wanted: boolean): Promise<void> {
    const allowed = wanted && (await Notification.requestPermission()) === 'granted'
    setOn(allowed)
    setBlocked(wanted && !allowed)
    remember('notify', allowed ? 'yes' : null)
    follow()
  }

  return (
    <Checkbox
      size="xs"
      label={blocked ? t('ask.notifyBlocked') : t('ask.notify')}
      checked={on}
      onChange={({ currentTarget: { checked } }) => void change(checked)}
    />
  )
}
