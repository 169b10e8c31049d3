/** The ways in which a command ends without its answer. */
import type { ProblemView } from '../../server/contract.ts'

/** The API answered with a problem (RFC 9457). */
export class ProblemAnswer extends Error {
  readonly problem: Pick<ProblemView, 'status' | 'detail' | 'hint'>
  /** As it came. */
  readonly text: string
  /** What finds it in the server's log; null: the server does not say. */
  readonly reqId: string | null

  constructor(problem: Pick<ProblemView, 'status' | 'detail' | 'hint'>, text: string, reqId: string | null) {
    super(problem.detail)
    this.name = 'ProblemAnswer'
    this.problem = problem
    this.text = text
    this.reqId = reqId
  }
}

/** Nothing answers, or the connection broke. */
export class Unreachable extends Error {
  readonly url: string
  readonly reason: string
  /** The connection stood, so the server may have acted on what was sent. */
  readonly sent: boolean

  constructor(url: string, reason: string, sent: boolean) {
    super(reason)
    this.name = 'Unreachable'
    this.url = url
    this.reason = reason
    this.sent = sent
  }
}

/** Something answers, and it is not Airlock's console. */
export class NotAirlock extends Error {
  readonly url: string
  readonly status: number

  constructor(url: string, status: number, what: string) {
    super(what)
    this.name = 'NotAirlock'
    this.url = url
    this.status = status
  }
}

/** The wait ended before the request: the time was up, or somebody ended it. */
export class WaitEnded extends Error {
  readonly reason: 'timeout' | 'SIGINT' | 'SIGTERM'
  readonly ids: readonly number[]

  constructor(reason: WaitEnded['reason'], ids: readonly number[]) {
    super(reason)
    this.name = 'WaitEnded'
    this.reason = reason
    this.ids = ids
  }
}

/** The command line is not one of ours. */
export class WrongUsage extends Error {}
