/** What an address names is not here, and where to go instead. */
import { Link } from 'wouter'

type Props = { readonly what: string; readonly href: string; readonly instead: string }

export function Missing({ what, href, instead }: Props) {
  return (
    <div className="empty">
      <h1>{what}</h1>
      <Link href={href}>{instead}</Link>
    </div>
  )
}
