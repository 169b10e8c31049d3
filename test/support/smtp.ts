/** A mail server on loopback, as much of RFC 5321, 3207 and 4954 as a client needs to hand one message over. */
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificate } from './certificate.ts'

export type SmtpOptions = {
  /** Offers STARTTLS. */
  readonly certificate?: Certificate
  /** What AUTH PLAIN must give. */
  readonly login?: { readonly user: string; readonly password: string }
  /** In the place of what a command gets: `MAIL`, `.` (the end of the message), … */
  readonly refuse?: Readonly<Record<string, string>>
}
export type Mailed = {
  readonly from: string
  readonly to: readonly string[]
  readonly message: string
  readonly secure: boolean
}

export async function startSmtp({ certificate, login, refuse = {} }: SmtpOptions = {}) {
  const mails: Mailed[] = []
  const heard: string[] = []
  const sockets = new Set<Socket>()

  function converse(socket: Socket, secure: boolean): void {
    sockets.add(socket)
    let pending = ''
    let message: string[] | null = null
    let from = ''
    let to: string[] = []
    const say = (line: string) => socket.write(`${line}\r\n`)
    if (!secure) say('220 mail.example ESMTP')
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    const listen = (bytes: Buffer) => {
      pending += bytes.toString('latin1')
      for (let end = pending.indexOf('\r\n'); end !== -1; end = pending.indexOf('\r\n')) {
        const line = pending.slice(0, end)
        pending = pending.slice(end + 2)
        if (message === null) {
          if (command(line)) return
        } else if (line === '.') {
          const refusal = refuse['.']
          if (refusal === undefined)
            mails.push({ from, to, message: Buffer.from(message.join('\n'), 'latin1').toString(), secure })
          message = null
          say(refusal ?? '250 queued')
        } else message.push(line.replace(/^\./, ''))
      }
    }
    socket.on('data', listen)

    /** True: the socket is another's from now on. */
    function command(line: string): boolean {
      heard.push(`${secure ? 'tls' : 'clear'} ${line}`)
      const verb = line.split(' ')[0]!.toUpperCase()
      if (refuse[verb] !== undefined) say(refuse[verb])
      else if (verb === 'EHLO') {
        const offers = [...(certificate && !secure ? ['STARTTLS'] : []), ...(login ? ['AUTH PLAIN'] : []), '8BITMIME']
        say(
          ['250-mail.example', ...offers.map((offer, at) => `250${at === offers.length - 1 ? ' ' : '-'}${offer}`)].join(
            '\r\n',
          ),
        )
      } else if (verb === 'STARTTLS' && certificate) {
        say('220 go on')
        socket.off('data', listen)
        converse(new TLSSocket(socket, { isServer: true, ...certificate }), true)
        return true
      } else if (verb === 'AUTH') {
        const [, user, password] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
          .toString()
          .split('\0')
        say(user === login?.user && password === login?.password ? '235 welcome' : '535 5.7.8 no')
      } else if (verb === 'MAIL') {
        from = /<(.*?)>/.exec(line)![1]!
        to = []
        say('250 ok')
      } else if (verb === 'RCPT') {
        to.push(/<(.*?)>/.exec(line)![1]!)
        say('250 ok')
      } else if (verb === 'DATA') {
        message = []
        say('354 end with a dot')
      } else if (verb === 'QUIT') {
        say('221 bye')
        socket.end()
      } else say('500 what?')
      return false
    }
  }

  const server = createServer((socket) => converse(socket, false))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    mails,
    /** Every command, with how it came. */
    heard,
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
