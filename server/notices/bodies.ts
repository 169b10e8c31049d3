/**
 * A notice as each kind of receiver wants it: address, headers and body of a POST. Signed anew at every try, so that an
 * old one cannot be sent again by somebody else; its key stays, so that a repetition is known for one.
 */
import { createHmac } from 'node:crypto'
import type { Notice } from '../../storage/outbox.ts'
import type { HookConfig } from '../config.ts'
import type { Words } from './words.ts'

export type WebhookKind = Exclude<HookConfig['kind'], 'mail'>
export type Post = { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: string }

type Given = {
  readonly notice: Notice
  /** The same at every try. */
  readonly key: string
  readonly words: Words
  readonly now: Date
  /** What programs want to know beside it. */
  readonly more: { readonly install: string; readonly links: readonly (string | null)[] }
}

/** Bytes of UTF-8: WeCom takes 2048, the others more. */
const longest = 1900

export function postOf(
  { kind, url, secret }: Pick<HookConfig, 'url' | 'secret'> & { kind: WebhookKind },
  given: Given,
): Post {
  const seconds = String(Math.floor(given.now.getTime() / 1000))
  const text = cut(`${given.words.title}\n${given.words.text}`)
  if (kind === 'json') return signed(url, secret!, seconds, given)
  if (kind === 'feishu') {
    // `<at …>` would call people
    const content = { text: text.replace(/<(?=\s*\/?\s*at\b)/gi, '‹') }
    const sign = secret === undefined ? {} : { timestamp: seconds, sign: hmac(`${seconds}\n${secret}`, '', 'base64') }
    return post(url, { ...sign, msg_type: 'text', content })
  }
  if (kind === 'dingtalk') {
    const milliseconds = String(given.now.getTime())
    const address = new URL(url)
    if (secret !== undefined) {
      address.searchParams.set('timestamp', milliseconds)
      address.searchParams.set('sign', hmac(secret, `${milliseconds}\n${secret}`, 'base64'))
    }
    return post(address.href, { msgtype: 'text', text: { content: text }, at: { isAtAll: false } })
  }
  if (kind === 'wecom') return post(url, { msgtype: 'text', text: { content: text } })
  // Slack: these three begin its markup, `<!channel>` among it
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return post(url, { text: escaped, unfurl_links: false })
}

/** `Airlock-Signature: v1=HEX` is HMAC-SHA256 over timestamp, a dot and the body, with the secret. */
function signed(url: string, secret: string, seconds: string, { notice, key, words, more }: Given): Post {
  const body = JSON.stringify({
    id: key,
    event: notice.event,
    at: notice.at,
    title: words.title,
    text: words.text,
    requests: notice.requests.map((request, at) => ({ ...request, url: more.links[at] ?? null })),
    install: more.install,
    problem: notice.problem && { code: notice.problem.code, fields: notice.problem.fields },
    held: notice.held && { root: notice.held.root, code: notice.held.remark.code, fields: notice.held.remark.fields },
  })
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'airlock-id': key,
    'airlock-timestamp': seconds,
    'airlock-signature': `v1=${hmac(secret, `${seconds}.${body}`, 'hex')}`,
  }
  return { url, headers, body }
}

function post(url: string, body: object): Post {
  return { url, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) }
}

function hmac(key: string, text: string, encoding: 'hex' | 'base64'): string {
  return createHmac('sha256', key).update(text).digest(encoding)
}

function cut(text: string): string {
  if (Buffer.byteLength(text) <= longest) return text
  const bytes = Buffer.from(text).subarray(0, longest - 3)
  // a character that was cut in two is left out
  return `${bytes.toString('utf8').replace(/\ufffd+$/, '')}…`
}

/** Whether an answer says that the notice was taken: some say no with a status of 200. */
export function wasTaken(kind: WebhookKind, status: number, body: Buffer): boolean {
  if (status < 200 || status > 299) return false
  if (kind === 'json' || kind === 'slack') return true
  try {
    const { errcode, code, StatusCode } = JSON.parse(body.toString('utf8')) as Record<string, unknown>
    return kind === 'feishu' ? (code ?? StatusCode) === 0 : errcode === 0
  } catch {
    return false
  }
}

/** What such an answer says, as far as it is a number. */
export function refusalOf(status: number, body: Buffer): string {
  try {
    const said = JSON.parse(body.toString('utf8')) as Record<string, unknown>
    const code = said['errcode'] ?? said['code'] ?? said['StatusCode']
    return typeof code === 'number' ? `${status}, ${code}` : String(status)
  } catch {
    return String(status)
  }
}
