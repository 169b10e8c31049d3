/**
 * Mail by SMTP. Invariant: the connection is opened here, to a server that the configuration names, and handed to the mail
 * library, which opens none of its own and reads no file or address that a message names.
 */
import { connect, type Socket } from 'node:net'
import { createTransport } from 'nodemailer'
import type { Phrase } from '../errors.ts'
import { createLookup, createResolve } from './addresses.ts'
import { trusted } from './agents.ts'
import { decoded } from './credentials.ts'
import { UpstreamFault, faultOf, refusal } from './faults.ts'
import { byPhase, refused } from './reasons.ts'

export type Mail = {
  /** smtp:// or smtps://, with user and password where it wants them. */
  readonly server: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  /** The same at every try: what Message-ID is made of. */
  readonly key: string
  readonly signal: AbortSignal
}

type Deps = {
  readonly servers: readonly string[]
  readonly extraCa?: readonly string[]
  /** ms for each step of the conversation. */
  readonly timeout?: number
}

export type SendMail = (mail: Mail) => Promise<void>

export function createMailer({ servers, extraCa = [], timeout = 15_000 }: Deps): SendMail {
  const allowed = new Set(servers.map((server) => placeOf(server).site))
  const lookup = createLookup(createResolve(), false)

  async function open(host: string, port: number, signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted()
    const socket = connect({ host, port, lookup, noDelay: true })
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve).once('error', reject)
        socket.setTimeout(timeout, () => reject(new UpstreamFault(host, byPhase['connect']!)))
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      })
      socket.setTimeout(0)
      return socket
    } catch (error) {
      socket.on('error', () => {}).destroy()
      signal.throwIfAborted()
      throw faultOf(error, host)
    }
  }

  /** Throws UpstreamFault, `upstream-host-refused` or the signal's reason. A password only ever goes over TLS. */
  return async function send({ server, from, to, subject, text, key, signal }) {
    const { host, port, secure, site, user, password } = placeOf(server)
    if (!allowed.has(site)) throw refusal(host, refused.notConfigured)
    const socket = await open(host, port, signal)
    const abort = () => socket.destroy()
    signal.addEventListener('abort', abort, { once: true })
    const transport = createTransport({
      host,
      port,
      secure,
      connection: socket,
      name: '[127.0.0.1]',
      ...(user !== '' && { auth: { user, pass: password }, requireTLS: !secure }),
      tls: { ...(/[a-z]/i.test(host) && { servername: host }), ca: trusted(extraCa), minVersion: 'TLSv1.2' },
      greetingTimeout: timeout,
      socketTimeout: timeout,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    try {
      const messageId = `<${key}@airlock>`
      await transport.sendMail({
        from,
        to: [...to],
        subject,
        text,
        messageId,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
    } catch (error) {
      signal.throwIfAborted()
      throw new UpstreamFault(host, reasonOf(error))
    } finally {
      signal.removeEventListener('abort', abort)
      transport.close()
      socket.destroy()
    }
  }
}

function placeOf(server: string) {
  const url = new URL(server)
  const secure = url.protocol === 'smtps:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port === '' ? (secure ? 465 : 587) : Number(url.port)
  const site = `${url.protocol}//${host}:${port}`
  return { host, port, secure, site, user: decoded(url.username), password: decoded(url.password) }
}

/** By codes: the library's words may repeat what was sent. */
function reasonOf(error: unknown): Phrase {
  const { responseCode, code } = error as { readonly responseCode?: unknown; readonly code?: unknown }
  if (code === 'EAUTH')
    return { en: 'the mail server does not take user and password', zh: '邮件服务器不接受用户名与密码' }
  if (typeof responseCode === 'number')
    return { en: `the mail server answers ${responseCode}`, zh: `邮件服务器返回 ${responseCode}` }
  if (code === 'ETLS') return { en: 'there is no TLS with the mail server', zh: '无法与邮件服务器建立 TLS' }
  if (code === 'ETIMEDOUT') return byPhase['response']!
  return { en: 'the conversation with the mail server broke off', zh: '与邮件服务器的会话中断' }
}
