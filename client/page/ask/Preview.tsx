/** What a request would bring, before it is made: solved now, kept nowhere. */
import { ActionIcon } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { bytes } from '../amounts.ts'
import { call } from '../api.ts'
import { Failed } from '../frame/Failed.tsx'
import { Icon } from '../frame/Icon.tsx'
import { Quiet } from '../frame/Quiet.tsx'
import { useClosureTable } from '../request/ClosureTable.tsx'
import type { Ecosystem } from '../queries.ts'

export type Wish = {
  readonly ecosystem: Ecosystem
  readonly lines: readonly string[]
  readonly targets: readonly string[]
}

export function Preview({ wish, onClose }: { readonly wish: Wish; readonly onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <section className="preview" aria-label={t('preview.label')}>
      <ActionIcon className="close" aria-label={t('preview.close')} title={t('preview.close')} onClick={onClose}>
        <Icon name="close" />
      </ActionIcon>
      {wish.targets.map((target) => (
        <Previewed key={target} wish={wish} target={target} />
      ))}
    </section>
  )
}

function Previewed({ wish, target }: { readonly wish: Wish; readonly target: string }) {
  const { t } = useTranslation()
  const { ecosystem, lines } = wish
  const preview = useQuery({
    queryKey: ['previewClosure', ecosystem, lines, target],
    queryFn: ({ signal }) => call('previewClosure', { body: { ecosystem, requirements: [...lines], target }, signal }),
    staleTime: 60_000,
    retry: false,
  })
  const table = useClosureTable(preview.data?.closure ?? [], { ecosystem })
  if (preview.isPending) return <Quiet what={t('preview.solving', { target })} />
  if (preview.isError)
    return <Failed what={t('preview.failed', { target })} error={preview.error} again={() => void preview.refetch()} />
  const { closure, bytes: size, remarks } = preview.data
  const fresh = closure.filter((item) => item.new).length
  return (
    <>
      <p role="status">
        {fresh === 0
          ? t('preview.nothing', { target })
          : t('preview.summary', {
              target,
              count: closure.length,
              fresh,
              here: closure.length - fresh,
              size: size === null ? t('preview.sizeUnknown') : bytes(size),
            })}
      </p>
      {remarks.map(({ message }) => (
        <p key={message} className="remark">
          {message}
        </p>
      ))}
      <div className="scroll" tabIndex={0} role="region" aria-label={`${t('preview.label')}: ${target}`}>
        {table}
      </div>
    </>
  )
}
