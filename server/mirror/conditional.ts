/** RFC 9110, 13 and 14: what a client has already, and which part of the rest it wants. */

/** The current state of what is served, by its two validators. */
export type Validators = { readonly etag: string; readonly mtimeMs: number }

/** If-None-Match's weak comparison: a proxy that compresses may have weakened our tag. */
export function matchesTag(ifNoneMatch: string, etag: string): boolean {
  if (ifNoneMatch === etag || ifNoneMatch === '*') return true
  return ifNoneMatch.split(',').some((tag) => {
    const text = tag.trim()
    return (text.startsWith('W/') ? text.slice(2) : text) === etag
  })
}

/**
 * True when the client's copy is current. A date counts only when it is exactly ours: a tree that was put back to an
 * older state must not answer 304 to a client that has seen the newer one, nor the other way round.
 */
export function isUnchanged(
  headers: { readonly 'if-none-match'?: string | undefined; readonly 'if-modified-since'?: string | undefined },
  { etag, mtimeMs }: Validators,
): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) return matchesTag(tags, etag)
  const since = headers['if-modified-since']
  return since !== undefined && since === httpDate(mtimeMs)
}

/** Bytes `start` up to but not including `end`. */
export type Span = { readonly start: number; readonly end: number }

const wholeUnits = /^bytes=(\d{0,15})-(\d{0,15})$/

/**
 * The part that a Range header names: null for the whole file, where the header is absent, malformed, of several
 * ranges, or If-Range names another version; `unsatisfiable` where it begins past the end.
 */
export function spanOf(
  headers: { readonly range?: string | undefined; readonly 'if-range'?: string | undefined },
  size: number,
  { etag, mtimeMs }: Validators,
): Span | null | 'unsatisfiable' {
  const match = headers.range === undefined ? null : wholeUnits.exec(headers.range)
  if (!match) return null
  const condition = headers['if-range']
  if (condition !== undefined && condition !== etag && condition !== httpDate(mtimeMs)) return null
  const [, first = '', last = ''] = match
  if (first === '') {
    if (last === '') return null
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return null
  if (start >= size) return 'unsatisfiable'
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) }
}

/** An instant as HTTP writes it, in whole seconds. */
export function httpDate(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toUTCString()
}
