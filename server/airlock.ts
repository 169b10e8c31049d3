/** The graph: every createX(deps) call, once, but for the listeners of `serve.ts`. Reads as: state, outside, ecosystems, work. */
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import PQueue from 'p-queue'
import { createAptState } from '../storage/apt.ts'
import { networkFilesystemOf, openDatabase } from '../storage/database.ts'
import { createBuilds } from '../storage/builds.ts'
import { createEvents } from '../storage/events.ts'
import { createJobs } from '../storage/jobs.ts'
import { statePaths } from '../storage/layout.ts'
import { createOutbox } from '../storage/outbox.ts'
import { createListings } from '../storage/listings.ts'
import type { Job } from '../storage/records.ts'
import { takeLock } from '../storage/lock.ts'
import { createPackages } from '../storage/packages.ts'
import { createRequests } from '../storage/requests.ts'
import { createTargets } from '../storage/targets.ts'
import { createTree } from '../storage/tree.ts'
import { createVerify } from '../storage/verify.ts'
import { createVerifying } from '../storage/verifying.ts'
import { createVisible } from '../storage/visible.ts'
import { createApt } from './apt/index.ts'
import { withLocalArchives } from './apt/local.ts'
import { aptArchives, aptOrigins } from './apt/origins.ts'
import { aptTargets } from './apt/target.ts'
import { createBackup } from './backup/write.ts'
import { createAsk, createRetry } from './ask.ts'
import { createBackgroundVerify } from './background-verify.ts'
import { besideConfig, type Config, type Environment } from './config.ts'
import type { Ecosystem, Outside, Target } from './ecosystem.ts'
import { AirlockError } from './errors.ts'
import { createFulfil } from './fulfil.ts'
import { homepodFiles } from './homepod.ts'
import { createHousekeeping } from './housekeeping.ts'
import { createLanes, inTurn } from './lanes.ts'
import { createLog, type Log } from './log.ts'
import { createLoggedChildren } from './logged-children.ts'
import { readMachine } from './machine.ts'
import { createMaintenance } from './maintenance.ts'
import { createMeters } from './metrics/meters.ts'
import { createDeliver } from './notices/deliver.ts'
import { createNotices } from './notices/notices.ts'
import { createPodTargets } from './pod-targets.ts'
import { createPip } from './pip/index.ts'
import { followIndexNames } from './pip/index-names.ts'
import { pipTargets } from './pip/target.ts'
import { pipUpstreams } from './pip/upstreams.ts'
import { createQueue } from './queue.ts'
import { createReuse } from './reuse.ts'
import { createSandbox } from './sandbox/sandbox.ts'
import { createTryOut } from './try-out.ts'
import { createUpstreamClient } from './upstream/client.ts'
import { watchContacts } from './upstream/contacts.ts'
import { createDownloads } from './upstream/download.ts'
import { createGateway } from './upstream/gateway.ts'
import { keepIncoming, sweepIncoming } from './upstream/incoming.ts'
import { createMailer } from './upstream/mail.ts'
import { createPages } from './upstream/pages.ts'
import { createSeenPages } from './upstream/seen.ts'
import { createSender } from './upstream/send.ts'
import { createWeigh } from './weigh.ts'

const project = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')

/**
 * Takes the state and builds everything on it. Throws what a user can mend: `state-locked`, `python-missing`, …
 * `onOwned` is called as soon as the state is ours, before the database is looked through: for what need not wait for it.
 */
