import { paragraphs } from './stanza.ts'
import type { Source } from './sources.ts'

/**
 * apt_preferences(5) for the private root, where https hosts have another name: a `Pin: origin` of such a host means
 * the same there. A host with both kinds of sources gets its record twice.
 */
export function formatPreferences(text: string, sources: readonly Source[]): string {
  const urls = sources.flatMap((source) => source.uris).flatMap((uri) => URL.parse(uri) ?? [])
  const hosts = (protocol: string) =>
    new Set(urls.filter((url) => url.protocol === protocol).map((url) => url.hostname))
  const [secure, plain] = [hosts('https:'), hosts('http:')]
  return paragraphs(text)
    .flatMap((record) => {
      const host = /^Pin:\s*origin\s+"?([^\s"]+)"?\s*$/im.exec(record)?.[1]
      if (host === undefined || !secure.has(host)) return [record]
      const renamed = record.replace(/^(Pin:\s*origin\s+).*$/im, `$1"${host}.https.airlock"`)
      return plain.has(host) ? [record, renamed] : [renamed]
    })
    .join('\n\n')
    .concat('\n')
}
