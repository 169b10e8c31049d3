/**
 * A forward proxy on loopback that connects to nothing but the ports a test gives it: every host and port asked for
 * leads there, and is written down.
 */
import { createServer, request, type IncomingHttpHeaders } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'

export type Proxy = {
  readonly url: string
  /** `CONNECT files.example:443` or `GET http://files.example/x`, with the headers that came along. */
  readonly asked: readonly { readonly what: string; readonly headers: IncomingHttpHeaders }[]
  close(): Promise<void>
}

/** `refuse`: the status line that answers a CONNECT instead; `mute`: no answer to it. */
export async function startProxy(
  port: number,
  { refuse, mute = false }: { readonly refuse?: string; readonly mute?: boolean } = {},
): Promise<Proxy> {
  const asked: { what: string; headers: IncomingHttpHeaders }[] = []
  const sockets = new Set<Socket>()
  const server = createServer((req, res) => {
    asked.push({ what: `${req.method} ${req.url}`, headers: req.headers })
    const { pathname, search } = new URL(req.url ?? '')
    const onward = request({ host: '127.0.0.1', port, path: pathname + search, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    onward.on('error', () => res.destroy())
    onward.end()
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('connect', (req, socket: Socket) => {
    asked.push({ what: `CONNECT ${req.url}`, headers: req.headers })
    socket.on('error', () => {})
    if (mute) return
    if (refuse !== undefined) return socket.end(`HTTP/1.1 ${refuse}\r\nContent-Length: 0\r\n\r\n`)
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    sockets.add(onward)
    onward.on('error', () => socket.destroy())
    onward.on('close', () => sockets.delete(onward))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