export async function createAirlock(config: Config, env: Environment, onOwned: (log: Log) => void = () => {}) {
  const paths = statePaths(config.state)
  const release = ownState(config)
  const log = createLog(config.logLevel)
  onOwned(log)
  const { runChild, openChild, startChild } = createLoggedChildren(log)
  const now = () => new Date()
  const stopping = new AbortController()
  const onLeft = (error: unknown) =>
    log.warn({ err: error }, 'what lay in the work folder could not be removed: the next start does it')
  const hidden = [config.state, config.root, ...(config.file === null ? [] : [config.file])]
  const [db, machine, sandbox] = await Promise.all([
    openDatabase(paths.database),
    readMachine(config, env, project, stopping.signal),
    // what solves and stages had there when the last owner was killed
    rm(paths.work, { recursive: true, force: true })
      .catch(onLeft)
      .then(() => createSandbox({ startChild, hidden, work: paths.work, signal: stopping.signal })),
  ])

  const hooks = Object.entries(config.notify).map(([name, hook]) => ({ ...hook, name }))
  const outbox = createOutbox(db, hooks, now)
  const events = createEvents(db, outbox.note)
  const requests = createRequests(db, events, now)
  const jobs = createJobs(db, events, now)
  events.subscribe(({ job, state }) => log.info({ job, state }, 'job changes'))
  const listings = createListings(db)
  const tree = createTree(config.root)
  const packages = createPackages(db)
  const builds = createBuilds(db)

  const upstreams = pipUpstreams(config.upstreams.pip, machine.interpreter.index)
  const targets = {
    pip: pipTargets(configured(config, 'pip'), machine.interpreter, (path) =>
      readFileSync(besideConfig(config, path), 'utf8'),
    ),
    apt: aptTargets(configured(config, 'apt'), machine.aptHost, (path) => besideConfig(config, path)),
  }
  const apart = aptArchives(config.upstreams.apt, (path) => besideConfig(config, path))
  const archives = aptOrigins([...targets.apt.values(), apart], machine.aptHost)
  const aptSources = [...targets.apt.values(), apart].flatMap(({ sources }) => sources)
  const origins = [
    ...upstreams.flatMap(({ name, secretUrl, files }) => [secretUrl, ...files].map((url) => ({ name, url }))),
    ...archives,
  ]
  const contacts = watchContacts(createUpstreamClient({ ...machine, origins }), origins, now)
  const client = contacts.client
  const meters = createMeters()
  const pages = createPages({ client, folder: paths.gatewayCache, onPage: meters.onPage })
  const downloads = createDownloads({
    client: { open: withLocalArchives(aptSources, client.open) },
    root: config.root,
    limits: config.download,
    onBytes: meters.onFetched,
  })
  const gateway = createGateway({
    port: config.gateway.port,
    onError: (error) => log.error({ err: error }, 'the gateway failed'),
  })
  const outside: Outside = { page: pages.get, open: client.open }

  const common = { outside, listings, pathOf: downloads.pathOf, gatewayUrl: () => gateway.url, run: runChild }
  const buildTurns = new PQueue({ concurrency: config.builds.parallel })
  const pip = createPip({
    ...common,
    targets: targets.pip,
    upstreams,
    seen: createSeenPages(paths.gatewayCache),
    ...(config.names.pip === 'daily' && {
      indexNames: followIndexNames({
        upstreams,
        outside,
        stopping: stopping.signal,
        onError: (error) => log.warn({ err: error }, 'the index could not be listed'),
      }),
    }),
    uv: join(project, '.tools/uv/bin/uv'),
    python: machine.interpreter.executable,
    work: paths.work,
    onLeft,
    cache: paths.uvCache,
    fetch: downloads.fetch,
    legible: downloads.legible,
    legibleAt: downloads.legibleAt,
    artifacts: {
      byUrl: (urls) => packages.byUrl('pip', urls),
      byDigest: (digests) => packages.byDigest('pip', digests),
    },
    overlap: config.download.overlap,
    sandbox,
    now,
    builds: config.builds,
    imports: config.imports,
    built: builds,
    interpreters: [machine.interpreter, ...machine.builders],
    keep: (path, made) => keepIncoming(config.root, path, made),
    inTurn: (signal, work) => inTurn(buildTurns, signal, work),
  })
  gateway.mount('/pip', pip.gateway.respond)
  const aptState = createAptState(db, now, outbox.noteHeld)
  const apt = await createApt({
    ...common,
    targets: targets.apt,
    archives: aptSources,
    keyrings: machine.aptHost?.keyrings ?? [],
    state: aptState,
    waiting: jobs,
    openChild,
    now,
    folders: { cache: paths.aptCache, key: paths.aptKey, work: paths.work },
    stopping: stopping.signal,
  })
  gateway.proxy(apt.proxy)
  const ecosystems: ReadonlyMap<string, Ecosystem> = new Map(
    [pip.ecosystem, apt.ecosystem].map((ecosystem) => [ecosystem.name, ecosystem]),
  )

  const addresses = (isMail: boolean) => hooks.filter(({ kind }) => (kind === 'mail') === isMail).map(({ url }) => url)
  const sender = createSender({ ...machine, urls: addresses(false) })
  const deliver = createDeliver({
    send: sender.send,
    mail: createMailer({ ...machine, servers: addresses(true) }),
    context: {
      install({ ecosystem: name, target }, roots) {
        const ecosystem = ecosystems.get(name)
        const own = ecosystem?.targets.get(target)
        return ecosystem && own ? ecosystem.installLine(roots, own) : ''
      },
      link: ({ id }) => (config.consoleUrl === null ? null : `${config.consoleUrl}/requests/${id}`),
    },
    now,
  })
  const notices = createNotices({ hooks, outbox, deliver, log, now })
  events.subscribe(notices.wake)

  const { confirmAbove, keepFree } = config.download
  const weigh = createWeigh({ root: config.root, pathOf: downloads.pathOf, confirmAbove, keepFree })
  const spine = {
    ecosystems,
    jobs,
    requests,
    listings,
    tree,
    downloads,
    lanes: createLanes(),
    stopping: stopping.signal,
  }
  const solves = new PQueue({ concurrency: config.queue.solves })
  const queue = createQueue({ jobs, requests, fulfil: createFulfil({ ...spine, solves, weigh, log }), log })
  const reuse = createReuse({ ...spine, pathOf: downloads.pathOf, hours: config.reuse })
  const ask = createAsk({ ...spine, queue, reuse, unfinished: config.queue.unfinished })
  const retry = createRetry({ ...spine, queue })
  const tryOut = createTryOut({ ...spine, log })
  events.subscribe(tryOut.on)
  const standing = () =>
    homepodFiles({
      folder: join(project, 'client/homepod'),
      ecosystems: ecosystems.values(),
      consoleUrl: config.consoleUrl,
      key: apt.publicKey,
    })
  const podTargets = createPodTargets({ ...spine, targets: createTargets(db, now), standing, log })
  await podTargets.restore()
  const { verify, isWhole } = createVerify({
    root: config.root,
    listings,
    kept: async () => [
      ...(await builds.materials()),
      // withdrawn or replaced, in their days of grace
      ...(await aptState.unusedFiles()).map((file) => ({ ...file, ecosystem: 'apt' })),
    ],
  })
  const maintenance = createMaintenance({ ...spine, standing, verify })
  const verifying = createVerifying(db)
  const backgroundVerify = createBackgroundVerify({ ...spine, ...config.verify, isWhole, verifying, now, log })

  const housekeeping = createHousekeeping({
    ...spine,
    log,
    standing,
    sweepIncoming: (options) => sweepIncoming(config.root, options),
    dropUnwanted: downloads.sweep,
    sweepPages: pages.sweep,
    forgetBefore: async (instant) => (await events.forget(instant)) + (await jobs.forget(instant)),
    keepDays: config.keep,
  })

  return {
    log,
    prepare: contacts.client.prepare,
    meters,
    /** What makes the first request quicker and can be left out. */
    warm: () =>
      pip
        .warm(stopping.signal)
        .catch((error: unknown) => log.warn({ err: error }, 'the solver could not be warmed up')),
    housekeeping,
    ecosystems,
    listings,
    visible: createVisible(db),
    contacts: contacts.last,
    solve: (ecosystem: Ecosystem, target: Target, job: Job, signal: AbortSignal) =>
      inTurn(solves, signal, () => ecosystem.solve(job, target, signal)),
    requests,
    jobs,
    events,
    queue,
    ask,
    retry,
    packages,
    builds,
    podTargets,
    notices,
    backup: createBackup({ config, now }),
    maintenance,
    backgroundVerify,
    sandbox,
    gateway,
    upstreams,
    extraIndexes: machine.interpreter.index.extra,
    /** Aborts what can be resumed, finishes what cannot, and gives the state back. */
    async close(): Promise<void> {
      stopping.abort(new Error('Airlock stops'))
      await queue.stop()
      await backgroundVerify.ended()
      await tryOut.end()
      await notices.close()
      await gateway.close()
      client.close()
      sender.close()
      await db.destroy()
      release()
    },
  }
}

/** One state, one owner; and a filesystem on which that, and fsync, can be trusted. */
function ownState(config: Config): () => void {
  const network = networkFilesystemOf(config.state)
  if (network !== null) {
    const reason = {
      en: `it lies on ${network}, where locks and fsync cannot be trusted`,
      zh: `它位于 ${network} 上，锁与 fsync 均不可靠`,
    }
    const instead = {
      en: 'Set AIRLOCK_STATE to a folder on a local disk; the tree may stay on the shared one.',
      zh: '请把 AIRLOCK_STATE 设为本地磁盘上的目录；目录树可以留在共享磁盘上。',
    }
    throw new AirlockError('state-unusable', { folder: config.state, reason, instead })
  }
  const release = takeLock(statePaths(config.state).lock)
  if (!release) throw new AirlockError('state-locked', { folder: config.state })
  return release
}

/** The configured targets of one ecosystem, by name. */
function configured<Name extends 'pip' | 'apt'>(config: Config, name: Name) {
  type Knobs = NonNullable<Config['targets'][string][Name]>
  const all = new Map<string, Knobs>()
  for (const [target, { [name]: own }] of Object.entries(config.targets)) if (own) all.set(target, own)
  return all
}
