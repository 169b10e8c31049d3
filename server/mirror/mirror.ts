/**
 * The read server: a HomePod's GET becomes a file of the tree. Invariant: nothing that arrives here causes a packet to
 * leave, a name to be resolved or a byte to be written; what it imports could not do so.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { answerText, guards, hangUp, revalidated } from './answers.ts'
import { matchesTag } from './conditional.ts'
import { createDoor } from './door.ts'
import { createFiles } from './files.ts'
import { createFront } from './front.ts'
import { createListener, type Listener } from './listener.ts'
import { chooseForm, remembered, takesGzip } from './negotiate.ts'
import { createPages, type FoundPage } from './pages.ts'
import { placeOf, type PagePlace, type Place, type Refusal } from './place.ts'
import type { Representation } from './representation.ts'

export type MirrorOptions = {
  /** AIRLOCK_ROOT. It may be missing, and may appear later. */
  readonly root: string
  /** What pods call this server and people the console; null: as they reached it, and not said. */
  readonly mirrorUrl?: string | null
  readonly consoleUrl?: string | null
  /** How much memory index pages may take, compressed copies included. */
  readonly pageBytes?: number
  /** How long a connection may stand still: as pip may think between two requests, else it meets a closed one. */
  readonly idleMs?: number
  /** ms in which a request must have arrived. */
  readonly headersMs?: number
  /** How many connections are a crowd, in which nobody gets more than a quarter. */
  readonly many?: number
  /** Hears of what should not happen: a disk that cannot be read, a file that ends too early. */
  readonly onError?: (error: unknown, target: string) => void
}

/** Conditions that pass by themselves: too many files open, a file replaced under a network filesystem's hands. */
const passing = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ESTALE', 'ENOMEM'])
const defaultPageBytes = 64 * 2 ** 20

