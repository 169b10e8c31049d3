/**
 * A package's own words, as Markdown. They are written by strangers: HTML in them is text, links go out without a trace of
 * where they come from, and pictures are words, since nothing is fetched from anywhere else.
 */
import type { ComponentProps } from 'react'
import { useTranslation } from 'react-i18next'
import ReactMarkdown from 'react-markdown'
import remarkGfm from 'remark-gfm'

const plugins = [remarkGfm]
const components = { a: Outward, img: Pictured, h1: 'h3', h2: 'h3', h3: 'h4', h4: 'h5' } as const

export function Markdown({ text }: { readonly text: string }) {
  return (
    <div className="readme markdown">
      <ReactMarkdown remarkPlugins={plugins} components={components} skipHtml>
        {text}
      </ReactMarkdown>
    </div>
  )
}

function Outward({ href, children }: ComponentProps<'a'>) {
  // a link to a place in the text or in a repository leads nowhere from here
  if (href === undefined || !/^https?:\/\//i.test(href)) return <span>{children}</span>
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  )
}

function Pictured({ alt }: ComponentProps<'img'>) {
  const { t } = useTranslation()
  return alt ? <span className="dim">[{t('package.picture', { what: alt })}]</span> : null
}
