/** Another kind of pod, from what one says of itself: its description is dropped, chosen or pasted here. */
import { Button, TextInput, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState, type DragEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { call } from '../api.ts'
import { CopyLine } from '../frame/Copy.tsx'
import { Failed } from '../frame/Failed.tsx'
import { queryClient, targetsQuery } from '../queries.ts'
import { describeCommand } from './commands.ts'

/** Bytes: what the server takes, too. */
const maxFile = 8_000_000
const namePattern = /^[a-z0-9][a-z0-9-]{0,31}$/

export function AddTarget({ index }: { readonly index: string | null }) {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [python, setPython] = useState('')
  const [dragged, setDragged] = useState(false)
  const [tooLarge, setTooLarge] = useState(false)
  const pythons = [...description.matchAll(/^== python (.+?)\r?$/gm)].map(([, path]) => path!)
  const add = useMutation({
    mutationFn: () => call('addTarget', { body: { name, description, ...(python !== '' && { python }) } }),
    onSuccess: () => {
      setName('')
      write('')
      return queryClient.invalidateQueries({ queryKey: targetsQuery.queryKey })
    },
  })
  const added = add.data?.targets[0]
  const canAdd = namePattern.test(name) && description.trim() !== '' && !add.isPending

  function write(text: string): void {
    setDescription(text)
    setPython('')
    setTooLarge(false)
  }

  async function take(file: File | undefined): Promise<void> {
    if (!file) return
    add.reset()
    if (file.size > maxFile) return setTooLarge(true)
    write(await file.text())
  }

  function drop(event: DragEvent): void {
    event.preventDefault()
    setDragged(false)
    void take(event.dataTransfer.files[0])
  }

  return (
    <section aria-labelledby="another">
      <h2 id="another">{t('pod.another')}</h2>
      <p>{t('pod.describe')}</p>
      <CopyLine block text={describeCommand(index)} />
      <form
        className={dragged ? 'add-target dragged' : 'add-target'}
        onSubmit={(event) => {
          event.preventDefault()
          if (canAdd) add.mutate()
        }}
        onDragOver={(event) => {
          event.preventDefault()
          setDragged(true)
        }}
        onDragLeave={() => setDragged(false)}
        onDrop={drop}
      >
        <TextInput
          label={t('pod.name')}
          value={name}
          onChange={({ currentTarget: { value } }) => setName(value)}
          error={name !== '' && !namePattern.test(name) && t('pod.nameForm')}
        />
        <Textarea
          label={t('pod.description')}
          placeholder={t('pod.dropHere')}
          classNames={{ input: 'mono' }}
          minRows={4}
          maxRows={10}
          autosize
          spellCheck={false}
          value={description}
          onChange={({ currentTarget: { value } }) => write(value)}
        />
        <label className="dim">
          {t('pod.file')}{' '}
          <input type="file" onChange={({ currentTarget: { files } }) => void take(files?.[0] ?? undefined)} />
        </label>
        {tooLarge && <p className="cause">{t('pod.tooLarge')}</p>}
        {pythons.length > 1 && (
          <label>
            {t('pod.python')}{' '}
            <select value={python} onChange={({ currentTarget: { value } }) => setPython(value)}>
              <option value="">{t('pod.itsDefault')}</option>
              {pythons.map((path) => (
                <option key={path}>{path}</option>
              ))}
            </select>
          </label>
        )}
        <Button type="submit" disabled={!canAdd}>
          {t('pod.add')}
        </Button>
      </form>
      {add.error && <Failed what={t('pod.notAdded')} error={add.error} />}
      {added && <p role="status">{t('pod.added', { name: added.name, summary: added.summary })}</p>}
    </section>
  )
}

/** Takes an added target away, after a second look. */
export function RemoveTarget({ name }: { readonly name: string }) {
  const { t } = useTranslation()
  const [sure, setSure] = useState(false)
  const remove = useMutation({
    mutationFn: () => call('removeTarget', { params: { name } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: targetsQuery.queryKey }),
  })
  return (
    <>
      <button
        type="button"
        className="act"
        onClick={() => (sure ? remove.mutate() : setSure(true))}
        onBlur={() => setSure(false)}
      >
        {sure ? t('pod.removeSure') : t('pod.remove')}
      </button>
      {remove.error && <Failed what={t('pod.notRemoved')} error={remove.error} />}
    </>
  )
}
