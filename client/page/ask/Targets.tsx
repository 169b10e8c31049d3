/** For which kinds of pod: what each is stands beside its name; several may be chosen. */
import { Button, Checkbox, Popover } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../frame/Icon.tsx'
import { targetsQuery, type Ecosystem, type TargetView } from '../queries.ts'
import { recall, remember } from '../remember.ts'

/** The targets of an ecosystem, and those that were chosen last, as far as they still exist; else the first. */
export function useTargets(ecosystem: Ecosystem) {
  const { data } = useQuery(targetsQuery)
  const [picked, setPicked] = useState<Partial<Record<Ecosystem, readonly string[]>>>({})
  const all = (data?.targets ?? []).filter((target) => target.ecosystem === ecosystem)
  const last = picked[ecosystem] ?? recall(`targets.${ecosystem}`)?.split(',') ?? []
  const kept = all.map(({ name }) => name).filter((name) => last.includes(name))
  const chosen = kept.length > 0 ? kept : all.slice(0, 1).map(({ name }) => name)
  function choose(names: readonly string[]): void {
    setPicked({ ...picked, [ecosystem]: names })
    remember(`targets.${ecosystem}`, names.join(','))
  }
  return { all, chosen, choose, isKnown: data !== undefined }
}

type Props = {
  readonly all: readonly TargetView[]
  readonly chosen: readonly string[]
  readonly choose: (names: readonly string[]) => void
}

export function Targets({ all, chosen, choose }: Props) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const [only] = all
  if (!only) return <span className="targets dim">{t('ask.noTargets')}</span>
  if (all.length === 1)
    return (
      <span className="targets" title={only.summary}>
        <span className="dim">{t('ask.target')}</span> {only.name} <span className="dim">{only.summary}</span>
      </span>
    )
  const summary = chosen.length === 1 ? all.find(({ name }) => name === chosen[0])?.summary : ''
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          className="targets"
          rightSection={<Icon name="down" />}
          onClick={() => setOpen(!open)}
        >
          <span className="dim">{t('ask.target')}</span>&nbsp;{chosen.join(', ')}
          {summary && <span className="dim">&nbsp;{summary}</span>}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <fieldset className="choices">
          <legend>{t('ask.targets')}</legend>
          {all.map(({ name, summary: what }) => (
            <Checkbox
              key={name}
              size="xs"
              label={name}
              description={what}
              checked={chosen.includes(name)}
              disabled={chosen.length === 1 && chosen[0] === name}
              onChange={({ currentTarget: { checked } }) =>
                choose(checked ? [...chosen, name] : chosen.filter((one) => one !== name))
              }
            />
          ))}
          {chosen.length < all.length && (
            <button type="button" className="act" onClick={() => choose(all.map(({ name }) => name))}>
              {t('ask.allTargets')}
            </button>
          )}
        </fieldset>
      </Popover.Dropdown>
    </Popover>
  )
}
