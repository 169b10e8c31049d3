/** The console's API as one typed call: a request, an answer, nothing remembered and nothing retried. */
import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import type { operations, ProblemView } from '../../server/contract.ts'
import { exchange } from './exchange.ts'
import { NotAirlock, ProblemAnswer } from './failures.ts'
import type { Language } from './language.ts'

type Operations = typeof operations
type Used = keyof typeof routes

/** The contract's methods and paths. Only its types are imported, since loading zod would double a command's start. */
const routes = {
  createRequests: ['post', '/api/requests'],
  listRequests: ['get', '/api/requests'],
  getRequest: ['get', '/api/requests/:id'],
  cancelRequest: ['post', '/api/requests/:id/cancel'],
  retryRequest: ['post', '/api/requests/:id/retry'],
  withdraw: ['post', '/api/withdrawals'],
  listTargets: ['get', '/api/targets'],
  addTarget: ['post', '/api/targets'],
  getTarget: ['get', '/api/targets/:name'],
  removeTarget: ['post', '/api/targets/:name/remove'],
  listPackages: ['get', '/api/packages/:ecosystem'],
  getPackage: ['get', '/api/packages/:ecosystem/:name'],
  describePackage: ['get', '/api/packages/:ecosystem/:name/description'],
  listHooks: ['get', '/api/hooks'],
  convertLock: ['post', '/api/locks'],
  testHook: ['post', '/api/hooks/:hook/test'],
  listBuilds: ['get', '/api/builds'],
  getBuild: ['get', '/api/builds/:id'],
  rebuild: ['post', '/api/maintenance/rebuild'],
  backup: ['post', '/api/maintenance/backup'],
  verify: ['post', '/api/maintenance/verify'],
} as const satisfies { readonly [O in keyof Operations]?: readonly [Operations[O]['method'], Operations[O]['path']] }

/** `text` is the body as it came, one JSON document; `json` is what it says. */
export type Answer<View> = { readonly text: string; readonly json: View }
export type AnswerOf<O extends Used> = Answer<z.infer<Operations[O]['answer']>>

type Sent = {
  /** The path's own `:id`, or all that it names. */
  readonly id?: number
  readonly params?: Readonly<Record<string, string>>
  /** A list is given value by value. */
  readonly query?: Readonly<Record<string, string | readonly string[]>>
  /** A string goes as plain text. */
  readonly body?: object | string
  /** Milliseconds without a byte after which the server counts as gone; 0: never. */
  readonly idle?: number
  readonly signal?: AbortSignal
}

/** `shown`: the base for messages, without credentials. */
type Deps = { readonly base: URL; readonly shown: string; readonly language: Language }

export function createApi({ base, shown, language }: Deps) {
  // all that one command does, so that one word finds it in the server's log
  const reqId = randomBytes(8).toString('hex')

  /** Throws ProblemAnswer, Unreachable or NotAirlock. */
  return async function call<O extends Used>(
    operation: O,
    { id, params = { id: String(id) }, query, body, idle = 30_000, signal }: Sent = {},
  ): Promise<AnswerOf<O>> {
    const [method, path] = routes[operation]
    const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name]!))
    const url = new URL(base.pathname.replace(/\/$/, '') + filled, base)
    for (const [name, values] of Object.entries(query ?? {}))
      for (const value of [values].flat()) url.searchParams.append(name, value)
    const headers = {
      accept: 'application/json',
      'accept-language': language === 'zh' ? 'zh-CN' : 'en',
      'x-request-id': reqId,
    }
    const { status, type, text, ...said } = await exchange({ url, shown, method, headers, body, idle, signal })
    const json = type.includes('json') ? parsed(text) : undefined
    if (status >= 200 && status < 300 && isObject(json)) return { text, json } as AnswerOf<O>
    if (isProblem(json)) throw new ProblemAnswer(json, text, said.reqId)
    throw new NotAirlock(shown, status, `${status} ${type}`.trim())
  }
}

export type Api = ReturnType<typeof createApi>

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function isProblem(json: unknown): json is ProblemView {
  return isObject(json) && 'detail' in json && typeof json.detail === 'string' && 'hint' in json
}
