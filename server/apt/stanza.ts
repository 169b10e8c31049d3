/**
 * Paragraphs of `Field: value` lines: package indexes, Release files, dpkg's status and deb822 sources.
 * Source: deb822(5), Debian Policy 5.1.
 */

/** A paragraph as it was written: its lines joined by newlines, without the empty line that ends it. */
export type StanzaText = string

/** Field names in lower case -> values; continuation lines are kept, joined by newlines, without their first space. */
export type Fields = ReadonlyMap<string, string>

/** Splits a text into paragraphs; comment lines (deb822 sources have them) are dropped. */
export function paragraphs(text: string): StanzaText[] {
  return text
    .replaceAll('\r\n', '\n')
    .split(/\n(?:[ \t]*\n)+/)
    .map((part) =>
      part
        .split('\n')
        .filter((line) => !line.startsWith('#') && line.trim() !== '')
        .join('\n'),
    )
    .filter((part) => part !== '')
}

/** Debian Policy 5.1: names are not case-sensitive; of a repeated field the first counts. */
export function parseFields(stanza: StanzaText): Fields {
  const fields = new Map<string, string>()
  let name: string | null = null
  for (const line of stanza.split('\n')) {
    if (/^[ \t]/.test(line)) {
      if (name !== null) fields.set(name, `${fields.get(name)!}\n${line.slice(1)}`)
      continue
    }
    const colon = line.indexOf(':')
    const key = colon > 0 ? line.slice(0, colon).trim().toLowerCase() : null
    name = key === null || fields.has(key) ? null : key
    if (name !== null) fields.set(name, line.slice(colon + 1).trim())
  }
  return fields
}

/**
 * A package's paragraph as it is published: as apt verified it, with Filename set and without what is upstream's own
 * (phasing would make some pods of a kind install and others not). The order of the fields stays.
 */
export function publishedStanza(stanza: StanzaText, filename: string): StanzaText {
  const lines: string[] = []
  let dropped = false
  for (const line of stanza.split('\n')) {
    const continues = /^[ \t]/.test(line)
    if (!continues) dropped = /^phased-update-percentage:/i.test(line)
    if (dropped) continue
    lines.push(/^filename:/i.test(line) ? `Filename: ${filename}` : line)
  }
  return lines.join('\n')
}
