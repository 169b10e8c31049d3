/** A forward proxy on loopback that makes upstream as far away as one likes: each way takes half of the round trip longer. */
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { createLookup, createResolve } from '../../server/upstream/addresses.ts'

export type Far = { readonly url: string; close(): void }

/** `roundTrip` in ms, also for a connection to be made. It speaks CONNECT only, which is what https goes by. */
export async function startFar(roundTrip: number): Promise<Far> {
  const sockets = new Set<Socket>()
  // a name that is looked up for each of many connections costs five seconds whenever one of the questions is lost
  const lookup = createLookup(createResolve(), false)
  const server = createServer((_, res) => res.writeHead(501).end('CONNECT only'))
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay()
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }
  server.on('connection', keep)
  server.on('connect', (req, near: Socket) => {
    const { hostname, port } = new URL(`http://${req.url}`)
    const far = connect({ port: Number(port || 443), host: hostname, lookup }, () => {
      setTimeout(() => near.write('HTTP/1.1 200 Connection established\r\n\r\n'), roundTrip)
      slowly(near, far, roundTrip / 2)
      slowly(far, near, roundTrip / 2)
    })
    keep(far)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** What comes first goes first: timers of one length end in the order of their start. */
function slowly(from: Socket, to: Socket, ms: number): void {
  from.on('data', (chunk) => void setTimeout(() => to.write(chunk), ms))
  from.on('end', () => void setTimeout(() => to.end(), ms))
  from.on('close', () => void setTimeout(() => to.destroy(), ms))
}
