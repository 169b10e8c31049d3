/** How far one call's files are, told a few times a second. */
import type { Progress } from '../../storage/records.ts'

/** One file as it is now; `total` is null while unknown. */
export type Gauge = () => { readonly received: number; readonly total: number | null; readonly whole: boolean }

export type Meter = {
  /** Tells the final figures and falls silent. */
  stop(): void
}

const tick = 200
const rateOver = 5000

/** Calls `tell` at once, then at most five times a second and only when something changed. */
export function createMeter(gauges: readonly Gauge[], tell: (progress: Progress) => void): Meter {
  const samples: { readonly at: number; readonly bytes: number }[] = []
  let last = ''

  function measure(): void {
    const at = performance.now()
    let files = 0
    let bytes = 0
    let bytesTotal: number | null = 0
    for (const gauge of gauges) {
      const { received, total, whole } = gauge()
      if (whole) files++
      bytes += received
      bytesTotal = bytesTotal === null || total === null ? null : bytesTotal + total
    }
    samples.push({ at, bytes })
    while (samples.length > 2 && at - samples[0]!.at > rateOver) samples.shift()
    const since = samples[0]!
    // a file that begins again takes its bytes back: not a negative rate
    const bytesPerSecond = at > since.at ? Math.max(0, Math.round(((bytes - since.bytes) * 1000) / (at - since.at))) : 0
    const progress = { files, filesTotal: gauges.length, bytes, bytesTotal, bytesPerSecond }
    const text = JSON.stringify(progress)
    if (text === last) return
    last = text
    tell(progress)
  }

  measure()
  const timer = setInterval(measure, tick)
  return {
    stop() {
      clearInterval(timer)
      measure()
    },
  }
}
