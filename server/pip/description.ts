/** PEP 566, 643: what a project says of itself at length, out of a wheel's METADATA. For people only: nothing is decided by it. */
import type { Description } from '../ecosystem.ts'
import { readHeaders } from './core-metadata.ts'

/** Long ones have some 100 kB; nobody reads more in a browser. */
const maxText = 512 << 10

/** Null: it says nothing. */
export function readDescription(bytes: Uint8Array): Description | null {
  const text = new TextDecoder().decode(bytes)
  const headers = readHeaders(text)
  const [, body = ''] = /\r?\n\r?\n([\s\S]*)$/.exec(text) ?? []
  // before metadata 2.1 it was a header, whose lines go on after `|`
  const said = body.trim() === '' ? (headers.get('description')?.[0] ?? '').replace(/^ *\|/gm, '') : body
  if (said.trim() === '' || said.trim() === 'UNKNOWN') return null
  const type = headers.get('description-content-type')?.[0]?.toLowerCase() ?? ''
  return { text: said.slice(0, maxText), markdown: type.startsWith('text/markdown') }
}