export function createMirror(options: MirrorOptions): Listener {
  const { root, mirrorUrl = null, consoleUrl = null, pageBytes = defaultPageBytes, idleMs = 75_000 } = options
  const { onError = () => {} } = options
  const door = createDoor(root)
  const pages = createPages(door, pageBytes)
  const serveFile = createFiles(door)
  const front = createFront(door, { mirrorUrl, consoleUrl })
  /** Connections on which an answer is under way that is not written yet. */
  const busy = new WeakSet<Duplex>()
  const formOf = remembered(chooseForm)
  const gzipOf = remembered(takesGzip)
  const where = consoleUrl === null ? 'the Airlock console' : printable(consoleUrl)
  const whereZh = consoleUrl === null ? 'Airlock 控制台' : consoleUrl

  function answer(req: IncomingMessage, res: ServerResponse): void {
    const { method, headers } = req
    const target = req.url!
    try {
      if (method !== 'GET' && method !== 'HEAD') return refuseMethod(res)
      // RFC 9112, 3.2: of several hosts each server would choose its own
      if (req.httpVersionMajor !== 1 || headers.host?.includes(','))
        return answerText(res, 400, 'One host, HTTP/1.1.', { headers: hangUp })
      // a body on a GET has no meaning but to disagree with another server about where the request ends
      if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
        return answerText(res, 400, 'A read has no body.', { headers: hangUp })
      const form = formOf(headers.accept)
      const isGzip = gzipOf(headers['accept-encoding'])
      const page = pages.recall(target, form, isGzip)
      if (page) return sendPage(req, res, page)
      const place = placeOf(target)
      if (typeof place === 'number') return refuse(res, place)
      answerPlace(req, res, place, ({ url }) => pages.find(url, form, isGzip))
    } catch (error) {
      fail(res, error, target)
    }
  }

  function answerPlace(
    req: IncomingMessage,
    res: ServerResponse,
    place: Place,
    find: (page: PagePlace) => FoundPage,
  ): void {
    switch (place.kind) {
      case 'health':
        return answerText(res, 200, 'ok')
      case 'front':
        return sendFront(req, res)
      case 'page': {
        const page = find(place)
        return page === null ? missPage(res, place) : sendPage(req, res, page)
      }
      case 'slash':
        if (find(place.page) === null) return missPage(res, place.page)
        return answerText(res, 302, place.location, { headers: ['Location', place.location] })
      case 'file':
        return whenAlone(res, async () => {
          if (!(await serveFile(req, res, place))) missFile(res)
        })
    }
  }

  function sendPage(req: IncomingMessage, res: ServerResponse, page: Exclude<FoundPage, null>): void {
    if (page instanceof Promise) return whenAlone(res, async () => sendRepresentation(req, res, await page))
    sendRepresentation(req, res, page)
  }

  /** Runs what takes time once it is this response's turn: a pipelined one opens no file while it waits for others. */
  function whenAlone(res: ServerResponse, serve: () => Promise<void>): void {
    if (res.socket === null) {
      res.once('socket', () => whenAlone(res, serve))
      return
    }
    const { socket } = res
    if (res.destroyed) return
    busy.add(socket)
    serve()
      .catch((error: unknown) => fail(res, error, res.req.url!))
      .finally(() => busy.delete(socket))
  }

  function sendFront(req: IncomingMessage, res: ServerResponse): void {
    const { body, etag, policy } = front(req.headers.host)
    const current = ['ETag', etag, ...revalidated, 'Vary', 'Host']
    if (matchesTag(req.headers['if-none-match'] ?? '', etag)) res.writeHead(304, current).end()
    else {
      const own = ['Content-Type', 'text/html; charset=utf-8', 'Content-Length', String(body.length)]
      const headers = [...own, ...current, ...guards]
      headers[headers.indexOf('Content-Security-Policy') + 1] = policy
      res.writeHead(200, headers).end(body)
    }
  }

  function missPage(res: ServerResponse, { project }: PagePlace): void {
    if (project === null) return answerText(res, 404, 'There is no such index here.\n此处没有这个索引。')
    answerText(
      res,
      404,
      `${project} is not on this mirror. Ask for it on ${where}.\n此镜像没有 ${project}，请在 ${whereZh} 提交申请。`,
    )
  }

  function missFile(res: ServerResponse): void {
    answerText(
      res,
      404,
      `This file is not on this mirror. Ask on ${where}.\n此镜像没有该文件，请在 ${whereZh} 提交申请。`,
      {
        reason: `Not on this Airlock mirror: ask on ${where}`,
      },
    )
  }

  function fail(res: ServerResponse, error: unknown, target: string): void {
    onError(error, target)
    if (res.headersSent) return void res.destroy()
    if (passing.has((error as NodeJS.ErrnoException).code ?? ''))
      return answerText(res, 503, 'Busy: try again.\n繁忙，请稍后重试。', { headers: ['Retry-After', '1'] })
    answerText(res, 500, 'The mirror could not read its disk.\n镜像无法读取磁盘。', {
      reason: 'Airlock cannot read its disk',
    })
  }

  return createListener(answer, {
    idleMs,
    headersMs: options.headersMs,
    many: options.many,
    isBusy: (socket) => busy.has(socket),
  })
}

function sendRepresentation(req: IncomingMessage, res: ServerResponse, page: Representation): void {
  const known = req.headers['if-none-match']
  if (known !== undefined && matchesTag(known, page.etag)) {
    res.writeHead(304, page.unchanged)
    res.end()
  } else {
    res.writeHead(200, page.headers)
    res.end(page.body, 'latin1')
  }
}

function refuseMethod(res: ServerResponse): void {
  answerText(res, 405, 'This server is read only: GET and HEAD.\n此服务器只读：仅支持 GET 与 HEAD。', {
    headers: ['Allow', 'GET, HEAD', ...hangUp],
  })
}

function refuse(res: ServerResponse, status: Refusal): void {
  if (status === 404) return answerText(res, 404, 'Not found.\n未找到。')
  answerText(res, status, status === 414 ? 'The path is too long.\n路径过长。' : 'Not a path.\n路径无效。', {
    headers: hangUp,
  })
}

/** A URL as a header may carry it. */
function printable(url: string): string {
  return URL.parse(url)?.href.replace(/\/$/, '') ?? 'the Airlock console'
}
