/** What the mirror has done, counted so that a page from memory costs nothing more. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export type MirrorCounts = {
  /** Answers by status. */
  readonly answers: Readonly<Record<string, number>>
  /** Bytes written to connections, heads included. */
  readonly bytes: number
  /** Open connections. */
  readonly connections: number
  /** Connections that were not admitted: their address had a large part of very many. */
  readonly refused: number
}

/** `counted` is the listener to give to the server; `watch` counts the server's connections, and ends those not admitted. */
export function createCounts(
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  admits: (socket: Socket) => boolean,
) {
  const answers: Record<string, number> = {}
  const open = new Set<Socket>()
  let closed = 0
  let refused = 0

  function note(res: ServerResponse): void {
    answers[res.statusCode] = (answers[res.statusCode] ?? 0) + 1
  }

  return {
    counted(req: IncomingMessage, res: ServerResponse): void {
      answer(req, res)
      // pages are answered at once; whoever reads a file may leave before it begins
      if (res.headersSent) note(res)
      else res.once('close', () => res.headersSent && note(res))
    },
    watch(server: Server): void {
      server.on('connection', (socket) => {
        if (!admits(socket)) {
          refused++
          return void socket.destroy()
        }
        open.add(socket)
        socket.once('close', () => {
          open.delete(socket)
          closed += socket.bytesWritten
        })
      })
    },
    counts(): MirrorCounts {
      let bytes = closed
      for (const socket of open) bytes += socket.bytesWritten
      return { answers: { ...answers }, bytes, connections: open.size, refused }
    },
  }
}
