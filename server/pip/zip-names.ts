/** Members' names: what may be unpacked anywhere, and what every reader takes for the same name. */
import { isAscii, isUtf8 } from 'node:buffer'
import type { Entry } from 'yauzl'
import { flags } from './zip-locals.ts'
import { zipFaults, type Refuse } from './zip-words.ts'

export type Member = {
  /** `/` between segments, none at the end. */
  readonly name: string
  readonly isFolder: boolean
  /** Installers write a link's target into a plain file; other tools would make the link. */
  readonly isLink: boolean
  /** Unpacked, as both headers state it. */
  readonly size: number
  readonly entry: Entry
}

/** PATH_MAX allows more; no real one comes near. */
const maxName = 1024
const maxSegment = 255
/** Each name may have as many as it has slashes; real wheels have a few thousand. */
const maxFolders = 200_000
const typeMask = 0o170000
const types = { folder: 0o040000, file: 0o100000, link: 0o120000 } as const
const unix = 3
/** Info-ZIP's other name for a member, which some readers prefer. */
const unicodePath = 0x7075

/** By name. Throws through `refuse` for a name that is not plain, that is there twice, or that is a file and a folder. */
export function checkNames(entries: readonly Entry[], refuse: Refuse): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>()
  const folders = new Set<string>()
  for (const entry of entries) {
    const member = memberOf(entry, refuse)
    if (members.has(member.name)) refuse(zipFaults.duplicate(member.name))
    members.set(member.name, member)
    for (let at = member.name.indexOf('/'); at !== -1; at = member.name.indexOf('/', at + 1))
      folders.add(member.name.slice(0, at))
    if (folders.size > maxFolders) refuse(zipFaults.tooMany(maxFolders))
  }
  for (const { name, isFolder } of members.values())
    if (!isFolder && folders.has(name)) refuse(zipFaults.fileAndFolder(name))
  return members
}

function memberOf(entry: Entry, refuse: Refuse): Member {
  const { fileNameRaw: raw } = entry
  const full = decoded(entry, refuse)
  const isFolder = full.endsWith('/')
  const name = isFolder ? full.slice(0, -1) : full
  if (!isPlain(name)) refuse(zipFaults.name(raw))
  if (isFolder && entry.uncompressedSize !== 0) refuse(zipFaults.folderSize(raw))
  const type = entry.versionMadeBy >> 8 === unix ? (entry.externalFileAttributes >>> 16) & typeMask : 0
  if (![0, types.file, types.folder, types.link].includes(type)) refuse(zipFaults.fileType(raw))
  if ((type === types.folder && !isFolder) || (type === types.link && isFolder)) refuse(zipFaults.fileType(raw))
  return { name, isFolder, isLink: type === types.link, size: entry.uncompressedSize, entry }
}

/** ASCII, or UTF-8 that says so: anything else is one name to one reader and another to the next. */
function decoded(entry: Entry, refuse: Refuse): string {
  const raw = entry.fileNameRaw
  const hasOther = entry.extraFields.some(({ id }) => id === unicodePath)
  if (!hasOther && isAscii(raw)) return raw.toString('latin1')
  const isSaid = (entry.generalPurposeBitFlag & flags.utf8) !== 0
  return !hasOther && isSaid && isUtf8(raw) ? raw.toString('utf8') : refuse(zipFaults.nameEncoding(raw))
}

/** Whether a link's target, seen from where the link is, stays within the archive; an empty one leads nowhere. */
export function staysInside(link: string, target: string): boolean {
  if (target.length > maxName || /[\\\p{Cc}]/u.test(target) || target.startsWith('/')) return false
  let depth = link.split('/').length - 1
  return target.split('/').every((segment) => {
    depth += segment === '..' ? -1 : Number(segment !== '' && segment !== '.')
    return depth >= 0
  })
}

/** Relative, without `.` and `..`, without backslashes, drives and control characters. */
function isPlain(name: string): boolean {
  if (name.length > maxName || /[\\\p{Cc}]/u.test(name) || /^[A-Za-z]:/.test(name)) return false
  return name.split('/').every((segment) => !['', '.', '..'].includes(segment) && segment.length <= maxSegment)
}
