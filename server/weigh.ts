import { statfs } from 'node:fs/promises'
import type { Closure, Job } from '../storage/records.ts'
import type { PathOf } from './ecosystem.ts'
import { AirlockError, readableSize } from './errors.ts'

type Deps = {
  /** AIRLOCK_ROOT. */
  readonly root: string
  readonly pathOf: PathOf
  /** Bytes that a job may fetch without anybody's confirmation. */
  readonly confirmAbove: number
  /** Bytes of the disk that stay free. */
  readonly keepFree: number
  readonly freeSpace?: (folder: string) => Promise<number>
}

/**
 * Size first: before anything is fetched, a closure that can never fit ends the job, and one beyond what an admin set
 * waits for a confirmation. Sizes that upstream does not say weigh nothing here; the download's own limits hold.
 * A job that has begun and finds the disk full meanwhile waits for room in place of failing: that is the download's to say.
 */
export function createWeigh({ root, pathOf, confirmAbove, keepFree, freeSpace = free }: Deps) {
  return async function weigh(job: Job, closure: Closure, hasBegun: boolean): Promise<void> {
    const missing = closure.items.filter(({ artifact }) => pathOf(artifact) === null)
    const bytes = missing.reduce((sum, { artifact }) => sum + (artifact.size ?? 0), 0)
    const left = (await freeSpace(root)) - keepFree
    const fields = { bytes, files: missing.length, free: Math.max(0, left) }
    if (bytes > left && !hasBegun) throw new AirlockError('closure-too-large', { ...fields, ...doesNotFit(left) })
    if (bytes > confirmAbove && !job.confirmed)
      throw new AirlockError('closure-too-large', { ...fields, limit: confirmAbove, ...unconfirmed(confirmAbove) })
  }
}

function doesNotFit(left: number) {
  const free = readableSize(Math.max(0, left))
  return {
    reason: { en: `the disk has room for ${free}`, zh: `磁盘仅能再容纳 ${free}` },
    instead: {
      en: 'Free some space on the disk of AIRLOCK_ROOT, then retry.',
      zh: '请在 AIRLOCK_ROOT 所在磁盘上释放空间后重试。',
    },
  }
}

function unconfirmed(limit: number) {
  const most = readableSize(limit)
  return {
    reason: { en: `more than ${most} wants a confirmation`, zh: `超过 ${most} 需要确认` },
    instead: {
      en: 'Ask again with "confirm": true (`--yes`) if that is what you want.',
      zh: '如确需下载，请带上 "confirm": true（`--yes`）重新申请。',
    },
  }
}

async function free(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

export type Weigh = ReturnType<typeof createWeigh>
