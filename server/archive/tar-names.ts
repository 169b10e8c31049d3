/** The names of a tar's members: what may be unpacked anywhere, and what makes the same files whoever unpacks it. */
import type { Header } from './tar-header.ts'
import { tarFaults, type TarRefuse } from './tar-words.ts'

export type TarMember = {
  /** `/` between segments, none at the ends; empty: the archive's own folder (`./`). */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link' | 'hard link'
  /** Bytes of a file; 0 for whatever is none. */
  readonly size: number
  /** Where a link leads, as written. */
  readonly target: string | null
}

const kinds: Readonly<Record<string, TarMember['kind']>> = { 0: 'file', 1: 'hard link', 2: 'link', 5: 'folder' }
const maxName = 4095
const maxSegment = 255
/** Of all members and the folders above them: real ones have some 30,000 and 3 MB. */
const maxKnown = 400_000
const maxLetters = 12 << 20
const maxDepth = 100

export function createNames(refuse: TarRefuse) {
  const known = new Map<string, TarMember['kind']>([['', 'folder']])
  /** Files that a hard link leads to. */
  const linked = new Set<string>()
  let letters = 0

  /** Folders above it are folders, and it is what it was if it was there before. */
  function place(name: string, kind: TarMember['kind']): void {
    letters += name.length
    if (letters > maxLetters || known.size > maxKnown) refuse(tarFaults.large)
    for (let at = name.indexOf('/'); at !== -1; at = name.indexOf('/', at + 1)) {
      const above = name.slice(0, at)
      if ((known.get(above) ?? 'folder') !== 'folder') refuse(tarFaults.under(name))
      known.set(above, 'folder')
    }
    const before = known.get(name)
    // a file again replaces the first one, for everybody; through a link, hard ones too, some would write where it leads
    const isAgain = before === kind && (kind === 'file' || kind === 'folder') && !linked.has(name)
    const isFine = before === undefined || isAgain
    if (!isFine) refuse(tarFaults.twice(name))
    known.set(name, kind)
  }

  return {
    /** Throws through `refuse` for a name or a link that leads out, and for one that says two things. */
    accept({ name: written, type, size, target }: Header): TarMember {
      const name = plain(written) ?? refuse(tarFaults.name(written))
      const kind = kinds[type]!
      if (name === '' && kind !== 'folder') refuse(tarFaults.name(written))
      if (kind === 'link' && !staysInside(name, target)) refuse(tarFaults.link(name))
      if (kind === 'hard link') {
        const first = plain(target)
        if (first === null || known.get(first) !== 'file') return refuse(tarFaults.link(name))
        linked.add(first)
      }
      place(name, kind)
      return { name, kind, size, target: kind === 'link' || kind === 'hard link' ? target : null }
    },
  }
}

/** Without `.` and empty segments, as file systems read it; null: absolute, going up, or of no use as a name. */
function plain(name: string): string | null {
  if (name === '' || name.startsWith('/') || /\p{Cc}/u.test(name) || Buffer.byteLength(name) > maxName) return null
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.')
  const isFine = segments.every((segment) => segment !== '..' && Buffer.byteLength(segment) <= maxSegment)
  return isFine && segments.length <= maxDepth ? segments.join('/') : null
}

function staysInside(link: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || /\p{Cc}/u.test(target)) return false
  let depth = link.split('/').length - 1
  return target.split('/').every((segment) => {
    depth += segment === '..' ? -1 : Number(segment !== '' && segment !== '.')
    return depth >= 0
  })
}
