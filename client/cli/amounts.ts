const units = ['B', 'KB', 'MB', 'GB', 'TB']

/** Powers of 1000, as disks and browsers count: `34.1 MB`. */
export function bytes(count: number): string {
  let unit = 0
  let amount = count
  // 999.95 would be printed as 1000.0
  while (amount >= 999.95 && unit < units.length - 1) {
    amount /= 1000
    unit++
  }
  return unit === 0 ? `${count} B` : `${amount.toFixed(1)} ${units[unit]}`
}

/** `0.7 s`, `12 s`, `3:04`, `1:02:03`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 59.5) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** An instant in the reader's own time zone, to the second, with what that is ahead of UTC: `2026-03-01 14:05:09 +08:00`. */
export function localTime(instant: string): string {
  const date = new Date(instant)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  const ahead = -date.getTimezoneOffset()
  const zone = [Math.trunc(Math.abs(ahead) / 60), Math.abs(ahead) % 60].map(two).join(':')
  return `${day} ${time} ${ahead < 0 ? '-' : '+'}${zone}`
}

/** The same to the minute, for a list: `2026-03-01 14:05`. */
export function localMinute(instant: string): string {
  return localTime(instant).slice(0, 16)
}
