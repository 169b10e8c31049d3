/**
 * Where a target's packages come from: sources.list(5), both its forms.
 *
 * apt itself only ever asks our gateway, as its http proxy. An https source would make it CONNECT, which hides what it
 * asks, so the private root has `http://HOST.https.airlock/…` for it and the gateway asks `https://HOST/…`.
 */
import { paragraphs, parseFields } from './stanza.ts'

export type Source = {
  /** As written, without credentials. */
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  /** deb822 field -> value: Architectures, Signed-By, Trusted, …, spelled as apt's manual does. */
  readonly options: ReadonlyMap<string, string>
  /** For people: `debian.sources, entry 2`. */
  readonly place: string
}

export type SourceFault = { readonly place: string; readonly uri: string; readonly scheme: string }
export type Sources = {
  readonly sources: readonly Source[]
  /** Sources of a kind that is not taken (cdrom, mirror lists, …). */
  readonly faults: readonly SourceFault[]
  /** URIs that carry credentials, whole. */
  readonly credentials: readonly string[]
}

/** Options of the one-line form -> fields of the other. */
const fieldOf: Readonly<Record<string, string>> = {
  arch: 'Architectures',
  'arch+': 'Architectures-Add',
  'arch-': 'Architectures-Remove',
  'signed-by': 'Signed-By',
  trusted: 'Trusted',
  'by-hash': 'By-Hash',
  'allow-insecure': 'Allow-Insecure',
  'allow-weak': 'Allow-Weak',
  'allow-downgrade-to-insecure': 'Allow-Downgrade-To-Insecure',
  'check-valid-until': 'Check-Valid-Until',
  'valid-until-min': 'Valid-Until-Min',
  'valid-until-max': 'Valid-Until-Max',
  'check-date': 'Check-Date',
  'date-max-future': 'Date-Max-Future',
  'inrelease-path': 'InRelease-Path',
}
const known = new Map([...new Set(Object.values(fieldOf))].map((field) => [field.toLowerCase(), field]))

/** Reads either form. What is switched off, and sources of source packages, are left out. */
export function parseSources(text: string, place: string): Sources {
  const oneLine = text.split('\n').some((line) => /^\s*deb(?:-src)?\s/.test(line))
  const entries = oneLine ? oneLineEntries(text, place) : deb822Entries(text, place)
  const faults: SourceFault[] = []
  const credentials: string[] = []
  const sources = entries.flatMap((entry) => {
    const uris = entry.uris.flatMap((uri) => {
      const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase() ?? ''
      if (!['http', 'https', 'file'].includes(scheme) || (scheme !== 'file' && !URL.canParse(uri))) {
        faults.push({ place: entry.place, uri, scheme })
        return []
      }
      if (scheme === 'file') return [uri]
      const url = new URL(uri)
      if (url.username !== '') credentials.push(url.href)
      url.username = ''
      url.password = ''
      return [url.href]
    })
    return uris.length === 0 ? [] : [{ ...entry, uris }]
  })
  return { sources, faults, credentials }
}

/** `https://h/p` -> `http://h.https.airlock/p`: what apt is given. Others stay. */
export function throughGateway(uri: string): string {
  const url = URL.parse(uri)
  if (url?.protocol !== 'https:') return uri
  return `http://${url.hostname}.https.airlock${url.port === '' ? '' : `:${url.port}`}${url.pathname}`
}

/** What {@link throughGateway} hid. */
export function fromGateway(uri: string): string {
  return uri.replace(/^http:\/\/([^/:]+)\.https\.airlock(?=[/:])/, 'https://$1')
}

/** The same for every address within a text of apt's. */
export function wordsFromGateway(text: string): string {
  return text.replace(/http:\/\/([^\s/:]+)\.https\.airlock(?=[/:\s]|$)/g, 'https://$1').replaceAll('.https.airlock', '')
}

/** As deb822 for the private root. `signedBy` gives what to write for a Signed-By value. */
export function formatSources(sources: readonly Source[], signedBy: (value: string, source: Source) => string): string {
  return sources
    .map((source) => {
      const options = [...source.options].map(([field, value]) => [
        field,
        field === 'Signed-By' ? signedBy(value, source) : value,
      ])
      const lines = [
        ['Types', 'deb'],
        ['URIs', source.uris.map(throughGateway).join(' ')],
        ['Suites', source.suites.join(' ')],
        ...(source.components.length > 0 ? [['Components', source.components.join(' ')]] : []),
        ...options,
      ]
      return `${lines.map(([field, value]) => `${field}: ${value!.replaceAll('\n', '\n ')}`).join('\n')}\n`
    })
    .join('\n')
}

function deb822Entries(text: string, place: string): Source[] {
  return paragraphs(text).flatMap((paragraph, index) => {
    const fields = parseFields(paragraph)
    if (/^(?:no|false|without|off|disable|0)$/i.test(fields.get('enabled') ?? 'yes')) return []
    if (!words(fields.get('types')).includes('deb')) return []
    const options = new Map(
      [...fields].flatMap(([name, value]) => (known.has(name) ? [[known.get(name)!, value] as const] : [])),
    )
    return {
      uris: words(fields.get('uris')),
      suites: words(fields.get('suites')),
      components: words(fields.get('components')),
      options,
      place: `${place}, entry ${index + 1}`,
    }
  })
}

function oneLineEntries(text: string, place: string): Source[] {
  return text.split('\n').flatMap((line, index) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line)
    if (!match) return []
    const [, bracket = '', uri, suite, components = ''] = match
    const options = new Map(
      words(bracket).flatMap((word) => {
        const [, name, value] = /^([a-z-]+[+]?)=(.*)$/i.exec(word) ?? []
        const field = fieldOf[name?.toLowerCase() ?? '']
        if (field === undefined) return []
        return [[field, field.startsWith('Architectures') ? value!.replaceAll(',', ' ') : value!] as const]
      }),
    )
    return { uris: [uri!], suites: [suite!], components: words(components), options, place: `${place}:${index + 1}` }
  })
}

function words(value = ''): string[] {
  return value.split(/\s+/).filter(Boolean)
}
