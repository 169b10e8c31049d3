/** Where names are typed, with those known here offered while typing. */
import { Textarea } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useId, useState, type KeyboardEvent, type Ref } from 'react'
import { useTranslation } from 'react-i18next'
import { call } from '../api.ts'
import type { Ecosystem } from '../queries.ts'
import { wordAt } from './lines.ts'

type Props = {
  readonly ref: Ref<HTMLTextAreaElement>
  readonly ecosystem: Ecosystem
  readonly text: string
  readonly onText: (text: string) => void
  /** True: it was read, and the text is set already. */
  readonly onPaste: (pasted: string) => boolean
  readonly onPreview: () => void
  readonly onAsk: () => void
}

export function NamesBox({ ref, ecosystem, text, onText, onPaste, onPreview, onAsk }: Props) {
  const { t } = useTranslation()
  const list = useId()
  const [caret, setCaret] = useState(0)
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const at = open ? wordAt(text, caret) : null
  const [prefix] = useDebouncedValue(at?.word ?? '', 120)
  const { data } = useQuery({
    queryKey: ['listNames', ecosystem, prefix],
    queryFn: ({ signal }) => call('listNames', { params: { ecosystem }, query: { prefix, limit: 8 }, signal }),
    enabled: prefix.length > 1,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
  const word = at?.word.toLowerCase() ?? ''
  const names = at === null ? [] : (data?.names ?? []).filter(({ name }) => name.startsWith(word) && name !== word)
  const shown = names.length > 0

  function complete(name: string): void {
    if (at === null) return
    onText(text.slice(0, at.from) + name + text.slice(at.from + at.word.length))
    setOpen(false)
    setActive(-1)
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.nativeEvent.isComposing) return
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (shown && move !== undefined) {
      event.preventDefault()
      // one place more than there are names: back in the text
      setActive(((active + 1 + move + names.length + 1) % (names.length + 1)) - 1)
    } else if (shown && event.key === 'Tab' && !event.shiftKey && active >= 0) {
      event.preventDefault()
      complete(names[active]!.name)
    } else if (event.key === 'Escape') {
      // what is offered first, then the preview
      if (shown) event.preventDefault()
      setOpen(false)
      setActive(-1)
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      if (event.ctrlKey || event.metaKey) onAsk()
      else if (shown && active >= 0) complete(names[active]!.name)
      else {
        setOpen(false)
        onPreview()
      }
    }
  }

  return (
    <div className="names">
      <Textarea
        ref={ref}
        size="xs"
        autosize
        minRows={1}
        maxRows={8}
        aria-label={t('ask.names')}
        aria-autocomplete="list"
        {...(shown && { 'aria-controls': list })}
        {...(shown && active >= 0 && { 'aria-activedescendant': `${list}-${active}` })}
        aria-keyshortcuts="/"
        placeholder={t(ecosystem === 'pip' ? 'ask.hintPip' : 'ask.hintApt')}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        value={text}
        onChange={({ currentTarget }) => {
          onText(currentTarget.value)
          setCaret(currentTarget.selectionStart)
          setOpen(true)
          setActive(-1)
        }}
        onSelect={({ currentTarget }) => setCaret(currentTarget.selectionStart)}
        onBlur={() => setOpen(false)}
        onPaste={(event) => {
          if (onPaste(event.clipboardData.getData('text/plain'))) event.preventDefault()
        }}
        onKeyDown={onKeyDown}
      />
      {shown && (
        <ul id={list} className="offers" role="listbox" aria-label={t('ask.suggestions')}>
          {names.map(({ name, known, summary }, index) => (
            // the keyboard moves within the text area, which names the active one
            <li
              key={name}
              id={`${list}-${index}`}
              role="option"
              aria-selected={index === active}
              onMouseDown={(event) => {
                event.preventDefault()
                complete(name)
              }}
            >
              <span className="mono">{name}</span> <span className="dim">{summary ?? t(`origin.${known}`)}</span>
            </li>
          ))}
        </ul>
      )}
      <span className="unseen" role="status">
        {shown ? t('ask.summarySuggestions', { count: names.length }) : ''}
      </span>
    </div>
  )
}
