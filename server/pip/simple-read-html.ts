/** PEP 503's HTML, read as a stream of tags: what is no link of the page is not looked at. */
import { Parser } from 'htmlparser2'

/** A link as the page has it, of any type and any content. */
export type RawFile = {
  readonly file: unknown
  readonly url: unknown
  readonly sha256?: unknown
  readonly size?: unknown
  readonly uploadedAt?: unknown
  readonly requiresPython?: unknown
  readonly yanked?: unknown
  readonly coreMetadata?: unknown
}

export type HtmlPage = {
  /** PEP 629; null: not said. */
  readonly version: string | null
  /** The first `<base href>`. */
  readonly base: string | null
  readonly files: readonly RawFile[]
}

/** Stops one file past `maxFiles`. A file's name is its address's last segment, whatever the link's text says. */
export function readHtmlPage(text: string, maxFiles: number): HtmlPage {
  const files: RawFile[] = []
  let version: string | null = null
  let base: string | null = null
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'a' && attributes.href !== undefined && files.length <= maxFiles)
        files.push(fileOf(attributes.href, attributes))
      else if (name === 'base') base ??= attributes.href ?? null
      else if (name === 'meta' && attributes.name === 'pypi:repository-version') version ??= attributes.content ?? null
    },
  })
  parser.end(text)
  return { version, base, files }
}

function fileOf(link: string, attributes: Readonly<Record<string, string>>): RawFile {
  const href = link.trim()
  const hash = href.indexOf('#')
  const fragment = hash === -1 ? '' : href.slice(hash + 1)
  const path = (hash === -1 ? href : href.slice(0, hash)).split('?', 1)[0]!
  return {
    file: decoded(path.slice(path.lastIndexOf('/') + 1)),
    url: href,
    sha256: digestIn(fragment),
    requiresPython: attributes['data-requires-python'],
    yanked: attributes['data-yanked'],
    coreMetadata: metadataOf(attributes['data-core-metadata'] ?? attributes['data-dist-info-metadata']),
  }
}

/** `sha256=…`, alone or among what else a fragment carries. */
function digestIn(text: string): string | undefined {
  return /(?:^|&)sha256=([0-9A-Fa-f]{64})(?:&|$)/.exec(text)?.[1]
}

/** PEP 658: `true` or a digest. PEP 714: anything else but `false` says that there is metadata too. */
function metadataOf(attribute: string | undefined): RawFile['coreMetadata'] {
  if (attribute === undefined || attribute === 'false') return false
  const sha256 = digestIn(attribute)
  return sha256 === undefined ? true : { sha256 }
}

function decoded(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
