/** The console's API as one typed call. Only the contract's types are imported, so that zod stays on the server. */
import type { z } from 'zod'
import type { operations, ProblemView } from '../../server/contract.ts'
import { language } from './words/index.ts'

type Operations = typeof operations
type Used = keyof typeof routes

const routes = {
  createRequests: ['post', '/api/requests'],
  listRequests: ['get', '/api/requests'],
  getRequest: ['get', '/api/requests/:id'],
  cancelRequest: ['post', '/api/requests/:id/cancel'],
  retryRequest: ['post', '/api/requests/:id/retry'],
  repeatRequest: ['post', '/api/requests/:id/repeat'],
  listTargets: ['get', '/api/targets'],
  addTarget: ['post', '/api/targets'],
  removeTarget: ['post', '/api/targets/:name/remove'],
  checkRequirements: ['post', '/api/requirements/check'],
  previewClosure: ['post', '/api/closures'],
  listNames: ['get', '/api/names/:ecosystem'],
  status: ['get', '/api/status'],
  getBuild: ['get', '/api/builds/:id'],
  listPackages: ['get', '/api/packages/:ecosystem'],
  getPackage: ['get', '/api/packages/:ecosystem/:name'],
  describePackage: ['get', '/api/packages/:ecosystem/:name/description'],
} as const satisfies { readonly [O in keyof Operations]?: readonly [Operations[O]['method'], Operations[O]['path']] }

export type AnswerOf<O extends Used> = z.infer<Operations[O]['answer']>
type BodyOf<O extends Used> = Operations[O] extends { readonly body: infer B extends z.ZodType }
  ? z.input<B>
  : undefined

export type Sent<O extends Used> = {
  readonly params?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>
  readonly body?: BodyOf<O>
  /** A requirements file, in the place of a body. */
  readonly text?: string
  readonly signal?: AbortSignal | undefined
}

/** What Airlock said no to, in the reader's language. */
export class Refused extends Error {
  readonly problem: ProblemView
  /** What finds it in the server's log. */
  readonly reqId: string
  constructor(problem: ProblemView, reqId: string) {
    super(problem.detail)
    this.reqId = reqId
    this.problem = problem
  }
}

/** Nothing answered, or something that is not Airlock. `status` is null when nothing did. */
export class Unreachable extends Error {
  readonly status: number | null
  /** What finds it in the server's log, if it came so far. */
  readonly reqId: string
  constructor(status: number | null, reqId: string, options?: ErrorOptions) {
    super(status === null ? 'no answer' : `unexpected answer ${status}`, options)
    this.reqId = reqId
    this.status = status
  }
}

/** Throws Refused or Unreachable, or the signal's reason. */
export async function call<O extends Used>(operation: O, sent: Sent<O> = {}): Promise<AnswerOf<O>> {
  const [method, path] = routes[operation]
  const { params = {}, query = {}, body, text, signal } = sent
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((one) => [name, String(one)]),
    ),
  )
  const own = newReqId()
  const response = await fetch(`${filled}${search.size > 0 ? `?${search}` : ''}`, {
    method: method.toUpperCase(),
    headers: {
      accept: 'application/json',
      'accept-language': language() === 'zh' ? 'zh-CN' : 'en',
      'x-request-id': own,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(text !== undefined && { 'content-type': 'text/plain' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(text !== undefined && { body: text }),
    ...(signal && { signal }),
  }).catch((cause: unknown) => {
    signal?.throwIfAborted()
    throw new Unreachable(null, own, { cause })
  })
  const reqId = response.headers.get('x-request-id') ?? own
  const json = await response.json().catch(() => undefined)
  if (response.ok && json !== undefined) return json as AnswerOf<O>
  if (isProblem(json)) throw new Refused(json, reqId)
  throw new Unreachable(response.status, reqId)
}

/** randomUUID is for secure contexts only, and consoles are read over plain HTTP too. */
function newReqId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function isProblem(json: unknown): json is ProblemView {
  return typeof json === 'object' && json !== null && 'detail' in json && 'hint' in json && 'code' in json
}
