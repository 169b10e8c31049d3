/**
 * Connections by whom they come from. While there are few, anybody may have them; where there are many, whoever has a large
 * part of them gets no more. So one pod can neither keep the others out nor make the mirror hold memory without end.
 */
import type { Socket } from 'node:net'

/**
 * Whether a new connection may stay; if so it counts until it closes. `many` connections are a crowd, and a quarter of that
 * is a large part.
 */
export function createCrowd(many: number): (socket: Socket) => boolean {
  const open = new Map<string, number>()
  let all = 0
  return function admits(socket) {
    const from = socket.remoteAddress ?? ''
    const own = open.get(from) ?? 0
    if (all >= many && own >= many / 4) return false
    all++
    open.set(from, own + 1)
    socket.once('close', () => {
      all--
      const left = open.get(from)! - 1
      if (left > 0) open.set(from, left)
      else open.delete(from)
    })
    return true
  }
}
