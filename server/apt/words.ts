/** apt's own words, made readable: progress left out, addresses as people know them. Nothing is decided by them. */
import type { ChildResult } from '../child.ts'
import { fromGateway, wordsFromGateway, type Source } from './sources.ts'

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
  const complaints = lines.filter((line) => /^[EW]: /.test(line) && !line.startsWith('E: Some index files failed'))
  const explanation = wordsFromGateway((complaints.length > 0 ? complaints : lines).join('\n')).slice(0, 4000)
  const text = fromGatewayAll(lines.join('\n'))
  const repositories = sources.flatMap((source) =>
    source.uris.flatMap((uri) =>
      source.suites.flatMap((suite) => (names(text, uri, suite) ? [`${uri} ${suite}`] : [])),
    ),
  )
  const untrusted =
    /NO_PUBKEY|is not signed|is no longer signed|signatures? (?:couldn't be verified|were invalid)|is expired|EXPKEYSIG|REVKEYSIG|BADSIG/
  return { explanation, repositories: [...new Set(repositories)], passing: !untrusted.test(text) }
}

function names(text: string, uri: string, suite: string): boolean {
  const base = uri.replace(/\/+$/, '')
  return (
    text.includes(`${base} ${suite}`) ||
    text.includes(`${base}/ ${suite}`) ||
    text.includes(`${base}/dists/${suite}/`) ||
    text.includes(`${base}/${suite.replace(/\/?$/, '/')}`)
  )
}

function fromGatewayAll(text: string): string {
  return text.replace(/http:\/\/\S+/g, fromGateway)
}
