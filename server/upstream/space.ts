/** Room on the disk: promised before a download begins, so that many at once cannot fill it together. */
import { statfs as systemStatfs } from 'node:fs/promises'
import { constants } from 'node:os'
import { AirlockError } from '../errors.ts'

export type Statfs = (path: string) => Promise<{ readonly bavail: number; readonly bsize: number }>

export type Reservation = {
  /** Holds room for that many bytes still to come. Throws `disk-full`, and then holds what it held. */
  hold(bytes: number): Promise<void>
  /** That many bytes are written now: the disk itself counts them from here on. */
  spend(bytes: number): void
  release(): void
}

export type Space = {
  reserve(): Reservation
  /** What an error of a write means: `disk-full` for ENOSPC and EDQUOT, else the error itself. */
  explain(error: unknown, needed: number): Promise<unknown>
}

/** `keepFree` bytes are left to whatever else writes to this disk, the database first of all. */
export function createSpace(deps: {
  readonly folder: string
  readonly keepFree: number
  readonly statfs?: Statfs
}): Space {
  const { folder, keepFree, statfs = systemStatfs } = deps
  let reserved = 0
  const free = async () => {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  }
  return {
    reserve() {
      let held = 0
      const set = (bytes: number) => {
        reserved += bytes - held
        held = bytes
      }
      return {
        async hold(bytes) {
          if (bytes > held) {
            const onDisk = await free()
            const left = onDisk - (reserved - held)
            if (left - bytes < keepFree) throw diskFull(folder, left, bytes + keepFree)
          }
          set(bytes)
        },
        spend: (bytes) => set(Math.max(0, held - bytes)),
        release: () => set(0),
      }
    },
    async explain(error, needed) {
      const { code, errno } = error as NodeJS.ErrnoException
      // Node has no name for a quota's error
      if (code !== 'ENOSPC' && errno !== -constants.errno.EDQUOT) return error
      return diskFull(folder, await free(), needed + keepFree)
    },
  }
}

function diskFull(folder: string, free: number, needed: number): AirlockError {
  return new AirlockError('disk-full', { folder, free: Math.max(0, free), needed })
}
