/**
 * The image's HEALTHCHECK: exits with 0 when what runs in this container is ready, be it the console or the mirror alone,
 * with 1 when it is not or does not answer. Asks this machine's loopback only.
 */
const { env } = process
const patience = 5_000

/** The port that a setting like `0.0.0.0:8081` names. */
function portOf(address: string | undefined, usual: number): number {
  return Number(/:(\d+)$/.exec(address ?? '')?.[1] ?? usual)
}

/** Null: nobody listens there. */
function ask(port: number, path: string): Promise<boolean | null> {
  return fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(patience) }).then(
    ({ ok }) => ok,
    (error: Error) => ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED' ? null : false),
  )
}

const ready =
  (await ask(portOf(env['AIRLOCK_CONSOLE_LISTEN'], 8081), '/readyz')) ??
  (await ask(portOf(env['AIRLOCK_MIRROR_LISTEN'], 8080), '/healthz')) ??
  false
process.exit(ready ? 0 : 1)
