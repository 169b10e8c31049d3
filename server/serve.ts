/** The commands that own the state: `serve`, with its listeners, and `rebuild` and `verify` without. */
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Express } from 'express'
import { createAirlock } from './airlock.ts'
import { readConfig, type Address, type Config, type Environment } from './config.ts'
import { createApi } from './console/api.ts'
import { createConsole } from './console/app.ts'
import { createEventStream } from './console/event-stream.ts'
import { createPage } from './console/page.ts'
import { answerMalformed } from './console/malformed.ts'
import { AirlockError, languageOf } from './errors.ts'
import { greet } from './greeting.ts'
import { addGauges } from './metrics/gauges.ts'
import { watchDurations } from './metrics/durations.ts'
import { withCause } from './log.ts'
import { createMirrorChild, type MirrorChild } from './mirror-child.ts'
import { createMetricsListener, type MetricsListener } from './metrics-listener.ts'
import { sourceWords } from './source-words.ts'

/** What set-up builds of `client/page`. */
const pageFolder = fileURLToPath(new URL('../client/page/dist', import.meta.url))

/** `airlock serve`: runs until SIGTERM or SIGINT. Throws AirlockErrors for what a user can mend. */
export async function serve(env: Environment, cwd: string): Promise<void> {
  const config = readConfig(env, cwd)
  const { airlock, mirror, starting } = await startBoth(config, env)
  const { log, ecosystems, queue } = airlock
  await airlock.gateway.listen()
  airlock.prepare()
  const mirrorPort = await starting
  const { registry } = airlock.meters
  addGauges({
    ...airlock,
    registry,
    folders: { root: config.root, state: config.state },
    mirror: config.mirrorListen === null ? null : mirror.counts,
    verified: airlock.backgroundVerify.last,
  })
  watchDurations({ ...airlock, onError: (error) => log.warn({ err: error }, 'a duration could not be noted') })
  const mirrorUrl = config.mirrorUrl ?? (config.mirrorListen && urlOf({ ...config.mirrorListen, port: mirrorPort! }))
  const api = createApi({
    ...airlock,
    root: config.root,
    keepFree: config.download.keepFree,
    mirrorUrl,
    indexUrl: (target) => `${mirrorUrl ?? ''}/${target.lane}/`,
    sourceWords,
    readiness: () => {
      const checks = { mirror: config.mirrorListen === null ? 'apart' : mirror.alive() ? 'ok' : 'down' }
      return Promise.resolve({ status: checks.mirror === 'down' ? 'unready' : 'ready', checks })
    },
  })
  const page = createPage({ folder: pageFolder, api })
  const app = createConsole({
    withCause,
    api,
    page,
    metrics: registry,
    stream: createEventStream(airlock),
    log,
    consoleUrl: config.consoleUrl,
  })
  // before anybody can ask: what a request has under way is nobody's leftover
  await airlock.housekeeping.atStart()
  const resumed = await queue.resume()
  const server = await listen(app, config.consoleListen)
  const metrics = createMetricsListener(
    () => registry.metrics(),
    (error) => log.error({ err: error }, 'the figures for a scrape could not be collected'),
  )
  const metricsPort = config.metricsListen && (await listenForScrapes(metrics, config.metricsListen))
  server.on('clientError', answerMalformed)
  const consolePort = (server.address() as { port: number }).port
  const endHousekeeping = airlock.housekeeping.begin()
  airlock.backgroundVerify.begin()
  airlock.notices.begin()
  const targets = [...ecosystems.values()].flatMap((ecosystem) =>
    [...ecosystem.targets.values()].map((target) => ({ ecosystem: ecosystem.name, target })),
  )
  const greeting = greet(
    {
      ...config,
      config: config.file,
      consoleUrl: config.consoleUrl ?? urlOf({ ...config.consoleListen, port: consolePort }),
      mirrorUrl,
      metricsUrl: config.metricsListen && urlOf({ ...config.metricsListen, port: metricsPort! }),
      upstreams: airlock.upstreams.map(({ name, url, source }) => ({ ecosystem: 'pip', name, url, source })),
      targets,
      sandbox: config.builds.pip === 'off' ? null : airlock.sandbox.available,
      unused: airlock.extraIndexes.map((url) => url.replace(/\/\/[^/]*@/, '//')),
      resumed,
    },
    languageOf(env),
  )
  // before anybody can know that it runs
  const told = new Promise((resolve) => ['SIGTERM', 'SIGINT'].map((signal) => process.once(signal, resolve)))
  process.stdout.write(greeting)
  void airlock.warm()

  await told
  // whatever hangs, the exit does not: everything can be resumed
  setTimeout(() => process.exit(1), 9000).unref()
  endHousekeeping()
  server.close()
  server.closeAllConnections()
  metrics.close()
  await Promise.all([airlock.close(), mirror.stop()])
}

/**
 * The mirror needs the tree alone, so pods are answered while the database is looked through, which takes longer the more
 * is in it. Where the rest cannot start, the mirror has ended before the error is told. `starting` resolves with the
 * mirror's port; null: it runs apart.
 */
async function startBoth(config: Config, env: Environment) {
  const begun: { mirror: MirrorChild | null; starting: Promise<number> | null } = { mirror: null, starting: null }
  try {
    const airlock = await createAirlock(config, env, (log) => {
      begun.mirror = createMirrorChild({ config, env, log })
      begun.starting = config.mirrorListen && begun.mirror.start()
      // heard by whoever awaits it, later
      begun.starting?.catch(() => {})
    })
    return { airlock, mirror: begun.mirror!, starting: begun.starting }
  } catch (error) {
    await begun.mirror?.stop()
    throw error
  }
}

/** `airlock rebuild` and `airlock verify` without a server. Exits with 1 on damage. Throws `state-locked` beside one. */
export async function offline(command: 'rebuild' | 'verify', env: Environment, cwd: string): Promise<void> {
  const airlock = await createAirlock(readConfig(env, cwd), env)
  const report = await airlock.maintenance[command]()
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  process.exitCode = report.damaged.length > 0 ? 1 : 0
  await airlock.close()
}

async function listen(app: Express, { host, port }: Address): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>()
  const server = app.listen(port, host, (error?: Error) => (error ? reject(error) : resolve(server)))
  return promise.catch(unusable({ host, port }, 'AIRLOCK_CONSOLE_LISTEN'))
}

function listenForScrapes(metrics: MetricsListener, { host, port }: Address): Promise<number> {
  return metrics.listen(port, host).catch(unusable({ host, port }, 'AIRLOCK_METRICS_LISTEN'))
}

function unusable({ host, port }: Address, setting: string) {
  return (cause: NodeJS.ErrnoException): never => {
    const reason = cause.code ?? cause.message
    throw new AirlockError('address-unusable', { address: `${host}:${port}`, reason, setting }, { cause })
  }
}

function urlOf({ host, port }: Address): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}
