/** The graph: every createX(deps) call, once. Reads top to bottom as: settings, state, outside, ecosystems, work, listeners. */
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import PQueue from 'p-queue'
import { networkFilesystemOf, openDatabase } from '../storage/database.ts'
import { createEvents } from '../storage/events.ts'
import { createJobs } from '../storage/jobs.ts'
import { statePaths } from '../storage/layout.ts'
import { createListings } from '../storage/listings.ts'
import { takeLock } from '../storage/lock.ts'
import { createRequests } from '../storage/requests.ts'
import { createTree } from '../storage/tree.ts'
import { createVerify } from '../storage/verify.ts'
import { runChild } from './child.ts'
import { readConfig, type Address, type Config, type Environment } from './config.ts'
import { createApi } from './console/api.ts'
import { createConsole } from './console/app.ts'
import type { Ecosystem, Outside } from './ecosystem.ts'
import { AirlockError, type Language } from './errors.ts'
import { createFulfil } from './fulfil.ts'
import { greet } from './greeting.ts'
import { createLanes } from './lanes.ts'
import { createLog } from './log.ts'
import { createMaintenance } from './maintenance.ts'
import { createMirrorChild } from './mirror-child.ts'
import { createPip } from './pip/index.ts'
import { askInterpreter } from './pip/interpreter.ts'
import { pipTargets } from './pip/target.ts'
import { pipUpstreams } from './pip/upstreams.ts'
import { createQueue } from './queue.ts'
import { createUpstreamClient } from './upstream/client.ts'
import { createDownloads } from './upstream/download.ts'
import { createGateway } from './upstream/gateway.ts'
import { createPages } from './upstream/pages.ts'

const project = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/** Everything but listeners: what `serve` runs and what `rebuild` and `verify` need without it. */
async function createAirlock(config: Config, env: Environment) {
  const paths = statePaths(config.state)
  const release = ownState(config)
  const log = createLog(env.AIRLOCK_LOG ?? 'warn')
  const now = () => new Date()
  const stopping = new AbortController()
  const [db, interpreter] = await Promise.all([
    openDatabase(paths.database),
    askInterpreter({ run: runChild, env, given: config.python, project, signal: stopping.signal }),
  ])

  const events = createEvents(db)
  const requests = createRequests(db, events, now)
  const jobs = createJobs(db, events, now)
  const listings = createListings(db)
  const tree = createTree(config.root)

  const upstreams = pipUpstreams(config.upstreams.pip, interpreter.index)
  const client = createUpstreamClient({
    origins: upstreams.flatMap(({ name, secretUrl, files }) => [secretUrl, ...files].map((url) => ({ name, url }))),
    proxyEnv: proxiesOf(env, interpreter.index.proxy),
    netrc: await readIfThere(env.NETRC ?? join(homedir(), '.netrc')),
    extraCa: await certificatesOf(interpreter.index.cert),
  })
  const pages = createPages({ client, folder: paths.gatewayCache })
  const downloads = createDownloads({ client, root: config.root, limits: config.download })
  const gateway = createGateway({
    port: config.gateway.port,
    onError: (error) => log.error({ err: error }, 'the gateway failed'),
  })
  const outside: Outside = { page: pages.get, open: client.open }

  const pip = createPip({
    targets: pipTargets(configuredTargets(config), interpreter),
    upstreams,
    outside,
    listings,
    pathOf: downloads.pathOf,
    gatewayUrl: () => gateway.url,
    run: runChild,
    uv: join(project, '.tools/uv/bin/uv'),
    python: interpreter.executable,
    work: paths.work,
    cache: paths.uvCache,
  })
  gateway.mount('/pip', pip.gateway.respond)
  const ecosystems: ReadonlyMap<string, Ecosystem> = new Map(
    [pip.ecosystem].map((ecosystem) => [ecosystem.name, ecosystem]),
  )

  const lanes = createLanes()
  const solves = new PQueue({ concurrency: config.queue.solves })
  const fulfil = createFulfil({ ecosystems, jobs, requests, downloads, tree, lanes, solves, stopping: stopping.signal })
  const queue = createQueue({ jobs, fulfil, log })
  const verify = createVerify({ root: config.root, listings })
  const maintenance = createMaintenance({
    ecosystems,
    jobs,
    requests,
    listings,
    tree,
    lanes,
    verify,
    stopping: stopping.signal,
  })

  return {
    log,
    ecosystems,
    requests,
    jobs,
    events,
    queue,
    maintenance,
    gateway,
    upstreams,
    extraIndexes: interpreter.index.extra,
    /** Aborts what can be resumed, finishes what cannot, and gives the state back. */
    async close(): Promise<void> {
      stopping.abort(new Error('Airlock stops'))
      await queue.stop()
      await gateway.close()
      client.close()
      await db.destroy()
      release()
    },
  }
}

