/**
 * Many pods at once, as a process of its own, so that what they cost is not the test's: clients that keep their one
 * connection, of which some download large files, slowly or with breaking off, and the others read pages. Every byte
 * that comes is compared.
 *
 *   const swarm = await startSwarm({ port, readers: 192, downloads: 64, pages, files, core: '1' })
 *   swarm.pause(); swarm.go()            nobody reads or asks; everybody goes on
 *   const seen = await swarm.stop()      every connection is broken off, wherever it is
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export type SwarmPage = {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  /** Its answer may change while the swarm reads it; it must still be whole JSON. */
  readonly changes?: boolean
}

export type Plan = {
  readonly port: number
  readonly readers: number
  /** Clients, in turn: as fast as it comes, slowly, breaking off anywhere, as fast as it comes. */
  readonly downloads: number
  readonly pages: readonly SwarmPage[]
  /** What is downloaded, and a local file with the bytes that must come. */
  readonly files: readonly { readonly path: string; readonly same: string }[]
}

export type Seen = {
  readonly pages: number
  readonly files: number
  readonly brokenOff: number
  readonly bytes: number
  /** Connections that were opened. */
  readonly connections: number
  /** The first ones, in words. */
  readonly errors: readonly string[]
}

const own = fileURLToPath(import.meta.url)
/** Nothing for so long on a download or a page is an error. Longer than a job takes for which everybody is paused. */
const patience = 60_000
const thinking = 20

/** `core`: where it may run. Resolves once every client has had its first answer. */
export async function startSwarm({ core, ...plan }: Plan & { readonly core?: string | undefined }) {
  const line = [process.execPath, own, JSON.stringify(plan)]
  const command = [
    'setpriv',
    '--pdeathsig',
    'KILL',
    '--',
    ...(core === undefined ? [] : ['taskset', '-c', core]),
    ...line,
  ]
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let said = ''
  const begun = Promise.withResolvers<void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.startsWith('begun\n')) begun.resolve()
  })
  await Promise.race([begun.promise, ended])
  return {
    pause: () => child.kill('SIGSTOP'),
    go: () => child.kill('SIGCONT'),
    async stop(): Promise<Seen> {
      child.stdin.end()
      await ended
      return JSON.parse(said.slice('begun\n'.length)) as Seen
    },
  }
}

async function run({ port, readers, downloads, pages, files }: Plan): Promise<void> {
  const whole = new Map(files.map(({ path, same }) => [path, readFileSync(same)]))
  const known = new Map<SwarmPage, Buffer>()
  const seen = { pages: 0, files: 0, brokenOff: 0, bytes: 0, connections: 0, errors: [] as string[] }
  const over = new AbortController()
  const complain = (what: string) => void (!over.signal.aborted && seen.errors.length < 20 && seen.errors.push(what))

  const agentOf = () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const { createConnection } = agent
    agent.createConnection = (...args) => {
      seen.connections++
      return createConnection.apply(agent, args)
    }
    return agent
  }

  function ask(agent: Agent, path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const req = get({ host: '127.0.0.1', port, path, headers, agent, timeout: patience }, resolve)
      req.on('timeout', () => req.destroy(new Error('nothing came')))
      req.on('error', reject)
    })
  }

  async function readPage(agent: Agent, page: SwarmPage): Promise<void> {
    const answer = await ask(agent, page.path, page.headers)
    const chunks: Buffer[] = []
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    seen.bytes += body.length
    seen.pages++
    if (answer.statusCode !== page.status) return complain(`${page.path}: ${answer.statusCode}`)
    if (page.changes) return void JSON.parse(body.toString())
    const before = known.get(page)
    if (before === undefined) known.set(page, body)
    else if (!before.equals(body)) complain(`${page.path}: other bytes than before`)
  }

  async function download(agent: Agent, path: string, way: 'fast' | 'slow' | 'breaking'): Promise<void> {
    const expected = whole.get(path)!
    const upTo = way === 'breaking' ? Math.floor(Math.random() * expected.length) : expected.length
    const answer = await ask(agent, path)
    if (answer.statusCode !== 200 || answer.headers['content-length'] !== String(expected.length))
      complain(`${path}: ${answer.statusCode}, ${answer.headers['content-length']} bytes`)
    let at = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      if (chunk.compare(expected, at, at + chunk.length) !== 0) complain(`${path}: wrong bytes at ${at}`)
      at += chunk.length
      seen.bytes += chunk.length
      if (way === 'slow') await sleep(thinking)
      // leaving the loop destroys the connection
      if (way === 'breaking' && at >= upTo) return void seen.brokenOff++
    }
    if (at !== expected.length) complain(`${path}: ${at} of ${expected.length} bytes`)
    seen.files++
  }

  async function client(turn: (agent: Agent, round: number) => Promise<void>, begun: () => void): Promise<void> {
    const agent = agentOf()
    for (let round = 0; !over.signal.aborted; round++) {
      try {
        await turn(agent, round)
      } catch (error) {
        complain(String(error))
      }
      begun()
    }
  }

  const ways = ['fast', 'slow', 'breaking', 'fast'] as const
  const reading = Array.from({ length: readers }, (_, me) => async (agent: Agent, round: number) => {
    await readPage(agent, pages[(me + round) % pages.length]!)
    await sleep(Math.random() * 2 * thinking)
  })
  const downloading = Array.from({ length: downloads }, (_, me) => (agent: Agent, round: number) => {
    return download(agent, files[(me + round) % files.length]!.path, ways[me % ways.length]!)
  })
  // one page first: the first download may take long
  const first = downloading.map((turn) => async (agent: Agent, round: number) => {
    return round === 0 ? readPage(agent, pages[0]!) : turn(agent, round)
  })
  const begun = [...reading, ...first].map((turn) => new Promise<void>((resolve) => void client(turn, resolve)))
  process.stdin.resume().once('end', () => {
    over.abort()
    // exiting ends every connection in the midst of what it carries
    process.stdout.write(JSON.stringify(seen), () => process.exit(0))
  })
  await Promise.all(begun)
  process.stdout.write('begun\n')
}

if (process.argv[1] === own) await run(JSON.parse(process.argv[2]!) as Plan)
