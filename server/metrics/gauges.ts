/** What is looked up when somebody looks: Prometheus asks, the state answers. */
import { statfs } from 'node:fs/promises'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { State } from '../../storage/records.ts'
import type { MirrorCounts } from '../mirror-child.ts'

type Deps = {
  readonly registry: Registry
  readonly requests: {
    countByState(): Promise<readonly { readonly ecosystem: string; readonly state: State; readonly count: number }[]>
  }
  readonly queue: { depth(): number }
  /** Each folder whose disk may fill, by what it is. */
  readonly folders: Readonly<Record<string, string>>
  /** Null: it runs apart. */
  readonly mirror: (() => MirrorCounts) | null
  /** The last whole look at the pool; null: there was none. */
  readonly verified: () => { readonly at: string; readonly damaged: number } | null
}

/** Returns what it has added to the registry. */
export function addGauges({ registry, requests, queue, folders, mirror, verified }: Deps): readonly object[] {
  const registers = [registry]
  return [
    new Gauge({
      name: 'airlock_requests',
      help: 'Requests by the state of their latest job.',
      labelNames: ['ecosystem', 'state'],
      registers,
      async collect() {
        const counted = await requests.countByState()
        this.reset()
        for (const { ecosystem, state, count } of counted) this.set({ ecosystem, state }, count)
      },
    }),
    new Gauge({
      name: 'airlock_queue_jobs',
      help: 'Jobs that are not finished.',
      registers,
      collect() {
        this.set(queue.depth())
      },
    }),
    new Gauge({
      name: 'airlock_disk_free_bytes',
      help: 'Room on the disk of a folder, for others than root; 0 where it cannot be looked at.',
      labelNames: ['folder'],
      registers,
      async collect() {
        for (const [folder, path] of Object.entries(folders)) {
          // when a disk is gone, the other figures are needed most
          const { bavail, bsize } = await statfs(path).catch(() => ({ bavail: 0, bsize: 0 }))
          this.set({ folder }, bavail * bsize)
        }
      },
    }),
    new Gauge({
      name: 'airlock_verify_last_success_timestamp_seconds',
      help: 'When every file of the pool had last been hashed again; 0: never yet.',
      registers,
      collect() {
        this.set(Date.parse(verified()?.at ?? new Date(0).toISOString()) / 1000)
      },
    }),
    new Gauge({
      name: 'airlock_verify_damaged_files',
      help: 'Files whose bytes were wrong or missing at the last look.',
      registers,
      collect() {
        this.set(verified()?.damaged ?? 0)
      },
    }),
    ...(mirror ? ofMirror(mirror, registers) : []),
  ]
}

/** Counters that live in another process: what it says is their value. */
function ofMirror(mirror: () => MirrorCounts, registers: Registry[]): readonly object[] {
  return [
    new Counter({
      name: 'airlock_mirror_requests_total',
      help: 'Answers of the mirror by status.',
      labelNames: ['status'],
      registers,
      collect() {
        this.reset()
        for (const [status, count] of Object.entries(mirror().answers)) this.inc({ status }, count)
      },
    }),
    new Counter({
      name: 'airlock_mirror_sent_bytes_total',
      help: 'Bytes that the mirror has written to its clients.',
      registers,
      collect() {
        this.reset()
        this.inc(mirror().bytes)
      },
    }),
    new Gauge({
      name: 'airlock_mirror_connections',
      help: 'Open connections of the mirror.',
      registers,
      collect() {
        this.set(mirror().connections)
      },
    }),
    new Counter({
      name: 'airlock_mirror_refused_connections_total',
      help: 'Connections that the mirror did not admit: their address had a large part of very many.',
      registers,
      collect() {
        this.reset()
        this.inc(mirror().refused)
      },
    }),
  ]
}