/** `airlock serve`: runs until SIGTERM or SIGINT. Throws AirlockErrors for what a user can mend. */
export async function serve(env: Environment, cwd: string): Promise<void> {
  const config = readConfig(env, cwd)
  const airlock = await createAirlock(config, env)
  const { log, ecosystems, queue } = airlock
  await airlock.gateway.listen()
  const mirror = createMirrorChild({ config, log })
  const mirrorPort = config.mirrorListen && (await mirror.start())
  const mirrorUrl = config.mirrorUrl ?? (config.mirrorListen && urlOf({ ...config.mirrorListen, port: mirrorPort! }))
  const api = createApi({
    ...airlock,
    unfinished: config.queue.unfinished,
    indexUrl: (target) => `${mirrorUrl ?? ''}/${target.lane}/`,
    readiness: () => {
      const checks = { mirror: config.mirrorListen === null ? 'apart' : mirror.alive() ? 'ok' : 'down' }
      return Promise.resolve({ status: checks.mirror === 'down' ? 'unready' : 'ready', checks })
    },
  })
  const server = await listen(createConsole({ api, log, consoleUrl: config.consoleUrl }), config.consoleListen)
  const consolePort = (server.address() as { port: number }).port
  const resumed = await queue.resume()
  const targets = [...ecosystems.values()].flatMap(({ name, targets: all }) =>
    [...all.values()].map((target) => ({ ecosystem: name, target })),
  )
  process.stdout.write(
    greet(
      {
        ...config,
        config: config.file,
        consoleUrl: config.consoleUrl ?? urlOf({ ...config.consoleListen, port: consolePort }),
        mirrorUrl,
        upstreams: airlock.upstreams.map(({ name, url, source }) => ({ ecosystem: 'pip', name, url, source })),
        targets,
        unused: airlock.extraIndexes.map(withoutCredentials),
        resumed,
      },
      languageOf(env),
    ),
  )

  await new Promise((resolve) => ['SIGTERM', 'SIGINT'].map((signal) => process.once(signal, resolve)))
  // whatever hangs, the exit does not: everything can be resumed
  setTimeout(() => process.exit(1), 9000).unref()
  server.close()
  server.closeAllConnections()
  await airlock.close()
  await mirror.stop()
}

/** `airlock rebuild` and `airlock verify` without a server. Exits with 1 on damage. Throws `state-locked` beside one. */
export async function offline(command: 'rebuild' | 'verify', env: Environment, cwd: string): Promise<void> {
  const airlock = await createAirlock(readConfig(env, cwd), env)
  const report = await airlock.maintenance[command]()
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  process.exitCode = report.damaged.length > 0 ? 1 : 0
  await airlock.close()
}

/** One state, one owner; and a filesystem on which that, and fsync, can be trusted. */
function ownState(config: Config): () => void {
  const network = networkFilesystemOf(config.state)
  if (network !== null) {
    const instead = 'Set AIRLOCK_STATE to a folder on a local disk; the tree may stay on the shared one.'
    throw new AirlockError('state-unusable', {
      folder: config.state,
      reason: `it lies on ${network}, where locks and fsync cannot be trusted`,
      instead,
    })
  }
  const release = takeLock(statePaths(config.state).lock)
  if (!release) throw new AirlockError('state-locked', { folder: config.state })
  return release
}

async function listen(app: ReturnType<typeof createConsole>, { host, port }: Address): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>()
  const server = app.listen(port, host, (error?: Error) => (error ? reject(error) : resolve(server)))
  return promise.catch((cause: NodeJS.ErrnoException) => {
    throw new AirlockError(
      'address-unusable',
      { address: `${host}:${port}`, reason: cause.code ?? cause.message, setting: 'AIRLOCK_CONSOLE_LISTEN' },
      { cause },
    )
  })
}

function urlOf({ host, port }: Address): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${port}`
}

function configuredTargets(config: Config) {
  return new Map(Object.entries(config.targets).flatMap(([name, { pip }]) => (pip ? [[name, pip] as const] : [])))
}

/** The environment's proxies, or the one that pip is configured with. */
function proxiesOf(env: Environment, pipProxy: string | null): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([name]) => /^(https?|no|all)_proxy$/i.test(name)))
  return pipProxy === null ? given : { HTTP_PROXY: pipProxy, HTTPS_PROXY: pipProxy, ...given }
}

async function certificatesOf(file: string | null): Promise<string[]> {
  const pem = file === null ? null : await readIfThere(file)
  return pem === null ? [] : [pem]
}

async function readIfThere(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return null
    throw error
  })
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//')
}

function languageOf(env: Environment): Language {
  return /^zh/i.test(env.LC_ALL || env.LC_MESSAGES || env.LANG || '') ? 'zh' : 'en'
}
