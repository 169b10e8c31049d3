/**
 * Artifacts, fetched once each however many jobs want them, into `.incoming/`, where publishing finds them.
 * Invariant: a file there (or in the pool) with its final name is whole; that it exists is all that has to be asked.
 */
import { statSync, utimesSync } from 'node:fs'
import { incomingFolder, incomingPath, inTree, poolPath } from '../../storage/layout.ts'
import type { Artifact, Progress } from '../../storage/records.ts'
import type { UpstreamClient } from './client.ts'
import { createFlights } from './flights.ts'
import { dropUnwanted } from './incoming.ts'
import { createMeter } from './meter.ts'
import { defaultPatience, wait as defaultWait, type Patience, type Wait } from './retry.ts'
import { createSlots, type Errand, type Line, type Limits } from './slots.ts'
import { createSpace, type Statfs } from './space.ts'
import { createTransfer } from './transfer.ts'

/** Where an artifact lies. Where its size is known, a file of another is none: a disk lost a part of it. */
type Placed = Pick<Artifact, 'ecosystem' | 'sha256' | 'file'> & { readonly size?: number | null }

export type Downloads = {
  /**
   * Resolves when each lies whole in `.incoming/` or in the pool. On the first failure the rest of the call is given up
   * and that error thrown: see createTransfer. A call that is aborted does not disturb others that want the same file;
   * what is partly there is resumed by the next one.
   */
  fetch(
    artifacts: readonly Artifact[],
    options: { readonly signal: AbortSignal; readonly onProgress?: (progress: Progress) => void },
  ): Promise<void>
  has(artifact: Placed): boolean
  /** Absolute; null: nowhere. */
  pathOf(artifact: Placed): string | null
  /** Where an artifact can be read whose digest is right, be it durable or not: for reading only, and it may move. */
  legibleAt(artifact: Placed): string | null
  /** Drops from `.incoming/` what nobody has wanted since `before` (ms), but what is `needed` (SHA-256). Returns how many. */
  sweep(options: { readonly needed: () => Promise<ReadonlySet<string>>; readonly before: number }): Promise<number>
  /** Fetches an artifact, and resolves as soon as it can be read. A failure after that is told to whoever fetches it. */
  legible(artifact: Artifact, signal: AbortSignal): Promise<void>
}

export type DownloadDeps = {
  readonly client: Pick<UpstreamClient, 'open'>
  /** AIRLOCK_ROOT. */
  readonly root: string
  readonly limits: Limits & { readonly maxFile: number; readonly keepFree: number }
  readonly patience?: Partial<Patience>
  readonly wait?: Wait
  readonly statfs?: Statfs
  /** Told of bytes as they come from upstream. */
  readonly onBytes?: (count: number) => void
}

/** Bytes up to which a file that somebody waits for goes with the pages. */
const urgentSize = 1 << 20

type Flying = Errand & { received: number; readonly verified: PromiseWithResolvers<void>; path: string | null }

/** One artifact of one call: where it is, as far as anyone has come. */
type Wanted = { readonly artifact: Artifact; flying: Flying | null; whole: number | null }

