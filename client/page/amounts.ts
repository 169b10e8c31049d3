/** Numbers for people: short units, aligned by the style sheet. Pure, so that Node tests them. */

const units = ['B', 'KB', 'MB', 'GB', 'TB']

/** Powers of 1000: `34 MB`, `1.9 GB`; two figures at most below ten. */
export function bytes(count: number): string {
  let unit = 0
  let amount = count
  // what would be printed as 1000 belongs to the next unit
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000
    unit++
  }
  return `${unit === 0 || amount >= 9.95 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`
}

export type Span = { readonly unit: 'now' | 'seconds' | 'minutes' | 'hours' | 'days'; readonly n: number }

/** How long ago or how long still, in the largest unit that leaves a whole number; below five seconds it is now. */
export function span(seconds: number): Span {
  const s = Math.max(0, seconds)
  if (s < 5) return { unit: 'now', n: 0 }
  if (s < 60) return { unit: 'seconds', n: Math.floor(s) }
  if (s < 3600) return { unit: 'minutes', n: Math.floor(s / 60) }
  if (s < 2 * 86_400) return { unit: 'hours', n: Math.floor(s / 3600) }
  return { unit: 'days', n: Math.floor(s / 86_400) }
}

/** `0.4 s`, `12 s`, `3:04`, `1:02:03`. */
export function duration(seconds: number): string {
  const s = Math.max(0, seconds)
  if (s < 9.95) return `${s.toFixed(1)} s`
  const whole = Math.round(s)
  if (whole < 60) return `${whole} s`
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  return minutes < 60
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`
}

/** Seconds until a download is whole; null while that cannot be told. */
export function secondsLeft(progress: {
  readonly bytes: number
  readonly bytesTotal: number | null
  readonly bytesPerSecond: number
}): number | null {
  const { bytes: done, bytesTotal, bytesPerSecond } = progress
  if (bytesTotal === null || bytesPerSecond <= 0 || done >= bytesTotal) return null
  return (bytesTotal - done) / bytesPerSecond
}

/** The day of an instant, in the reader's own time zone: `2026-03-01`. */
export function day(instant: string): string {
  return exactTime(instant).slice(0, 10)
}

/** In the reader's own time zone: `2026-03-01 14:05:09`. */
export function exactTime(instant: string): string {
  const date = new Date(instant)
  const two = (value: number) => String(value).padStart(2, '0')
  return [
    [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-'),
    [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':'),
  ].join(' ')
}
