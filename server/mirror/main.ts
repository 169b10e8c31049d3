/** `airlock mirror`: the mirror as a process of its own, alone or as the child of `airlock serve`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { readMirrorConfig, type Address, type Environment } from '../config.ts'
import { AirlockError, languageOf } from '../errors.ts'
import { createMetricsListener } from '../metrics-listener.ts'
import { mirrorMetrics } from './metrics.ts'
import { createMirror } from './mirror.ts'

/** What a HomePod's downloads may still take after SIGTERM. */
const graceMs = 3_500
/** How old what the parent knows may be, in ms. */
const countsEvery = 2_000
/** A server that was killed takes its mirror with it, but the next one may be quicker. */
const patience = { tries: 20, ms: 100 } as const

/**
 * Serves until SIGTERM or SIGINT, or, as a child, until the channel to its parent closes; then resolves. Tells the
 * parent `{ listening: port }`, or prints where it listens. Throws `address-unusable` or `setting-invalid`.
 */
export async function runMirror(env: Environment, cwd: string): Promise<void> {
  const { root, mirrorListen, metricsListen, mirrorUrl, consoleUrl, remarks } = readMirrorConfig(env, cwd)
  const mirror = createMirror({ root, mirrorUrl, consoleUrl, onError: complain })
  const metrics = createMetricsListener(
    () => mirrorMetrics(mirror.counts()),
    (error) => complain(error, '/metrics'),
  )
  const ended = untilTold()
  try {
    const port = await listen(mirror, mirrorListen, 'AIRLOCK_MIRROR_LISTEN')
    const asked = metricsListen && (await listen(metrics, metricsListen, 'AIRLOCK_METRICS_LISTEN'))
    // a parent that is gone by now is heard of as a disconnection
    if (process.connected) {
      process.send?.({ listening: port }, () => {})
      const tell = () => process.connected && process.send?.({ counts: mirror.counts() }, () => {})
      setInterval(tell, countsEvery).unref()
    } else {
      for (const remark of remarks) print(remark[languageOf(env)])
      print(`Airlock mirror: http://${shown({ ...mirrorListen, port })}/ serves ${root}`)
      if (metricsListen) print(`Airlock metrics: http://${shown({ ...metricsListen, port: asked! })}/metrics`)
    }
    // a parent that died may be back at once and wants the address
    await mirror.close((await ended) === 'orphaned' ? 0 : graceMs)
  } finally {
    metrics.close()
    // the channel would keep this process alive
    if (process.connected) process.disconnect?.()
  }
}

function untilTold(): Promise<'told' | 'orphaned'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve('told'))
    process.once('disconnect', () => resolve('orphaned'))
  })
}

async function listen(
  listener: { listen(port: number, host: string): Promise<number> },
  address: Address,
  setting: string,
): Promise<number> {
  for (let tries = process.connected ? patience.tries : 1; ; tries--) {
    try {
      return await listener.listen(address.port, address.host)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'EADDRINUSE' && tries > 1) {
        await sleep(patience.ms)
        continue
      }
      throw new AirlockError(
        'address-unusable',
        { address: shown(address), reason: code ?? String(cause), setting },
        { cause },
      )
    }
  }
}

function shown({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** One JSON line on stderr, as the server's log writes them; targets are escaped by JSON itself. */
function complain(error: unknown, target: string): void {
  const { message, code } = error as NodeJS.ErrnoException
  const time = new Date().toISOString()
  process.stderr.write(`${JSON.stringify({ level: 50, time, target, code, msg: `mirror: ${message}` })}\n`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
