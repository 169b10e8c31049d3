/**
 * PEP 503, 592, 658, 691, 700, 714: what an index says of a project, from JSON or HTML. Upstream is not trusted: a link that
 * could lead anywhere but to an http file with an artifact's name is left out, and so is what a field should not hold.
 */
import { artifactFilePattern, sha256Pattern } from '../../storage/layout.ts'
import type { Page } from '../ecosystem.ts'
import { AirlockError, type Phrase } from '../errors.ts'
import { normalizeName } from './names.ts'
import { readHtmlPage, type RawFile } from './simple-read-html.ts'

export type ProjectFile = {
  readonly file: string
  /** Absolute, http or https, without user part and fragment. */
  readonly url: string
  /** Null where upstream gives none. */
  readonly sha256: string | null
  /** Bytes. */
  readonly size: number | null
  /** ISO 8601. */
  readonly uploadedAt: string | null
  readonly requiresPython: string | null
  /** PEP 592: a yank's reason, `''` where none was given. */
  readonly yanked: false | string
  /** PEP 658: whether `<url>.metadata` exists, and its digest where it is given. */
  readonly coreMetadata: boolean | { readonly sha256: string }
}

export type ProjectPage = {
  /** As the page says, normalised; null where it does not say (HTML). */
  readonly name: string | null
  readonly files: readonly ProjectFile[]
  /** PEP 700; null where the page does not list them. */
  readonly versions: readonly string[] | null
}

/** The largest real projects have some 15,000. */
const maxFiles = 100_000
const maxText = 1000
const maxAddress = 2048

const faults = {
  type: (type: string): Phrase => {
    const shown = JSON.stringify(type.slice(0, 100))
    return { en: `its type is ${shown}`, zh: `其类型为 ${shown}` }
  },
  version: (version: unknown): Phrase => {
    const shown = JSON.stringify(version).slice(0, 100)
    return { en: `its version is ${shown}, not 1.x`, zh: `其版本为 ${shown}，不是 1.x` }
  },
  notJson: { en: 'it is not JSON', zh: '不是 JSON' },
  notObject: { en: 'it is not an object', zh: '不是 JSON 对象' },
  noFiles: { en: 'it lists no files', zh: '没有文件列表' },
  tooMany: { en: `it lists more than ${maxFiles} files`, zh: `文件超过 ${maxFiles} 个` },
} as const

/** Throws `upstream-answer-invalid` for what is not a project's page of a known version. */
export function readProjectPage(page: Pick<Page, 'url' | 'contentType' | 'body'>): ProjectPage {
  const type = page.contentType.split(';', 1)[0]!.trim().toLowerCase()
  const text = page.body.toString('utf8')
  if (type === 'application/json' || /^application\/vnd\.pypi\.simple\.(?:v1|latest)\+json$/.test(type))
    return readJson(text, page.url)
  if (type === 'text/html' || /^application\/vnd\.pypi\.simple\.(?:v1|latest)\+html$/.test(type)) {
    const { version, base, files } = readHtmlPage(text, maxFiles)
    checkVersion(version, page.url)
    return {
      name: null,
      files: filesOf(files, URL.parse(base ?? '', page.url)?.href ?? page.url, page.url),
      versions: null,
    }
  }
  throw invalid(page.url, faults.type(type))
}

function readJson(text: string, url: string): ProjectPage {
  const page = parsed(text, url)
  if (!isRecord(page)) throw invalid(url, faults.notObject)
  checkVersion(isRecord(page.meta) ? page.meta['api-version'] : undefined, url)
  if (!Array.isArray(page.files)) throw invalid(url, faults.noFiles)
  if (page.files.length > maxFiles) throw invalid(url, faults.tooMany)
  const files = page.files.filter(isRecord).map((file): RawFile => ({
    file: file.filename,
    url: file.url,
    sha256: isRecord(file.hashes) ? file.hashes.sha256 : undefined,
    size: file.size,
    uploadedAt: file['upload-time'],
    requiresPython: file['requires-python'],
    yanked: file.yanked,
    // PEP 714: the second name is read only where the first is absent
    coreMetadata: file['core-metadata'] ?? file['dist-info-metadata'],
  }))
  return {
    name: typeof page.name === 'string' ? normalizeName(page.name) : null,
    files: filesOf(files, url, url),
    versions: Array.isArray(page.versions) ? page.versions.filter((version) => typeof version === 'string') : null,
  }
}

