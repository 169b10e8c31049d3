/** A mirror on a tree of the test's own, and clients that send exactly what they are told to. */
import { createHash } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { request, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { createMirror, type MirrorOptions } from '../../server/mirror/mirror.ts'
import { temporaryFolder } from '../support/folders.ts'

export type Answer = {
  readonly status: number
  readonly reason: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export type Running = {
  readonly root: string
  readonly port: number
  /** What the mirror complained of. */
  readonly errors: unknown[]
  put(path: string, content: string | Buffer): Promise<void>
  get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Answer>
  raw(bytes: string | Buffer): Promise<Buffer>
}

export const secret = 'nothing of this may ever leave'

export const json = 'application/vnd.pypi.simple.v1+json'
/** What pip sends. */
export const pipAccept = `${json}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01`

/** `create`: a mirror with something wrong, for a control. */
export type MirrorUnder = Partial<MirrorOptions> & { readonly create?: typeof createMirror }

/** Starts a mirror on an empty tree; it ends with the test. */
export async function startMirror(
  t: TestContext,
  { create = createMirror, ...options }: MirrorUnder = {},
): Promise<Running> {
  const root = options.root ?? join(await temporaryFolder(t), 'tree')
  const errors: unknown[] = []
  const mirror = create({ root, onError: (error) => errors.push(error), ...options })
  const port = await mirror.listen(0, '127.0.0.1')
  t.after(() => mirror.close(0))
  return {
    root,
    port,
    errors,
    put: (path, content) => putFile(root, path, content),
    get: (path, headers = {}, method = 'GET') => ask(port, path, headers, method),
    raw: (bytes) => sendRaw(port, bytes),
  }
}

/** Writes as the publisher does: a temporary file, then a rename. */
export async function putFile(root: string, path: string, content: string | Buffer): Promise<void> {
  const to = join(root, path)
  await mkdir(dirname(to), { recursive: true })
  await mkdir(join(root, '.incoming'), { recursive: true })
  const from = join(root, '.incoming', `.write-${Math.random().toString(36).slice(2)}`)
  await writeFile(from, content)
  await rename(from, to)
}

export function ask(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () =>
        resolve({
          status: res.statusCode!,
          reason: res.statusMessage!,
          headers: res.headers,
          body: Buffer.concat(chunks),
        }),
      )
    })
    req.on('error', reject)
    req.end()
  })
}

/** Sends bytes as they are and resolves with all that comes back until the server hangs up. */
export function sendRaw(port: number, bytes: string | Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setTimeout(60_000, () =>
      socket.destroy(new Error(`no end of the answer to ${JSON.stringify(String(bytes))}`)),
    )
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve(Buffer.concat(chunks)))
  })
}

/** A GET as text, whose answer ends with the connection. */
export function rawGet(target: string, ...headers: string[]): string {
  return [`GET ${target} HTTP/1.1`, 'Host: mirror', 'Connection: close', ...headers, '', ''].join('\r\n')
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Where a file's digest puts it. */
export function poolUrl(ecosystem: string, content: string | Buffer, file: string): string {
  const digest = sha256(content)
  return `${ecosystem}/pool/${digest.slice(0, 2)}/${digest}/${file}`
}
