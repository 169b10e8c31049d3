/** The socket side of the mirror: limits on what a client may hold open, and an orderly end. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createCounts, type MirrorCounts } from './counts.ts'
import { createCrowd } from './crowd.ts'

export type Listener = {
  /** Starts to listen; resolves with the port. Rejects with the system's error. */
  listen(port: number, host: string): Promise<number>
  counts(): MirrorCounts
  /** Takes no more connections, lets what is under way end for at most `graceMs`, then cuts it off. */
  close(graceMs: number): Promise<void>
}

const limits = {
  /** None of its own: the idle timeout covers it, without a timer set twice a request. */
  keepAliveTimeout: 0,
  maxHeaderSize: 16 * 1024,
  /** Reads have no body, so no stream is made for one. */
  optimizeEmptyRequests: true,
  /** Of two Host headers the second would be dropped in silence. */
  joinDuplicateHeaders: true,
} as const

/** A client that sends its request in drips is cut off. */
const defaultHeadersMs = 10_000

/** Each may hold a buffer here and another in the kernel. A pod's own clients have some dozens. */
const defaultMany = 1024

const drainStep = 50

const refusal =
  'HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

/**
 * A connection on which nothing moves for `idleMs`, in either direction, is dropped: a reader that stalled, or one that
 * has no further request. Of `many`, an address that has a quarter gets no more. One whose request takes longer than `headersMs` to arrive is answered 408. `isBusy` tells whether an answer is still under way on a connection, into which nothing may be written.
 */
export function createListener(
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  {
    idleMs,
    headersMs = defaultHeadersMs,
    many = defaultMany,
    isBusy,
  }: {
    readonly idleMs: number
    readonly headersMs?: number | undefined
    readonly many?: number | undefined
    readonly isBusy: (socket: Duplex) => boolean
  },
): Listener {
  const { counted, watch, counts } = createCounts(answer, createCrowd(many))
  const patience = {
    headersTimeout: headersMs,
    requestTimeout: 1.5 * headersMs,
    connectionsCheckingInterval: headersMs / 5,
  }
  const server = createServer({ ...limits, ...patience }, counted)
  watch(server)
  server.timeout = idleMs
  // a read has no body to wait for: `100 Continue` would invite one
  server.on('checkContinue', counted)
  server.on('connect', (_req, socket) => {
    socket.on('error', () => socket.destroy())
    if (isBusy(socket)) socket.destroy()
    else socket.end(refusal, () => socket.destroy())
  })

  return {
    counts,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.removeListener('error', reject)
          resolve((server.address() as AddressInfo).port)
        })
      }),

    close: (graceMs) =>
      new Promise((resolve) => {
        // node closes idle connections once, at close(); those that become idle later are ours to end
        const sweep = setInterval(() => server.closeIdleConnections(), drainStep)
        const cut = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearInterval(sweep)
          clearTimeout(cut)
          resolve()
        })
      }),
  }
}
