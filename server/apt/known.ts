/** Every name that the archives of a target list, with what each is: read from the lists that lie here, asking nobody. */
import type { KnownName } from '../ecosystem.ts'
import { namePattern } from './names.ts'
import type { Snapshot, Snapshots } from './snapshots.ts'

/** Of one listing, in ms: some 60,000 names take a second or two. */
const longest = 60_000

/**
 * Returns what is known by now; a snapshot that was not read yet is read meanwhile, for the next time. A failure leaves
 * what was known before: these names only help to type.
 */
export function createArchiveNames(snapshots: Pick<Snapshots, 'peek' | 'apt'>, stopping: AbortSignal) {
  let names: readonly KnownName[] = []
  let readAt: number | null = null
  let reading: Promise<void> | null = null

  async function read(): Promise<void> {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(longest)])
    await snapshots.peek(async (snapshot) => {
      if (snapshot.at === readAt) return
      names = await list(snapshot, signal)
      readAt = snapshot.at
    })
  }

  async function list(snapshot: Snapshot, signal: AbortSignal): Promise<KnownName[]> {
    const args = ['search', '--names-only', '.']
    const { stdout } = await snapshots.apt('apt-cache', args, snapshot, 'bare', signal)
    return stdout.split('\n').flatMap((line) => {
      const end = line.indexOf(' - ')
      const name = line.slice(0, end)
      return end > 0 && namePattern.test(name) ? [{ name, known: 'archive', summary: line.slice(end + 3) }] : []
    })
  }

  return function known(): readonly KnownName[] {
    reading ??= read()
      .catch(() => {})
      .finally(() => (reading = null))
    return names
  }
}
