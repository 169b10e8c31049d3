import { readFileSync } from 'node:fs'
import { paragraphs, parseFields } from './stanza.ts'
import type { Status } from './target.ts'

/** What an image has installed: name, and name:arch, -> version. */
export function installedVersions(status: Status): ReadonlyMap<string, string> {
  if (status === null) return new Map()
  const text = 'path' in status ? readFileSync(status.path, 'utf8') : status.text
  const versions = new Map<string, string>()
  for (const paragraph of paragraphs(text)) {
    if (!/^Status: .* installed$/m.test(paragraph)) continue
    const fields = parseFields(paragraph)
    const name = fields.get('package')
    const version = fields.get('version')
    if (name === undefined || version === undefined) continue
    if (!versions.has(name)) versions.set(name, version)
    versions.set(`${name}:${fields.get('architecture')}`, version)
  }
  return versions
}
