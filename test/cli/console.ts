/** A console on loopback that answers what a test tells it, and the command line run against it in this process. */
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { runCli } from '../../client/cli/cli.ts'
import type { Io } from '../../client/cli/context.ts'
import type { ProblemView, RequestDetail } from '../../server/contract.ts'

export type Reply = {
  readonly status?: number
  readonly type?: string
  readonly body: unknown
  /** Whether the exchange's id is answered back. */
  readonly named?: boolean
}
type Asked = {
  readonly line: string
  readonly language: string | undefined
  readonly body: unknown
}

/** Replies by `GET /api/requests/7`; a list is given one by one, its last again and again. `drop` breaks the connection. */
export type Replies = Record<string, Reply | 'drop' | readonly (Reply | 'drop')[]>

export async function fakeConsole(t: TestContext, replies: Replies) {
  const asked: Asked[] = []
  const reqIds: string[] = []
  const given = new Map<string, number>()
  let server: Server | null = null
  let port = 0

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const line = `${req.method} ${req.url}`
    const body = await textOf(req)
    reqIds.push(String(req.headers['x-request-id']))
    asked.push({
      line,
      language: req.headers['accept-language'],
      body: body === '' ? null : req.headers['content-type'] === 'application/json' ? JSON.parse(body) : body,
    })
    const found = replies[line] ?? { status: 404, body: problem({ status: 404, detail: `nothing at ${line}` }) }
    const list = [found].flat()
    const turn = given.get(line) ?? 0
    given.set(line, turn + 1)
    const reply = list[Math.min(turn, list.length - 1)]!
    if (reply === 'drop') return void req.socket.destroy()
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body)
    const usual = (reply.status ?? 200) < 400 ? 'application/json' : 'application/problem+json'
    if (reply.named) res.setHeader('X-Request-Id', String(req.headers['x-request-id']))
    res.writeHead(reply.status ?? 200, { 'content-type': reply.type ?? usual }).end(text)
  }

  async function start(): Promise<void> {
    const starting = createServer((req, res) => void answer(req, res))
    await new Promise<void>((resolve) => starting.listen(port, '127.0.0.1', resolve))
    port = (starting.address() as AddressInfo).port
    server = starting
  }

  async function stop(): Promise<void> {
    const stopping = server
    server = null
    stopping?.closeAllConnections()
    await new Promise<void>((resolve) => (stopping ? stopping.close(() => resolve()) : resolve()))
  }

  await start()
  t.after(stop)
  return { url: `http://127.0.0.1:${port}`, asked, reqIds, start, stop }
}

export type Ran = {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly became: readonly string[]
}
export type Terminal = Partial<Pick<Io, 'every' | 'patience' | 'user' | 'take'>> & {
  readonly env?: Readonly<Record<string, string>>
  readonly tty?: boolean
  readonly columns?: number
  /** What standard input gives. */
  readonly stdin?: string
  /** Called with everything that goes to stderr, as it goes. */
  onStderr?(text: string, signal: (name: 'SIGINT' | 'SIGTERM') => void): void
}

export async function airlock(url: string, args: readonly string[], terminal: Terminal = {}): Promise<Ran> {
  const {
    take = () => Promise.reject(new Error('nothing is taken here')),
    env = {},
    tty = false,
    columns,
    stdin = '',
    onStderr,
    user = 'alice',
    every = 5,
    patience = 2000,
  } = terminal
  const written = { out: '', err: '' }
  const became: string[] = []
  const listeners = new Set<(name: 'SIGINT' | 'SIGTERM') => void>()
  const signal = (name: 'SIGINT' | 'SIGTERM') => listeners.forEach((listener) => listener(name))
  const shape = { isTTY: tty, ...(columns !== undefined && { columns }) }
  const code = await runCli(args, {
    env: { LANG: 'C.UTF-8', AIRLOCK_CONSOLE_URL: url, ...env },
    stdout: { ...shape, write: (text) => (written.out += text) },
    stderr: {
      ...shape,
      write(text) {
        written.err += text
        onStderr?.(text, signal)
      },
    },
    user,
    read: (path) => (path === null ? Promise.resolve(Buffer.from(stdin)) : readFile(path)),
    every,
    patience,
    onSignal(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    take: (from, to) => take(from, to),
    write: (path, text) => writeFile(path, text),
    becomeServer(command, ...args) {
      became.push([command, ...args].join(' '))
      return 0
    },
  })
  return { code, ...written, became }
}

export function problem(fields: Partial<ProblemView> = {}): ProblemView {
  return {
    type: 'urn:airlock:problem:internal',
    title: 'Airlock failed',
    status: 500,
    detail: 'Something is wrong.',
    code: 'internal',
    hint: 'Do something about it.',
    fields: {},
    ...fields,
  }
}

/** Request 7 as the API shows it, being prepared. */
export function request(fields: Partial<RequestDetail> = {}): RequestDetail {
  return {
    id: 7,
    batch: 'b',
    ecosystem: 'pip',
    target: 'default',
    requirements: ['fonttools', 'numpy<2'],
    requester: 'alice',
    note: null,
    reqId: null,
    createdAt: '2026-03-01T10:00:00.000Z',
    state: 'queued',
    startedAt: null,
    finishedAt: null,
    job: 7,
    progress: null,
    waiting: null,
    files: null,
    bytes: null,
    install: "pip install fonttools 'numpy<2'",
    withdrawn: false,
    problem: null,
    timeline: [],
    history: [],
    closure: null,
    remarks: [],
    ...fields,
  }
}

export const zh = { LANG: 'zh_CN.UTF-8' }
