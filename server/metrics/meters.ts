/**
 * What is counted where it happens, in Prometheus's words (https://prometheus.io/docs/practices/naming/): base units, totals
 * that only grow. Nothing is labelled by what somebody typed, so that the series stay few.
 */
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client'

const seconds = [0.1, 0.3, 1, 3, 10, 30, 60, 180, 600, 1800, 3600, 14_400]

export function createMeters() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const fetched = new Counter({
    name: 'airlock_fetched_bytes_total',
    help: 'Bytes of artifacts fetched from upstream.',
    registers,
  })
  const pages = new Counter({
    name: 'airlock_gateway_pages_total',
    help: 'Pages that solvers wanted, by where they came from: the cache, or upstream.',
    labelNames: ['source'] as const,
    registers,
  })
  // from the start, so that rates have a beginning
  for (const source of ['cache', 'upstream']) pages.inc({ source }, 0)

  return {
    registry,
    onFetched: (bytes: number): void => fetched.inc(bytes),
    onPage: (source: 'cache' | 'upstream'): void => pages.inc({ source }),
    stateTook: new Histogram({
      name: 'airlock_state_duration_seconds',
      help: 'How long jobs were in a state: solving, downloading, building, proving, publishing, queued.',
      labelNames: ['ecosystem', 'state'] as const,
      buckets: seconds,
      registers,
    }),
    jobTook: new Histogram({
      name: 'airlock_job_duration_seconds',
      help: 'From the first step of a job to its end.',
      labelNames: ['ecosystem', 'outcome'] as const,
      buckets: seconds,
      registers,
    }),
    readyAfter: new Histogram({
      name: 'airlock_request_ready_seconds',
      help: 'From asking to ready, as whoever asked saw it.',
      labelNames: ['ecosystem'] as const,
      buckets: seconds,
      registers,
    }),
  }
}

export type Meters = ReturnType<typeof createMeters>
