/** A line to copy: the text itself, selectable, and a button that says when it has copied. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from './Icon.tsx'

export function CopyButton({ text }: { readonly text: string }) {
  const { t } = useTranslation()
  const [copied, setCopied] = useState(false)
  async function take(): Promise<void> {
    await copy(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  const label = `${t(copied ? 'request.copied' : 'request.copy')}: ${text.length > 80 ? `${text.slice(0, 79)}…` : text}`
  return (
    <button
      type="button"
      className="copy"
      aria-label={label}
      title={t(copied ? 'request.copied' : 'request.copy')}
      onClick={() => void take()}
    >
      <Icon name={copied ? 'check' : 'copy'} />
    </button>
  )
}

export function CopyLine({ text, block = false }: { readonly text: string; readonly block?: boolean }) {
  return (
    <span className={block ? 'command block' : 'command'}>
      <code>{text}</code>
      <CopyButton text={text} />
    </span>
  )
}

/** An office's address is seldom https, and without it a browser has no clipboard of the newer kind. */
async function copy(text: string): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'unseen'
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}
