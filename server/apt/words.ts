/** apt's own words, made readable: progress left out, addresses as people know them. Nothing is decided by them. */
import type { ChildResult } from '../child.ts'
import { fromGateway, throughGateway, wordsFromGateway, type Source } from './sources.ts'

const chatter =
  /^(?:Reading |Building |Some packages could not be installed|requested an impossible|distribution that some|or been moved out of Incoming|The following information may help|This may mean|is only available from another source|$)/

/** Why apt-get would not do what it was asked. */
export function explainSolve({ stdout, stderr }: ChildResult): string {
  const said = stdout.split('\n').filter((line) => !chatter.test(line.trim()) && !line.startsWith("'"))
  const complaints = stderr.split('\n').filter((line) => /^[EW]: /.test(line))
  return wordsFromGateway([...said, ...complaints].join('\n').trim()).slice(0, 4000)
}

export type UpdateFault = {
  readonly explanation: string
  /** Whose trouble it is, as they are configured. */
  readonly repositories: readonly string[]
  /** It may be over in a minute: the archive could not be asked, or was in the middle of a push. */
  readonly passing: boolean
}

/** Why an update failed, and which archives did. */
export function explainUpdate({ stdout, stderr }: ChildResult, sources: readonly Source[]): UpdateFault {
  const lines = [...new Set([...stderr.split('\n'), ...stdout.split('\n')])].filter((line) =>
    /^(?:[EW]: |Err:)/.test(line),
  )
  const text = fromGatewayAll(lines.join('\n'))
  const unasked = [...text.matchAll(unaskedRelease)].map(([, url]) => url!)
  const isTrouble = (line: string) => !unsigned.test(line) || !unasked.some((url) => isOf(fromGatewayAll(line), url))
  const complaints = lines.filter((line) => /^[EW]: /.test(line) && !idle.test(line) && isTrouble(line))
  const explanation = wordsFromGateway((complaints.length > 0 ? complaints : lines).map(ofServer).join('\n'))
  const repositories = sources.flatMap((source) =>
    source.uris.flatMap((uri) =>
      source.suites.flatMap((suite) => (names(text, uri, suite) ? [`${uri} ${suite}`] : [])),
    ),
  )
  const passing = !untrusted.test(text) && !lines.some((line) => unsigned.test(line) && isTrouble(line))
  return { explanation: explanation.slice(0, 4000), repositories: [...new Set(repositories)], passing }
}

const untrusted = /NO_PUBKEY|signatures? (?:couldn't be verified|were invalid)|is expired|EXPKEYSIG|REVKEYSIG|BADSIG/
const unsigned = /is not signed|is no longer signed/
/** The gateway could not fetch it: that apt then calls the archive unsigned says nothing of the archive. */
const unaskedRelease = /Failed to fetch (\S+)\/(?:InRelease|Release|Release\.gpg)\s+502 /g
const idle = /^E: Some index files failed|^W: You may want to run apt-get update/

/** Without what is this server's alone: the gateway's address and where the lists lie. */
function ofServer(line: string): string {
  return line.replace(/ \[IP: [^\]]*\]/, '').replace(/\/\S*\/lists\/(?:partial\/)?(?=\S)/g, '')
}

/** Whether a complaint about a repository, `'URI SUITE InRelease'`, is about the one whose Release lies there. */
function isOf(line: string, url: string): boolean {
  const [, uri, suite = ''] = /'(\S+) (\S+) (?:In)?Release'/.exec(line) ?? []
  return uri !== undefined && url.startsWith(uri.replace(/\/+$/, '')) && url.endsWith(suite.replace(/\/+$/, ''))
}

function names(text: string, uri: string, suite: string): boolean {
  const base = uri.replace(/\/+$/, '')
  const list = `${throughGateway(base).replace(/^\w+:\/*/, '')}/dists/${suite}/`
    .replace(/[_~]/g, quoted)
    .replaceAll('/', '_')
  return (
    text.includes(list) ||
    text.includes(`${base} ${suite}`) ||
    text.includes(`${base}/ ${suite}`) ||
    text.includes(`${base}/dists/${suite}/`) ||
    text.includes(`${base}/${suite.replace(/\/?$/, '/')}`)
  )
}

function fromGatewayAll(text: string): string {
  return text.replace(/http:\/\/\S+/g, fromGateway)
}

/** As apt names the file of a list. */
function quoted(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`
}
