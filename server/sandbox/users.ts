/** A user of its own for each sandbox: limits on processes are the kernel's per user, and no file is anybody's there. */
import { randomInt } from 'node:crypto'

type Range = { readonly first: number; readonly count: number }

/** Given to nobody by Debian's policy or by systemd, in this order of preference. */
const unused: readonly Range[] = [
  { first: 0x70000000, count: 0x0ffffffe },
  { first: 65000, count: 500 },
]

/** `map`: /proc/self/uid_map. A number that nobody has, from those that this user namespace has; null: it has none. */
export function unusedUser(map: string): number | null {
  const mapped = map.split('\n').flatMap((line): Range[] => {
    const [first, , count] = line.trim().split(/\s+/).map(Number)
    return count === undefined ? [] : [{ first: first!, count }]
  })
  const range = unused.find(({ first, count }) =>
    mapped.some((one) => one.first <= first && first + count <= one.first + one.count),
  )
  return range === undefined ? null : randomInt(range.first, range.first + range.count)
}
