/**
 * What a request target names. Only what the tree's drawing knows has a place: every segment is decoded once and must be
 * of a strict grammar, so `..`, dot files, `%2f`, NUL, backslashes and double encodings have no place at all.
 */
import {
  artifactFilePattern,
  indexFolder,
  poolPath,
  requestFolder,
  segmentPattern,
  sha256Pattern,
} from '../../storage/layout.ts'
import type { TreePath } from '../../storage/layout.ts'

export type PagePlace = {
  readonly kind: 'page'
  /** The page's one canonical URL path, with its slash; also its folder in the tree. */
  readonly url: string
  /** The normalised project; null on an index's own page. */
  readonly project: string | null
}

export type FilePlace = {
  readonly kind: 'file'
  readonly path: TreePath
  /** A strong validator that the path itself gives; the file can then never change. Null: whatever lies there now. */
  readonly digest: string | null
  /** Bytes of a package: to be kept, not shown. */
  readonly attachment: boolean
}

/** `slash`: the page's URL without its slash, relative to which its links would break. */
export type Place =
  | { readonly kind: 'front' }
  | { readonly kind: 'health' }
  | PagePlace
  | FilePlace
  | { readonly kind: 'slash'; readonly location: string; readonly page: PagePlace }

/** Why a target has no place, as a status. */
export type Refusal = 400 | 404 | 414

/** Nothing in the tree has a longer path: a pool path of a file name of 200 bytes, each percent-encoded, has 700. */
const maxTarget = 2048
const filePattern = /^[A-Za-z0-9][A-Za-z0-9._+!~-]{0,254}$/
const namePattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?$/
const requestPattern = /^[1-9]\d{0,14}$/
const requestFiles = new Set(['requirements.txt', 'pylock.toml'])
const pageFiles = new Set(['index.html', 'index.json'])

/** Reads a request target in origin form. An absolute form is a proxy's business and never ours: 400. */
export function placeOf(target: string): Place | Refusal {
  if (target.length > maxTarget) return 414
  if (target[0] !== '/') return 400
  const query = target.indexOf('?')
  const segments = (query < 0 ? target : target.slice(0, query)).slice(1).split('/')
  const slash = segments.length > 1 && segments.at(-1) === ''
  if (slash) segments.pop()
  const path: string[] = []
  for (const [at, raw] of segments.entries()) {
    // apt may write the flat repository's `./`; here alone is a dot of its own a segment
    if (raw === '.' && at === 2 && segments[0] === 'apt') continue
    const segment = decoded(raw)
    if (segment === null) return 400
    path.push(segment)
  }
  if (path.length === 1 && path[0] === '' && !slash) return { kind: 'front' }
  if (!path.every((segment) => filePattern.test(segment))) return 404
  const [area, ...rest] = path as [string, ...string[]]
  if (area === 'pip') return pipPlace(rest, slash) ?? 404
  if (slash) return 404
  if (area === 'apt') return aptPlace(rest) ?? 404
  if (area === 'homepod' && rest.length > 0) return file(path.join('/'))
  if (rest.length > 0) return 404
  return area === 'healthz' ? { kind: 'health' } : area === 'index.html' ? { kind: 'front' } : 404
}

/** PEP 503: runs of `-`, `_` and `.` are one `-`, in lower case. */
export function normalised(project: string): string {
  return project.replace(/[-_.]+/g, '-').toLowerCase()
}

function pipPlace(path: readonly string[], slash: boolean): Place | null {
  const [first, second, third] = path
  if (first === undefined) return null
  if (first === 'pool') return slash ? null : poolPlace('pip', path)
  if (first === 'requests') {
    const known = path.length === 3 && requestPattern.test(second!) && requestFiles.has(third!)
    return known && !slash ? file(`${requestFolder('pip', Number(second))}/${third}`) : null
  }
  const folder = segmentPattern.test(first) ? indexFolder('pip', first) : null
  if (folder === null) return null
  if (path.length === 1) return page(folder, null, slash, first)
  if (path.length === 2) {
    if (!slash && pageFiles.has(second!)) return file(`${folder}/${second}`)
    if (!namePattern.test(second!)) return null
    const project = normalised(second!)
    return page(`${folder}/${project}`, project, slash, project)
  }
  const direct = path.length === 3 && !slash && pageFiles.has(third!) && namePattern.test(second!)
  return direct ? file(`${folder}/${normalised(second!)}/${third}`) : null
}

function aptPlace(path: readonly string[]): Place | null {
  if (path[0] === 'pool') return poolPlace('apt', path)
  if (path.length < 2 || !segmentPattern.test(path[0]!)) return null
  const [folder, kind, digest] = path.slice(-3)
  const byHash = folder === 'by-hash' && kind === 'SHA256' && sha256Pattern.test(digest!)
  return file(['apt', ...path].join('/'), byHash ? digest : null)
}

function poolPlace(ecosystem: string, path: readonly string[]): Place | null {
  const [, prefix, sha256, name] = path
  if (path.length !== 4 || !sha256Pattern.test(sha256!) || prefix !== sha256!.slice(0, 2)) return null
  const metadata = ecosystem === 'pip' && name!.endsWith('.metadata')
  const artifact = metadata ? name!.slice(0, -'.metadata'.length) : name!
  if (!artifactFilePattern.test(artifact)) return null
  const lies = poolPath(ecosystem, sha256!, artifact)
  return metadata ? file(`${lies}.metadata`, `${sha256}-metadata`) : file(lies, sha256, true)
}

function page(folder: TreePath, project: string | null, slash: boolean, name: string): Place {
  const found: PagePlace = { kind: 'page', url: `/${folder}/`, project }
  // relative, so that it holds behind a proxy that serves us below a path of its own
  return slash ? found : { kind: 'slash', location: `${name}/`, page: found }
}

function file(path: TreePath, digest: string | null = null, attachment = false): FilePlace {
  return { kind: 'file', path, digest, attachment }
}

/** One segment, percent-decoded once; null when that is not text. */
function decoded(segment: string): string | null {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
