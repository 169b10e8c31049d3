/** The bar to ask in, on every page. Enter previews, Ctrl+Enter asks; `/` brings one here. */
import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState, type DragEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import { call } from '../api.ts'
import { useAuthor, useName } from '../me.ts'
import { addMine, NotifySwitch } from '../mine.tsx'
import { addRequests, type Ecosystem, type RequestView } from '../queries.ts'
import { recall, remember } from '../remember.ts'
import { onBring } from './bring.ts'
import { AskProblem } from './AskProblem.tsx'
import { Checked } from './Checked.tsx'
import { isFile, splitRequirements } from './lines.ts'
import { NamesBox } from './NamesBox.tsx'
import { understand } from './paste.ts'
import { Preview, type Wish } from './Preview.tsx'
import { Targets, useTargets } from './Targets.tsx'

const maxFile = 200_000
const maxLock = 8_000_000
/** What tools call their locks; a requirements file is a lock only where it says so. */
const lockName = /^(?:uv\.lock|poetry\.lock|Pipfile\.lock|pylock(?:\.[^.]+)?\.toml)$/
const maxLines = 1000
/** What takes a `/` for itself. */
const writable = 'input:not([type=checkbox], [type=radio]), textarea, select'

export function AskBar() {
  const { t } = useTranslation()
  const box = useRef<HTMLTextAreaElement>(null)
  const [ecosystem, setEcosystem] = useState<Ecosystem>(recall('ecosystem') === 'apt' ? 'apt' : 'pip')
  const [text, setText] = useState('')
  /** What stood there before a paste was understood. */
  const [replaced, setReplaced] = useState<{ readonly text: string; readonly names: readonly string[] } | null>(null)
  const [note, setNote] = useState('')
  const [name, setName] = useName()
  const author = useAuthor()
  const [wish, setWish] = useState<Wish | null>(null)
  const [asked, setAsked] = useState<readonly RequestView[]>([])
  const [lock, setLock] = useState<{ readonly file: string; readonly text: string } | null>(null)
  const [dragged, setDragged] = useState(false)
  const [tooLarge, setTooLarge] = useState(false)
  const { all: targets, chosen, choose } = useTargets(ecosystem)

  const lines = splitRequirements(text, ecosystem)
  const asFile = ecosystem === 'pip' && isFile(text)
  const [settled] = useDebouncedValue(lines.join('\n'), 200)
  const checked = useQuery({
    queryKey: ['checkRequirements', ecosystem, settled, chosen],
    queryFn: ({ signal }) =>
      call('checkRequirements', {
        body: { ecosystem, requirements: settled.split('\n').slice(0, maxLines), targets: [...chosen] },
        signal,
      }),
    enabled: settled !== '' && chosen.length > 0,
    // of the other ecosystem it would be said of other packages
    placeholderData: (last, query) => (query?.queryKey[1] === ecosystem ? last : undefined),
    staleTime: 10_000,
  })

  const ask = useMutation({
    mutationFn: () => {
      const said = {
        ...author,
        ...(note.trim() !== '' && { note: note.trim() }),
      }
      if (lock)
        return call('createRequests', {
          text: lock.text,
          query: { ecosystem, lock: lock.file, target: chosen, ...said },
        })
      return asFile
        ? call('createRequests', { text, query: { ecosystem, target: chosen, ...said } })
        : call('createRequests', { body: { ecosystem, requirements: lines, targets: [...chosen], ...said } })
    },
    onSuccess: ({ requests }) => {
      addRequests(requests)
      addMine(requests)
      setAsked(requests)
      setText('')
      setLock(null)
      setNote('')
      setReplaced(null)
      setWish(null)
      box.current?.focus()
    },
  })
  const canAsk = (lines.length > 0 || lock !== null) && chosen.length > 0 && !ask.isPending

  /** What was answered to other lines, or for other targets, stands no longer. */
  function forget(): void {
    setAsked([])
    setWish(null)
    ask.reset()
  }

  function become(next: Ecosystem): void {
    setEcosystem(next)
    remember('ecosystem', next)
    forget()
  }

  function write(next: string): void {
    setText(next)
    setLock(null)
    setTooLarge(false)
    forget()
  }

  /** What was pasted or dropped is read; what stood there is a click away. */
  function take(pasted: string): boolean {
    const understood = understand(pasted)
    if (!understood) return false
    setReplaced({ text: pasted, names: understood.names })
    become(understood.ecosystem)
    write(understood.names.join('\n'))
    return true
  }

  async function drop(event: DragEvent): Promise<void> {
    event.preventDefault()
    setDragged(false)
    const [file] = event.dataTransfer.files
    if (!file) return
    if (lockName.test(file.name)) {
      become('pip')
      write('')
      if (file.size > maxLock) setTooLarge(true)
      else setLock({ file: file.name, text: await file.text() })
      return box.current?.focus()
    }
    const content = file.size > maxFile ? null : await file.text()
    if (content === null || content.split('\n').length > maxLines) return setTooLarge(true)
    if (!take(content)) {
      become('pip')
      write(content.trimEnd())
    }
    box.current?.focus()
  }

  function preview(): void {
    if (lines.length > 0 && chosen.length > 0) setWish({ ecosystem, lines, targets: chosen })
  }

  // of this rendering, since it writes over what stands here now
  useEffect(() =>
    onBring((kind, wanted) => {
      const same = kind === ecosystem && lines.length > 0
      become(kind)
      if (!same) setReplaced(null)
      if (!same || !lines.includes(wanted)) write(same ? `${text.trimEnd()}\n${wanted}` : wanted)
      box.current?.focus()
    }),
  )

  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      const at = event.target as HTMLElement
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || at.matches(writable)) return
      event.preventDefault()
      box.current?.focus()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])

  return (
    <form
      className={dragged ? 'ask dragged' : 'ask'}
      aria-label={t('ask.label')}
      onSubmit={(event) => {
        event.preventDefault()
        if (canAsk) ask.mutate()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented && !event.nativeEvent.isComposing) setWish(null)
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes('Files')) return
        event.preventDefault()
        setDragged(true)
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDragged(false)
      }}
      onDrop={(event) => void drop(event)}
    >
      <div className="ask-main">
        <SegmentedControl
          size="xs"
          aria-label={t('ask.ecosystem')}
          value={ecosystem}
          onChange={(next) => become(next)}
          data={['pip', 'apt']}
        />
        <NamesBox
          ref={box}
          ecosystem={ecosystem}
          text={text}
          onText={write}
          onPaste={take}
          onPreview={preview}
          onAsk={() => canAsk && ask.mutate()}
        />
        <Targets
          all={targets}
          chosen={chosen}
          choose={(next) => {
            choose(next)
            forget()
          }}
        />
        <span className="ask-buttons">
          <Button variant="default" onClick={preview} disabled={lines.length === 0 || chosen.length === 0}>
            {t('ask.preview')}
          </Button>
          <Button type="submit" disabled={!canAsk}>
            {ask.isPending ? t('ask.asking') : t('ask.ask')}
          </Button>
        </span>
      </div>
      {dragged && <p className="ask-says">{t('ask.drop')}</p>}
      {tooLarge && <p className="ask-says cause">{t('ask.tooLarge')}</p>}
      {lock && (
        <p className="ask-says">
          {t('ask.lock', { file: lock.file })}{' '}
          <button type="button" className="act" onClick={() => setLock(null)}>
            {t('ask.unlock')}
          </button>
        </p>
      )}
      {replaced && (
        <p className="ask-says">
          {t('ask.understood')} <span className="mono">{replaced.names.join('  ')}</span>{' '}
          <button
            type="button"
            className="act"
            onClick={() => {
              write(replaced.text)
              setReplaced(null)
            }}
          >
            {t('ask.undo')}
          </button>
        </p>
      )}
      {(lines.length > 0 || lock) && (
        <>
          <Checked
            lines={checked.data?.lines ?? []}
            several={chosen.length > 1}
            onReplace={(from, to) => write(text.replace(from, () => to))}
          />
          <div className="ask-more">
            <TextInput
              size="xs"
              aria-label={t('ask.name')}
              placeholder={t('ask.name')}
              value={name}
              maxLength={100}
              onChange={({ currentTarget: { value } }) => setName(value)}
            />
            <TextInput
              size="xs"
              className="note"
              aria-label={t('ask.note')}
              placeholder={t('ask.noteHint')}
              value={note}
              maxLength={2000}
              onChange={({ currentTarget: { value } }) => setNote(value)}
            />
            <NotifySwitch />
            <span className="dim keys">{t('ask.keys')}</span>
          </div>
        </>
      )}
      {ask.isError && <AskProblem error={ask.error} said={checked.data?.lines ?? []} />}
      {asked.length > 0 && (
        <p className="ask-says" role="status">
          {t('ask.asked')}{' '}
          {asked.map(({ id, requirements, target }) => (
            <Link key={id} href={`/requests/${id}`}>
              {requirements.slice(0, 3).join(' ')} · {target}
            </Link>
          ))}
        </p>
      )}
      {wish && <Preview wish={wish} onClose={() => setWish(null)} />}
    </form>
  )
}
