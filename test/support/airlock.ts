/**
 * The real server as a child, on folders of its own and free ports of loopback, with an upstream of the test:
 *
 *   const airlock = await startAirlock({ index: index.url })
 *   const { id } = await airlock.ask('fonttools', 'numpy<2')
 *   const request = await airlock.wait(id)     until it has ended, or is as the second argument asks
 *   airlock.indexUrl                           http://127.0.0.1:<port>/pip/simple/
 *   await airlock.kill()                       SIGKILL; airlock.start() goes on, with the same folders and ports
 *   await airlock.close()                      ends it and removes its folders
 *
 * The guard is loaded into the server too: a connection to the outside fails there, and makes `stop` throw.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { NewRequest, ProblemView, RequestDetail, RequestView } from '../../server/contract.ts'
import { finishedStates } from '../../storage/records.ts'
import { hostPython, run } from './clients.ts'

export type AirlockOptions = {
  /** The default upstream's address; absent: what this machine's pip uses, for the tests that go out. */
  readonly index?: string
  /** The rest of airlock.yaml. */
  readonly config?: Readonly<Record<string, unknown>>
  /** The tree's folder, where it matters which disk it lies on. */
  readonly root?: string
  /** The state's, likewise; what is there already is gone on with. */
  readonly state?: string
  readonly env?: Readonly<Record<string, string>>
  /** Modules beside this file that are loaded before the server's own. */
  readonly preload?: readonly string[]
  /** May reach the outside. */
  readonly live?: boolean
}

export type Start = {
  /** What the server's command line comes after: a tracer. */
  readonly before?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly preload?: readonly string[]
}

export type Airlock = Awaited<ReturnType<typeof startAirlock>>

type Ended = { readonly status: number | null; readonly signal: string | null }
type Running = { readonly child: ChildProcess; readonly ended: Promise<Ended> }

/** Milliseconds for what ends by itself, on a machine that has much else to do. */
const patience = 120_000
const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))
const beside = (module: string) => fileURLToPath(new URL(module, import.meta.url))