function filesOf(files: readonly RawFile[], base: string, url: string): ProjectFile[] {
  if (files.length > maxFiles) throw invalid(url, faults.tooMany)
  const resolve = createResolver(base)
  return files.flatMap((raw): ProjectFile[] => {
    const href = typeof raw.url === 'string' ? resolve(raw.url) : null
    if (href === null || typeof raw.file !== 'string' || !artifactFilePattern.test(raw.file)) return []
    return [
      {
        file: raw.file,
        url: href,
        sha256: digestOf(raw.sha256),
        size: typeof raw.size === 'number' && Number.isSafeInteger(raw.size) && raw.size >= 0 ? raw.size : null,
        uploadedAt: instantOf(raw.uploadedAt),
        requiresPython: textOf(raw.requiresPython),
        yanked: raw.yanked === true ? '' : typeof raw.yanked === 'string' ? raw.yanked.slice(0, maxText) : false,
        // clients append `.metadata` to the whole address, which names nothing behind a query
        coreMetadata: !href.includes('?') && coreMetadataOf(raw.coreMetadata),
      },
    ]
  })
}

/** An absolute address, or null. A page's links share their hosts, so that most need no parser: they are normal already. */
function createResolver(base: string): (href: string) => string | null {
  const plain = /^(https?:\/\/[^/?#\\@]+)\/[\w+!~%-]+(?:[/.][\w+!~%-]+)*$/
  const origins = new Map<string, boolean>()
  const isNormal = (origin: string) => {
    let known = origins.get(origin)
    if (known === undefined) origins.set(origin, (known = URL.parse(origin)?.origin === origin))
    return known
  }
  return (href) => {
    if (href.length > maxAddress) return null
    const origin = plain.exec(href)?.[1]
    if (origin !== undefined && isNormal(origin) && !/%2e/i.test(href)) return href
    const url = URL.parse(href, base)
    if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return null
    url.hash = ''
    return url.href
  }
}

function digestOf(value: unknown): string | null {
  if (typeof value !== 'string') return null
  if (sha256Pattern.test(value)) return value
  const digest = value.toLowerCase()
  return sha256Pattern.test(digest) ? digest : null
}

function instantOf(value: unknown): string | null {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/.test(value)) return null
  return Number.isNaN(Date.parse(value)) ? null : value
}

/** PEP 345's text, one line of printable ASCII; anything else says nothing. */
function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= maxText && /^[\x20-\x7e]+$/.test(value)
    ? value
    : null
}

function coreMetadataOf(value: unknown): ProjectFile['coreMetadata'] {
  if (!isRecord(value)) return value === true
  const sha256 = digestOf(value.sha256)
  return sha256 === null ? true : { sha256 }
}

/** PEP 629: another major version may mean anything; a page without one is of version 1.0. */
function checkVersion(version: unknown, url: string): void {
  if (version === undefined || version === null) return
  const major = typeof version === 'string' ? /^(\d+)\.\d+$/.exec(version)?.[1] : undefined
  if (major !== '1') throw invalid(url, faults.version(version))
}

function parsed(text: string, url: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw invalid(url, faults.notJson, cause)
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(url: string, reason: Phrase, cause?: unknown): AirlockError {
  const { host, pathname } = new URL(url)
  return new AirlockError('upstream-answer-invalid', { host, what: pathname, reason }, { cause })
}
