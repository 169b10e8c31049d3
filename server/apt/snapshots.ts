/**
 * Snapshots of a target's archives. Each update works on a copy (links, since apt replaces files whole), so that one
 * that fails leaves nothing behind and solves that are under way keep what they began with.
 */
import { existsSync, statSync } from 'node:fs'
import { link, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { AirlockError } from '../errors.ts'
import type { AptRoot, Base } from './root.ts'
import type { AptTarget } from './target.ts'
import { explainUpdate } from './words.ts'

export type Snapshot = {
  /** When its update began, in ms: what it is called. */
  readonly at: number
  readonly lists: string
  readonly cache: string
}

type Deps = {
  readonly root: AptRoot
  readonly target: Pick<AptTarget, 'name' | 'status' | 'updateAfter' | 'sources'>
  readonly now: () => Date
  /** Before each further try, in ms: archives are in the middle of a push for minutes, not hours. */
  readonly patience: readonly number[]
  readonly stopping: AbortSignal
}

/** Of one update, in ms. */
const longest = 30 * 60_000

export function createSnapshots({ root, target, now, patience, stopping }: Deps) {
  const folder = join(root.folder, 'snapshots')
  const leases = new Map<number, number>()
  let current: Snapshot | null = null
  let recalled: Promise<void> | null = null
  let updating: Promise<Snapshot> | null = null

  function place(at: number): Snapshot {
    return { at, lists: join(folder, String(at), 'lists'), cache: join(folder, String(at), 'cache') }
  }

  /** The newest whole one of an earlier process; what was left half done goes. */
  async function recall(): Promise<Snapshot | null> {
    await mkdir(folder, { recursive: true })
    const found = (await readdir(folder))
      .map(Number)
      .filter(Number.isSafeInteger)
      .toSorted((a, b) => b - a)
    const whole = found.find((at) => existsSync(join(folder, String(at), 'whole'))) ?? null
    for (const at of found) if (at !== whole) await rm(join(folder, String(at)), { recursive: true, force: true })
    return whole === null ? null : place(whole)
  }

  /** An image that is newer than the snapshot may already have what the snapshot does not know. */
  function isFresh({ at }: Snapshot): boolean {
    if (now().getTime() - at >= target.updateAfter * 1000) return false
    return target.status === null || !('path' in target.status) || statSync(target.status.path).mtimeMs <= at
  }

  /** Nobody's in particular: whoever asked first may leave while others wait for it. */
  async function update(previous: Snapshot | null): Promise<Snapshot> {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(longest)])
    const next = place(Math.max(now().getTime(), (previous?.at ?? 0) + 1))
    try {
      await mkdir(join(next.lists, 'partial'), { recursive: true })
      if (previous) await linkFiles(previous.lists, next.lists)
      await fetchLists(next, signal)
      await settle(next.lists)
      await writeFile(join(next.lists, '..', 'whole'), '', { flush: true })
      return next
    } catch (error) {
      await rm(join(next.lists, '..'), { recursive: true, force: true })
      throw error
    }
  }

  async function fetchLists(next: Snapshot, signal: AbortSignal): Promise<void> {
    for (const wait of [...patience, null]) {
      // -eany: else a source that cannot be reached is an old snapshot and exit 0
      const result = await root.apt('apt-get', ['-eany', '-q', 'update'], { ...next, base: 'image', signal })
      if (result.status === 0) return
      const { explanation, repositories, passing } = explainUpdate(result, target.sources)
      if (wait === null || !passing)
        throw new AirlockError('apt-update-failed', { target: target.name, repositories, explanation })
      await setTimeout(wait, undefined, { signal })
    }
  }

  async function drop(at: number): Promise<void> {
    if ((leases.get(at) ?? 0) === 0 && at !== current?.at)
      await rm(join(folder, String(at)), { recursive: true, force: true })
  }

  async function renew(previous: Snapshot | null): Promise<Snapshot> {
    current = await update(previous)
    if (previous) await drop(previous.at)
    return current
  }

  /** The current snapshot, updated first where it is old or `refresh` asks for it. One update at a time. */
  async function fresh(refresh: boolean, signal: AbortSignal): Promise<Snapshot> {
    recalled ??= recall().then((found) => void (current = found))
    await recalled
    if (!updating && current && !refresh && isFresh(current)) return current
    updating ??= renew(current).finally(() => (updating = null))
    return await unless(signal, updating)
  }

  /** Keeps a snapshot until `work` is done. */
  async function lease<T>(snapshot: Snapshot, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    leases.set(snapshot.at, (leases.get(snapshot.at) ?? 0) + 1)
    try {
      return await work(snapshot)
    } finally {
      leases.set(snapshot.at, leases.get(snapshot.at)! - 1)
      await drop(snapshot.at)
    }
  }

  return {
    /** Runs `work` on a snapshot that stays until it is done. Throws `apt-update-failed`. */
    async use<T>(
      { refresh, signal }: { readonly refresh: boolean; readonly signal: AbortSignal },
      work: (snapshot: Snapshot) => Promise<T>,
    ): Promise<T> {
      return lease(await fresh(refresh, signal), work)
    },

    /** Runs `work` on the snapshot that lies here, however old, if there is one. Never asks upstream. */
    async peek(work: (snapshot: Snapshot) => Promise<void>): Promise<void> {
      recalled ??= recall().then((found) => void (current = found))
      await recalled
      if (current) await lease(current, work)
    },

    apt(
      command: 'apt-get' | 'apt-cache',
      args: readonly string[],
      snapshot: Snapshot,
      base: Base,
      signal: AbortSignal,
    ) {
      return root.apt(command, args, { ...snapshot, base, signal })
    },
  }
}

export type Snapshots = ReturnType<typeof createSnapshots>

async function linkFiles(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true }))
    if (entry.isFile() && entry.name !== 'lock') await link(join(from, entry.name), join(to, entry.name))
}

/** apt syncs nothing, and what is called whole is believed after a loss of power: an index without its end has fewer packages. */
async function settle(lists: string): Promise<void> {
  const entries = await readdir(lists, { withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(lists, name))
  for (const path of [...files, lists]) {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }
}

/** What a promise gives, unless the signal aborts first. */
function unless<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort))
}
