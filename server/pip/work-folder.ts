/** A folder in AIRLOCK_STATE's `work/`, for as long as something is done in it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

export type Work = {
  /** AIRLOCK_STATE's folder. */
  readonly work: string
  /** Told why a folder could not be removed: the next start does it. */
  readonly onLeft?: (error: unknown) => void
}

/** Lends a new folder. Invariant: what was done in it counts, whether or not the folder can be removed afterwards. */
export async function inWorkFolder<T>(
  { work, onLeft = () => {} }: Work,
  prefix: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(work, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(work, prefix))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(onLeft)
  }
}