export function createDownloads(deps: DownloadDeps): Downloads {
  const { client, root, limits, wait = defaultWait, onBytes = () => {} } = deps
  const space = createSpace({
    folder: root,
    keepFree: limits.keepFree,
    ...(deps.statfs && { statfs: deps.statfs }),
  })
  const patience = { ...defaultPatience, ...deps.patience }
  const transfer = createTransfer({ client, root, maxFile: limits.maxFile, space, patience, wait, onBytes })
  const slots = createSlots(limits)
  const flights = createFlights<void>()
  const flying = new Map<string, Flying>()
  /** Files whose bytes are here and become durable. */
  let settling = 0

  function placeOf({ ecosystem, sha256, file, size }: Placed): { readonly path: string; readonly size: number } | null {
    for (const path of [incomingPath(sha256, file), poolPath(ecosystem, sha256, file)]) {
      const found = statSync(inTree(root, path), { throwIfNoEntry: false })
      if (found?.isFile() === true && (size == null || size === found.size))
        return { path: inTree(root, path), size: found.size }
    }
    return null
  }

  /** What is wanted again is not swept meanwhile. A file of the pool stays as it is: pods compare its time. */
  function touch(path: string): void {
    if (!path.startsWith(inTree(root, `${incomingFolder}/`))) return
    const now = new Date()
    try {
      utimesSync(path, now, now)
    } catch (error) {
      // published at this very moment
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }

  function pathOf(artifact: Placed): string | null {
    return placeOf(artifact)?.path ?? null
  }

  /** Stands in line until a slot is free, then transfers. */
  function depart(artifact: Artifact, signal: AbortSignal, lands: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const errand: Flying = {
      host: URL.parse(artifact.url)?.host ?? '',
      size: artifact.size,
      begun: false,
      urgent: false,
      received: 0,
      verified: Promise.withResolvers<void>(),
      path: null,
      run() {
        const landed = transfer(artifact, watch).then(resolve, reject)
        // the slot is the network's, and the disk is waited for without it, as long as it keeps up
        return Promise.race([
          errand.verified.promise.then(() => (settling < limits.parallel ? undefined : landed)),
          landed,
        ])
      },
    }
    const watch = {
      signal,
      onLength: (bytes: number) => (errand.received = bytes),
      onVerified(path: string) {
        settling++
        lands()
        errand.path = path
        errand.verified.resolve()
      },
    }
    signal.addEventListener(
      'abort',
      () => {
        if (errand.begun) return
        errand.begun = true
        reject(signal.reason as Error)
      },
      { once: true },
    )
    flying.set(artifact.sha256, errand)
    return promise.finally(() => {
      if (errand.path !== null) settling--
      if (flying.get(artifact.sha256) === errand) flying.delete(artifact.sha256)
    })
  }

  async function bring(wanted: Wanted, line: Line, signal: AbortSignal): Promise<void> {
    const { artifact } = wanted
    for (;;) {
      const place = placeOf(artifact)
      if (place !== null) {
        touch(place.path)
        wanted.whole = place.size
        return
      }
      // the one under way may be of the same bytes under another name: then look again, and fetch ours
      const landed = flights.join(artifact.sha256, signal, (shared, lands) => depart(artifact, shared, lands))
      wanted.flying = flying.get(artifact.sha256) ?? null
      if (wanted.flying !== null) line.add(wanted.flying)
      await landed
    }
  }

  const fetch: Downloads['fetch'] = async (artifacts, { signal, onProgress }) => {
    const failed = new AbortController()
    const given = AbortSignal.any([signal, failed.signal])
    const line = slots.line()
    const all = artifacts.map((artifact): Wanted => ({ artifact, flying: null, whole: null }))
    const brought = all.map((wanted) => bring(wanted, line, given))
    const meter = onProgress && createMeter(all.map(gaugeOf), onProgress)
    try {
      await Promise.all(brought)
    } catch (error) {
      failed.abort(error)
      // what is under way is put away before anyone is told, so that nothing of this call goes on behind their back
      await Promise.allSettled(brought)
      signal.throwIfAborted()
      throw error
    } finally {
      line.leave()
      meter?.stop()
    }
  }

  return {
    pathOf,
    has: (artifact) => pathOf(artifact) !== null,
    legibleAt: (artifact) => pathOf(artifact) ?? flying.get(artifact.sha256)?.path ?? null,
    fetch,
    sweep: (options) => dropUnwanted(root, { ...options, isBusy: (sha256) => flying.has(sha256) }),
    async legible(artifact, signal) {
      const landed = fetch([artifact], { signal })
      const errand = flying.get(artifact.sha256)
      if (errand && artifact.size !== null && artifact.size <= urgentSize) {
        errand.urgent = true
        slots.next()
      }
      await Promise.race([errand?.verified.promise ?? landed, landed])
    },
  }
}

function gaugeOf(wanted: Wanted) {
  return () => ({
    received: wanted.whole ?? wanted.flying?.received ?? 0,
    total: wanted.whole ?? wanted.artifact.size,
    whole: wanted.whole !== null,
  })
}
