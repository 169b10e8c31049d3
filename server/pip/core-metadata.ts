/** PEP 566, 643: a wheel's METADATA, read for what an index and a page show of it. The description is not read. */
import { parseDependency, type Requirement } from './requirement.ts'

export type CoreMetadata = {
  /** As written; null where it is missing. */
  readonly name: string | null
  readonly version: string | null
  /** One line; null where there is none. */
  readonly summary: string | null
  readonly requiresPython: string | null
  /** Readable ones only. */
  readonly requiresDist: readonly Requirement[]
  readonly providesExtra: readonly string[]
}

/** The longest real headers have some 100 kB; what comes after is description. */
const maxHeaders = 4 << 20
const maxSummary = 1000

/** Headers as mail has them, up to the first blank line. Never throws: what is not there is null. */
export function parseMetadata(bytes: Uint8Array): CoreMetadata {
  const headers = readHeaders(new TextDecoder().decode(bytes.subarray(0, maxHeaders)))
  const one = (key: string) => {
    const value = headers.get(key)?.[0]
    return value === undefined || value === '' || value === 'UNKNOWN' ? null : value
  }
  return {
    name: one('name'),
    version: one('version'),
    summary: one('summary')?.replace(/\s+/g, ' ').slice(0, maxSummary) ?? null,
    requiresPython: one('requires-python'),
    requiresDist: (headers.get('requires-dist') ?? []).flatMap((text) => parseDependency(text) ?? []),
    providesExtra: headers.get('provides-extra') ?? [],
  }
}

/** Lower-case keys; a line that begins with a blank goes on with the one before; a line that is neither is left out. */
export function readHeaders(text: string): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>()
  let current: string[] | null = null
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\n|\r/)) {
    if (line === '') break
    if (/^[ \t]/.test(line)) {
      if (current) current[current.length - 1] += `\n${line.trim()}`
      continue
    }
    const colon = line.indexOf(':')
    if (colon <= 0) {
      current = null
      continue
    }
    const key = line.slice(0, colon).trim().toLowerCase()
    current = headers.get(key) ?? []
    headers.set(key, current)
    current.push(line.slice(colon + 1).trim())
  }
  return headers
}
