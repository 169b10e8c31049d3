/** What a mirror that runs apart tells Prometheus: counts only, under the names that the console's /metrics gives them. */
import type { MirrorCounts } from './counts.ts'

/** https://prometheus.io/docs/instrumenting/exposition_formats/: counters that begin again with the process. */
export function mirrorMetrics({ answers, bytes, connections, refused }: MirrorCounts): string {
  const families = [
    [
      'airlock_mirror_requests_total',
      'counter',
      'Answers of the mirror by status.',
      Object.entries(answers).map(([status, count]) => [`{status="${status}"}`, count]),
    ],
    ['airlock_mirror_sent_bytes_total', 'counter', 'Bytes that the mirror has written to its clients.', [['', bytes]]],
    ['airlock_mirror_connections', 'gauge', 'Open connections of the mirror.', [['', connections]]],
    [
      'airlock_mirror_refused_connections_total',
      'counter',
      'Connections that the mirror did not admit: their address had a large part of very many.',
      [['', refused]],
    ],
    ['process_resident_memory_bytes', 'gauge', 'Memory that the process holds.', [['', process.memoryUsage.rss()]]],
    [
      'process_cpu_seconds_total',
      'counter',
      'Processor time, of the system’s calls too.',
      [['', process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6]],
    ],
  ] as const
  return families
    .map(([name, type, help, samples]) => {
      const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`)
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
}
