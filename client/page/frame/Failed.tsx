/** What could not be read, why, and the way to try again. */
import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Refused, Unreachable } from '../api.ts'

/** A refusal of what was sent: it is refused again. What stands in the way only now (409) is none. */
function isFinal(error: Error): boolean {
  if (!(error instanceof Refused)) return false
  const { status } = error.problem
  return status >= 400 && status < 500 && status !== 409
}

export function Failed({
  what,
  error,
  again,
}: {
  readonly what: string
  readonly error: Error
  readonly again?: () => void
}) {
  const { t } = useTranslation()
  return (
    <div className="failure" role="alert">
      <p>
        <strong>{what}</strong> {useReason(error)}
      </p>
      {error instanceof Refused && error.problem.hint && <p className="dim">{error.problem.hint}</p>}
      <LogId of={error} />
      {again && !isFinal(error) && (
        <Button variant="default" onClick={again}>
          {t('queue.again')}
        </Button>
      )}
    </div>
  )
}

/** What finds a failure in the server's log: an exchange's own, or the one that a request was asked in; nothing where no server answered. */
export function LogId({ of }: { readonly of: Error | string | null }) {
  const { t } = useTranslation()
  const id = of instanceof Refused || of instanceof Unreachable ? of.reqId : of
  if (typeof id !== 'string' || (of instanceof Unreachable && of.status === null)) return null
  return (
    <span className="log-id dim">
      {t('fault.logId')} <code>{id}</code>
    </span>
  )
}

/** An error in a sentence, in the reader's language. */
export function useReason(error: Error): string {
  const { t } = useTranslation()
  if (error instanceof Refused) return error.problem.detail
  if (error instanceof Unreachable)
    return error.status === null ? t('fault.unreachable') : t('fault.unexpected', { status: error.status })
  return t('fault.crash')
}
