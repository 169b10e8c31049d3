/** A body as it arrives, watched: whole, not larger than allowed, not idle, not slower than the least rate. */
import type { Readable } from 'node:stream'
import { UpstreamFault, faultOf, invalidAnswer } from './faults.ts'
import { brokeOff, largerThan, silentFor, slowerThan } from './reasons.ts'

/** Milliseconds, and bytes per second over a window of waiting. */
export type Pace = { readonly idle: number; readonly window: number; readonly minRate: number }

export type Watched = {
  readonly url: URL
  /** What Content-Length states; null for a chunked body. */
  readonly length: number | null
  readonly maxBytes: number
  readonly pace: Pace
  readonly signal: AbortSignal
}

/**
 * Yields the chunks and destroys the stream when left early. Throws UpstreamFault when the body breaks off, stalls or
 * trickles, `upstream-answer-invalid` when it is too large, the signal's reason when aborted.
 * Only time spent waiting for upstream counts: a slow disk behind us is not upstream's fault.
 */
export async function* watched(stream: Readable, body: Watched): AsyncGenerator<Buffer, void, undefined> {
  const { url, pace, signal } = body
  let waitingSince: number | null = null
  let waited = 0
  let inWindow = 0
  let received = 0
  const isTooSlow = (waited: number) => waited >= pace.window && inWindow < (pace.minRate * pace.window) / 1000
  const check = () => {
    if (waitingSince === null) return
    const current = performance.now() - waitingSince
    if (current >= pace.idle) stream.destroy(new UpstreamFault(url.host, silentFor(pace.idle)))
    else if (isTooSlow(waited + current)) stream.destroy(new UpstreamFault(url.host, slowerThan(pace.minRate)))
  }
  const timer = setInterval(check, Math.max(5, Math.min(pace.idle, pace.window) / 8))
  const stop = () => stream.destroy(new Error('aborted'))
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    for (;;) {
      waitingSince = performance.now()
      const next = await chunks.next()
      waited += performance.now() - waitingSince
      waitingSince = null
      if (next.done === true) break
      received += next.value.length
      inWindow += next.value.length
      // bytes that come more often than the timer looks would close every window before it does
      if (isTooSlow(waited)) throw new UpstreamFault(url.host, slowerThan(pace.minRate))
      if (waited >= pace.window) {
        waited = 0
        inWindow = 0
      }
      if (received > body.maxBytes) throw invalidAnswer(url, largerThan(body.maxBytes))
      yield next.value
    }
    if (body.length !== null && received !== body.length) throw new UpstreamFault(url.host, brokeOff)
  } catch (error) {
    signal.throwIfAborted()
    throw faultOf(error, url.host)
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', stop)
    stream.destroy()
  }
}