export async function startAirlock(options: AirlockOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-e2e-'))
  const root = options.root ?? join(folder, 'root')
  const state = options.state ?? join(folder, 'state')
  const [mirrorPort, consolePort] = await freePorts(2)
  const mirrorUrl = `http://127.0.0.1:${mirrorPort}`
  const consoleUrl = `http://127.0.0.1:${consolePort}`
  const log: string[] = []
  let running: Running | null = null

  await mkdir(state, { recursive: true })
  const { upstreams = {}, ...config } = (options.config ?? {}) as { upstreams?: object }
  const pip = { ...(options.index !== undefined && { default: { url: options.index } }), ...upstreams }
  await writeFile(
    join(state, 'airlock.yaml'),
    JSON.stringify({ gateway: { port: 0 }, imports: 0, upstreams: { pip }, ...config }),
  )

  /** Resolves once it listens; throws what it said when it ends before. */
  async function start({ before = [], env = {}, preload = [] }: Start = {}): Promise<void> {
    const modules = [...(options.live ? [] : ['guard.ts']), ...(options.preload ?? []), ...preload]
    const imports = modules.flatMap((module) => ['--import', beside(module)])
    const line = [...before, process.execPath, ...imports, main, 'serve']
    // so that nothing outlives a test that is killed
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...line], {
      cwd: folder,
      env: { ...(options.live ? process.env : offline(folder)), ...settings(), ...options.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(child, 'exit').then(([status, signal]): Ended => ({ status, signal }))
    running = { child, ended }
    child.stderr.setEncoding('utf8').on('data', (text: string) => log.push(text))
    const listens = new Promise<void>((resolve) => {
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        log.push(text)
        said += text
        // said once everything listens
        if (said.includes('airlock request pip')) resolve()
      })
    })
    const early = ended.then(({ status, signal }) => {
      throw new Error(`the server ended at its start (${signal ?? status}):\n${log.join('')}`)
    })
    await Promise.race([listens, early])
    early.catch(() => {})
  }

  function settings(): Record<string, string> {
    return {
      AIRLOCK_ROOT: root,
      AIRLOCK_STATE: state,
      AIRLOCK_MIRROR_LISTEN: `127.0.0.1:${mirrorPort}`,
      AIRLOCK_CONSOLE_LISTEN: `127.0.0.1:${consolePort}`,
      AIRLOCK_PYTHON: hostPython().path,
      AIRLOCK_LOG: 'info',
    }
  }

  async function call<T>(path: string, body?: unknown): Promise<T> {
    const post = body !== undefined
    const answer = await fetch(consoleUrl + path, {
      ...(post && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const said = (await answer.json()) as T | ProblemView
    if (!answer.ok)
      throw answer.status < 500
        ? new Refused(said as ProblemView)
        : new Error(`${JSON.stringify(said)}\n${log.join('')}`)
    return said as T
  }

  const get = (id: number) => call<RequestDetail>(`/api/requests/${id}`)

  async function end(signal: NodeJS.Signals): Promise<Ended> {
    if (running === null) throw new Error('the server does not run')
    const { child, ended } = running
    child.kill(signal)
    running = null
    return ended
  }

  async function stop(): Promise<void> {
    const { status, signal } = await end('SIGTERM')
    if (status !== 0) throw new Error(`the server ended with ${signal ?? status}:\n${log.join('')}`)
  }

  const airlock = {
    folder,
    root,
    state,
    mirrorUrl,
    consoleUrl,
    indexUrl: `${mirrorUrl}/pip/simple/`,
    /** What the same index is for a pod with the folder mounted. */
    folderUrl: `file://${root}/pip/simple/`,
    start,
    /** Throws {@link Refused}. */
    async ask(...requirements: readonly string[]): Promise<RequestView> {
      return (await airlock.askFor({ ecosystem: 'pip', requirements: [...requirements] }))[0]!
    },
    async askFor(wanted: NewRequest): Promise<RequestView[]> {
      return (await call<{ requests: RequestView[] }>('/api/requests', wanted)).requests
    },
    get,
    call,
    cancel: (id: number) => call<RequestView>(`/api/requests/${id}/cancel`, {}),
    retry: (id: number) => call<RequestView>(`/api/requests/${id}/retry`, {}),
    /** Looks until a request is so; throws with what it is and the server's log when that takes too long. */
    async wait(
      id: number,
      until: (request: RequestDetail) => boolean = hasEnded,
      ms = patience,
    ): Promise<RequestDetail> {
      for (const late = Date.now() + ms; ;) {
        const request = await get(id)
        if (until(request)) return request
        if (Date.now() > late) throw new Error(`${JSON.stringify(request, null, 2)}\n${log.join('')}`)
        await sleep(20)
      }
    },
    /** The request, ended; throws unless it is ready. */
    async ready(id: number): Promise<RequestDetail> {
      const request = await airlock.wait(id)
      if (request.state !== 'ready')
        throw new Error(`${request.state}: ${JSON.stringify(request.problem, null, 2)}\n${log.join('')}`)
      return request
    },
    /** What a failed request says; throws unless it has failed. */
    async problem(id: number): Promise<ProblemView> {
      const request = await airlock.wait(id)
      if (request.state !== 'failed') throw new Error(`${request.state}, where it should have failed`)
      return request.problem!
    },
    /** As if the pages that upstream gave were old: the next solve asks for them again. */
    forgetPages: () => rm(join(state, 'cache/gateway'), { recursive: true, force: true }),
    /** Another server with the very same settings, beside this one: how it ends and what it says. */
    again: () => run(process.execPath, [main, 'serve'], { ...offline(folder), ...settings(), ...options.env }),
    /** The server's. */
    pid: () => running!.child.pid!,
    /** SIGKILL. */
    kill: () => end('SIGKILL'),
    /** Resolves when the server has died by itself; throws when it does not in time. */
    async died(ms = patience): Promise<Ended> {
      const ended = await Promise.race([running!.ended, sleep(ms, null, { ref: false })])
      if (ended === null) throw new Error(`the server lives on:\n${log.join('')}`)
      running = null
      return ended
    },
    /** SIGTERM; throws unless it ends in order. */
    stop,
    log: () => log.join(''),
    async close(): Promise<void> {
      try {
        if (running !== null) await stop()
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
  await start()
  return airlock
}

/** The API's refusal of a request. */
export class Refused extends Error {
  readonly problem: ProblemView

  constructor(problem: ProblemView) {
    super(`${problem.code}: ${problem.detail}`)
    this.problem = problem
  }
}

export function hasEnded({ state }: { readonly state: string }): boolean {
  return (finishedStates as readonly string[]).includes(state)
}

/**
 * Ports of loopback that nobody listens on: below those that the kernel gives to whoever asks for any, and nobody else's
 * of those who ask here, so that none of them is given away before it is used or while its server is away.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  while (found.size < count) {
    const port = randomInt(12_000, 32_000)
    if ((await isOurs(port)) && (await isFree(port))) found.add(port)
  }
  return [...found]
}

/** Claims a port by a name that the kernel gives to one process at a time, and takes back when that ends. */
function isOurs(port: number): Promise<boolean> {
  const claim = createServer()
  return new Promise((resolve) => {
    claim.once('error', () => resolve(false))
    claim.listen(`\0airlock-test-port-${port}`, () => resolve(true)).unref()
  })
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Everything alive whose command line or environment names a folder, but for this test itself. */
export async function livingIn(folder: string): Promise<{ readonly pid: number; readonly line: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  const read = (path: string) => readFile(path, 'utf8').catch(() => '')
  const all = pids.map(async (pid) => {
    const [line, env] = await Promise.all([read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)])
    return (line + env).includes(folder) ? [{ pid: Number(pid), line: line.replaceAll('\0', ' ').trim() }] : []
  })
  return (await Promise.all(all)).flat()
}

/** The whole environment of what runs offline: nothing that this machine's might add, and proxies that refuse. */
export function offline(folder: string): Record<string, string> {
  const proxies = Object.entries(process.env).filter(([name]) => /^(?:https?|all|no)_proxy$/i.test(name))
  return {
    ...(Object.fromEntries(proxies) as Record<string, string>),
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: folder,
    LANG: 'C.UTF-8',
    PIP_CONFIG_FILE: '/dev/null',
  }
}
