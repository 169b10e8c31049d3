/** What can break on the way to an upstream, as errors that a user can read. */
import { AirlockError, type Phrase } from '../errors.ts'
import { notPublicCode } from './addresses.ts'
import { byCode, byPhase, failed, noTunnel, notHttp, refused, tlsFailed } from './reasons.ts'

/** Upstream could not be reached, or its answer broke off. `passing`: another try may well succeed. */
export class UpstreamFault extends AirlockError {
  readonly passing: boolean

  constructor(host: string, reason: Phrase, passing = true) {
    // the HTTP client's own error is not kept as the cause: it carries request headers, and so credentials
    super('upstream-unreachable', { host, reason })
    this.name = 'UpstreamFault'
    this.passing = passing
  }
}

/** An answer that arrived but cannot be what was asked for. */
export function invalidAnswer(url: URL, reason: Phrase): AirlockError {
  return new AirlockError('upstream-answer-invalid', { host: url.host, what: url.pathname, reason })
}

/** An answer whose status is none that helps. */
export function statusError(url: URL, status: number): AirlockError {
  return new AirlockError('upstream-status', { host: url.host, status, what: url.pathname })
}

/** A host that may not be asked. */
export function refusal(host: string, reason: Phrase): AirlockError {
  return new AirlockError('upstream-host-refused', { host, reason })
}

type Thrown = {
  readonly code?: unknown
  readonly event?: unknown
  readonly cause?: unknown
  readonly statusCode?: unknown
}

/** Says what an error of the HTTP client means. Reads codes, never messages: those of a proxy carry its password. */
export function faultOf(error: unknown, host: string): AirlockError {
  const chain = causes(error)
  // the HTTP client wraps what its stream is destroyed with
  const own = chain.find((one) => one instanceof AirlockError)
  if (own !== undefined) return own
  const code = chain.map((one) => one.code).find((one) => typeof one === 'string' && !one.startsWith('ERR_GOT')) as
    | string
    | undefined
  if (code === notPublicCode) return refusal(host, refused.address)
  const phase = chain.map(({ event }) => byPhase[String(event)]).find((text) => text !== undefined)
  if (phase !== undefined) return new UpstreamFault(host, phase)
  if (code === 'ERR_PROXY_TUNNEL') {
    const status = chain.map(({ statusCode }) => statusCode).find((one) => typeof one === 'number')
    return new UpstreamFault(host, noTunnel(status), status === undefined || status >= 500)
  }
  if (code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO|TLS_|SSL|EPROTO/.test(code))
    return new UpstreamFault(host, tlsFailed(code), false)
  return new UpstreamFault(host, byCode[code ?? ''] ?? (code?.startsWith('HPE_') ? notHttp(code) : failed(code)))
}

function causes(error: unknown): Thrown[] {
  const chain: Thrown[] = []
  for (let one = error; typeof one === 'object' && one !== null && chain.length < 5; one = (one as Thrown).cause)
    chain.push(one)
  return chain
}
