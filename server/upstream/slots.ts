/**
 * Who downloads next. Lines (one a call to fetch) take turns, smaller files first within a line; so many at once in all
 * and for each host. Large files never take the last slot, and one line's never the last two, so that a small request
 * gets through beside any number of large ones.
 */

export type Limits = { readonly parallel: number; readonly perHost: number }

/** Something to download. One errand may stand in several lines; the first whose turn comes begins it. */
export type Errand = {
  readonly host: string
  /** Bytes; null: unknown, which counts as large. */
  readonly size: number | null
  /** Set when it runs, is done, or nobody wants it any more. */
  begun: boolean
  /** Somebody thinks no further without it: a small file that is as good as a page, and goes with as many at once. */
  urgent: boolean
  /** Never rejects. */
  run(): Promise<void>
}

export type Line = { add(errand: Errand): void; leave(): void }

export type Slots = {
  line(): Line
  /** Looks again at who may begin: an errand has become urgent. */
  next(): void
}

const largeSize = 64 << 20
/** Urgent ones at once for each host, beside the others: as pages, they are small and many. */
const urgentPerHost = 24

type Waiting = { errands: Errand[]; large: number }

export function createSlots({ parallel, perHost }: Limits): Slots {
  const lines: Waiting[] = []
  let turn = 0
  const total = { busy: 0, large: 0 }
  const hosts = new Map<string, { busy: number; large: number }>()
  const urgent = new Map<string, number>()

  const fits = (used: { busy: number; large: number }, limit: number, large: boolean) =>
    used.busy < limit && (!large || used.large < Math.max(1, limit - 1))

  function take(line: Waiting): Errand | null {
    line.errands = line.errands.filter(({ begun }) => !begun)
    const found = line.errands.find((errand) => {
      if (errand.urgent && (urgent.get(errand.host) ?? 0) < urgentPerHost) return true
      const large = isLarge(errand)
      const here = hosts.get(errand.host) ?? { busy: 0, large: 0 }
      if (large && line.large >= Math.max(1, Math.min(parallel, perHost) - 2)) return false
      return fits(total, parallel, large) && fits(here, perHost, large)
    })
    return found ?? null
  }

  function next(): void {
    for (let tried = 0; tried < lines.length;) {
      turn = (turn + 1) % lines.length
      const line = lines[turn]!
      const errand = take(line)
      if (errand === null) tried++
      else {
        tried = 0
        void begin(line, errand)
      }
    }
  }

  async function begin(line: Waiting, errand: Errand): Promise<void> {
    const ahead = urgent.get(errand.host) ?? 0
    if (errand.urgent && ahead < urgentPerHost) return hurry(errand)
    const here = hosts.get(errand.host) ?? { busy: 0, large: 0 }
    hosts.set(errand.host, here)
    const large = isLarge(errand) ? 1 : 0
    const count = (by: 1 | -1) => {
      for (const used of [total, here]) {
        used.busy += by
        used.large += by * large
      }
      line.large += by * large
    }
    errand.begun = true
    count(1)
    await errand.run()
    count(-1)
    if (here.busy === 0) hosts.delete(errand.host)
    next()
  }

  async function hurry(errand: Errand): Promise<void> {
    const count = (by: 1 | -1) => urgent.set(errand.host, (urgent.get(errand.host) ?? 0) + by)
    errand.begun = true
    count(1)
    await errand.run()
    count(-1)
    if (urgent.get(errand.host) === 0) urgent.delete(errand.host)
    next()
  }

  return {
    next,
    line() {
      const line: Waiting = { errands: [], large: 0 }
      lines.push(line)
      return {
        add(errand) {
          const at = line.errands.findIndex(({ size }) => sizeOf(size) > sizeOf(errand.size))
          line.errands.splice(at === -1 ? line.errands.length : at, 0, errand)
          next()
        },
        leave() {
          const at = lines.indexOf(line)
          if (at !== -1) lines.splice(at, 1)
        },
      }
    },
  }
}

function isLarge({ size }: Errand): boolean {
  return sizeOf(size) > largeSize
}

function sizeOf(size: number | null): number {
  return size ?? Number.POSITIVE_INFINITY
}
