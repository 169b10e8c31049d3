/** What an address names is not here, what may be done about it, and where to go instead. */
import type { ReactNode } from 'react'
import { Link } from 'wouter'

type Props = {
  readonly what: string
  readonly href: string
  readonly instead: string
  readonly children?: ReactNode
}

export function Missing({ what, href, instead, children }: Props) {
  return (
    <div className="empty">
      <h1>{what}</h1>
      {children}
      <Link href={href}>{instead}</Link>
    </div>
  )
}
