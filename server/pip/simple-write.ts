/**
 * PEP 503, 592, 629, 658, 691, 700, 714: an index's pages. A pure function of what is listed: the same bytes whenever they are
 * rendered. Links are relative, so the pages serve over HTTP and from a folder alike; the HTML is complete on its own, since
 * clients of a folder read nothing else.
 *
 * Metadata is offered under PEP 714's name alone. Under the older one pip 22.3 to 23.0 reads it and fails: at the table in
 * the JSON, and wherever a requirement spells a project otherwise than its metadata does. Without it they fetch the wheel.
 */
import { poolPath, urlPath } from '../../storage/layout.ts'
import type { Artifact } from '../../storage/records.ts'
import { order, sortByVersion } from './versions.ts'

export type RenderedPage = { readonly html: string; readonly json: string }

type Listed = Pick<Artifact, 'version' | 'file' | 'sha256' | 'size' | 'uploadedAt' | 'facts'>

const apiVersion = '1.1'

/** What an index's pages say of a file beside what every artifact has. Kept as an artifact's facts. */
type PageFacts = {
  readonly requiresPython: string | null
  /** A yank's reason, `''` where none was given. */
  readonly yanked: string | false
  readonly metadataSha256: string | null
}

/** `pip/<index>/<project>/`: its files by version, then by name. The facts are `requiresPython`, `yanked`, `metadataSha256`. */
export function renderProject({
  name,
  artifacts,
}: {
  readonly name: string
  readonly artifacts: readonly Listed[]
}): RenderedPage {
  const files = sortByVersion(artifacts).map((artifact) => ({
    ...artifact,
    href: hrefOf(artifact),
    ...factsOf(artifact),
  }))
  const html = document(
    `Links for ${name}`,
    files.map(({ href, file, sha256, requiresPython, yanked, metadataSha256 }) => {
      const attributes = [
        `href="${escape(href)}#sha256=${sha256}"`,
        ...(requiresPython === null ? [] : [`data-requires-python="${escape(requiresPython)}"`]),
        ...(metadataSha256 === null ? [] : [`data-core-metadata="sha256=${metadataSha256}"`]),
        ...(yanked === false ? [] : [`data-yanked="${escape(yanked)}"`]),
      ]
      return `<a ${attributes.join(' ')}>${escape(file)}</a><br>`
    }),
  )
  const json = JSON.stringify({
    meta: { 'api-version': apiVersion },
    name,
    versions: [...new Set(files.map(({ version }) => version))],
    files: files.map(({ file, href, sha256, size, uploadedAt, requiresPython, yanked, metadataSha256 }) => ({
      filename: file,
      url: href,
      hashes: { sha256 },
      ...(requiresPython !== null && { 'requires-python': requiresPython }),
      ...(size !== null && { size }),
      ...(uploadedAt !== null && { 'upload-time': uploadedAt }),
      yanked: yanked === '' ? true : yanked,
      ...(metadataSha256 !== null && { 'core-metadata': { sha256: metadataSha256 } }),
    })),
  })
  return { html, json }
}

/** `pip/<index>/`: the projects, sorted. */
export function renderIndex(names: readonly string[]): RenderedPage {
  const sorted = names.toSorted(order)
  return {
    html: document(
      'Simple index',
      sorted.map((name) => `<a href="${encodeURIComponent(name)}/">${escape(name)}</a><br>`),
    ),
    json: JSON.stringify({ meta: { 'api-version': apiVersion }, projects: sorted.map((name) => ({ name })) }),
  }
}

/** From a project's page, which clients take for a folder. Invariant: no query, since clients append `.metadata`. */
export function hrefOf({ sha256, file }: Pick<Artifact, 'sha256' | 'file'>): string {
  return `../../${urlPath(poolPath('pip', sha256, file).slice('pip/'.length))}`
}

function factsOf({ facts }: Listed): PageFacts {
  const { requiresPython, yanked, metadataSha256 } = facts
  return {
    requiresPython: typeof requiresPython === 'string' ? requiresPython : null,
    yanked: typeof yanked === 'string' ? yanked : false,
    metadataSha256: typeof metadataSha256 === 'string' ? metadataSha256 : null,
  }
}

function document(title: string, lines: readonly string[]): string {
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta name="pypi:repository-version" content="${apiVersion}">`,
    `<title>${escape(title)}</title>`,
    '</head>',
    '<body>',
    `<h1>${escape(title)}</h1>`,
    ...lines,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}
