/**
 * A simple index on loopback for uv, in place of the internet. What the solver sees is what we fetched and what gets
 * recorded:
 *
 *   /pip/index/upstream/<project>/             of upstream's page what the solve's target can use, from the project's one origin
 *   /pip/files/<project>/<sha256>/<file>      HEAD and ranges of an upstream file, passed through
 *   /pip/files/…/<file>.metadata              where upstream advertises it
 *   /pip/sources/<project>/<file>.metadata    of what stands in for a wheel that would have to be built
 *   /pip/stage/<index>/<project>/             the lane's index as it would be, published pages included
 *   /pip/stage/pool/<sha256[0:2]>/<sha256>/…  the metadata that those pages link to
 *
 * A solve names itself in the URL's user part: uv leaves that out of its cache's keys, so that pages are revalidated
 * and metadata reused from one solve to the next, and we know who asked what.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Outside } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import { renderUpstream } from './gateway-page.ts'
import { normalizeName } from './names.ts'
import type { ProjectFile } from './simple-read.ts'
import { sha256Of, type Metadata } from './metadata.ts'
import type { Peek } from './peek.ts'
import type { Prefetch } from './prefetch.ts'
import type { Project, Projects } from './projects.ts'
import { shownFiles } from './shown-files.ts'
import type { Sources, StandIns } from './stand-ins.ts'
import type { StandIn } from './sources.ts'
import type { PipTarget } from './target.ts'

/** What one solve asked for, so that its failure can be explained without reading the solver's words. */
export type Session = {
  readonly id: string
  readonly signal: AbortSignal
  /** Whose files it is shown. */
  readonly target: Pick<PipTarget, 'tags'>
  /** Every page is asked for anew. */
  readonly fresh: boolean
  /** Pages as last seen will do where upstream fails: what is asked is exact. */
  readonly stale: boolean
  readonly prefetch: ReturnType<Prefetch['open']>
  /** Projects whose page was asked for; null where upstream has none. */
  readonly asked: Map<string, Project | null>
  /** What of releases that exist as source only it is shown; null: nothing. */
  readonly sources: Sources | null
  /** What it was shown of them, by the file's name. */
  readonly standIns: Map<string, StandIn>
  /** There are more of them, which it was not shown. */
  withheld: boolean
  /** Sources that may still be fetched for what they say of themselves. */
  looks: number
  /** The first upstream failure: the solve is pointless from here on. */
  failure: unknown
  /** Ends the solver early. */
  readonly abort: (reason: unknown) => void
}

type Wish = Pick<Session, 'signal' | 'target' | 'fresh' | 'stale' | 'sources' | 'abort'>

/** A lane's index as it would be. */
export type StagedIndex = {
  /** A project's JSON page; null where the index would have none. */
  page(project: string): Promise<{ readonly json: Buffer; readonly etag: string } | null>
}

/** METADATA, and whether it is what the wheel's digest stands for. */
type Told = { readonly bytes: Buffer; readonly isFinal: boolean }

type Deps = {
  readonly projects: Projects
  readonly metadata: Metadata
  readonly prefetch: Prefetch
  readonly peek: Peek
  readonly standIns: StandIns
  readonly outside: Pick<Outside, 'open'>
  readonly gatewayUrl: () => string
}

const json = 'application/vnd.pypi.simple.v1+json'
/** Bytes above which a wheel's METADATA is worth ranges of its own. */
const peekAbove = 1 << 20
const forever = 'max-age=365000000, immutable'

/** A solver that backtracks looks at many releases; what it does not learn from a source, its build says. */
const looksPerSolve = 24

/** Which solve asks must be known first. */
class Unnamed extends Error {}

export function createPipGateway({ projects, metadata, prefetch, peek, standIns, outside, gatewayUrl }: Deps) {
  const sessions = new Map<string, Session>()
  const stages = new Map<string, StagedIndex>()
  let opened = 0

  async function page(req: IncomingMessage, res: ServerResponse, name: string): Promise<void> {
    const session = sessionOf(req)
    await pageFor(session, req, res, name).catch((error: unknown) => fail([session], error))
  }

  async function pageFor(session: Session, req: IncomingMessage, res: ServerResponse, name: string): Promise<void> {
    const project = await projects.get(name, session)
    session.asked.set(normalizeName(name), project)
    if (!project) return send(res, 404, {}, 'no such project')
    const shown = await standIns.of(project, session.sources)
    for (const standIn of shown.standIns) session.standIns.set(standIn.file, standIn)
    session.withheld ||= shown.withheld
    // the same page is another one to another target
    const seen = [...session.target.tags, ...shown.standIns.map(({ file }) => file)]
    const etag = `"${project.sha256}-${sha256Of(Buffer.from(seen.join()))}"`
    const headers = { 'content-type': json, etag, 'cache-control': 'no-cache' }
    if (req.headers['if-none-match'] === etag) return send(res, 304, headers)
    const files = shownFiles(project.page.files, session.target.tags)
    send(res, 200, headers, renderUpstream(project, files, shown.standIns, offersMetadata))
  }

  /** Upstream, or Airlock itself, has failed these solves: they end now, with that error, and not after the solver's retries. */
  function fail(affected: Iterable<Session>, error: unknown): never {
    for (const session of affected) {
      if (session.signal.aborted) continue
      session.failure ??= error
      session.abort(error)
    }
    throw error
  }

  /**
   * Fails the solve that asked for a file. uv does not say which that is until it is told to: where several have asked for the
   * project, it is told, and asks again.
   */
  async function orFail<T>(req: IncomingMessage, project: string, signal: AbortSignal, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      // nobody has failed where whoever asked has left
      if (signal.aborted) throw error
      const affected = req.headers.authorization === undefined ? interestedIn(project) : [sessionOf(req)]
      if (affected.length > 1) throw new Unnamed()
      return fail(affected, error)
    }
  }

  /** Who may mean a file of this project, where uv does not name its solve. */
  function interestedIn(project: string): Session[] {
    return [...sessions.values()].filter((session) => session.asked.has(project))
  }

  async function file(
    req: IncomingMessage,
    res: ServerResponse,
    name: string,
    sha256: string,
    wanted: string,
  ): Promise<void> {
    const signal = gone(res)
    const project = await projects.get(name, { signal })
    const ofMetadata = wanted.endsWith('.metadata')
    const found = project?.page.files.find(
      (candidate) => candidate.sha256 === sha256 && candidate.file === (ofMetadata ? wanted.slice(0, -9) : wanted),
    )
    if (!found || !project) return send(res, 404, {}, 'no such file')
    if (ofMetadata) {
      const said = await orFail(req, project.name, signal, metadataOf(project, found, signal))
      if (!said) return send(res, 404, {}, 'upstream advertises no metadata')
      // what nobody has checked yet is asked for again
      const headers = {
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': said.isFinal ? forever : 'no-store',
      }
      return send(res, 200, headers, said.bytes)
    }
    const answer = await orFail(req, project.name, signal, passedOn(req, found.url, signal))
    const passed = ['content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified'] as const
    const headers = Object.fromEntries(
      passed.flatMap((key) => (answer.headers[key] === undefined ? [] : [[key, answer.headers[key]]])),
    )
    const cache = answer.status < 400 ? forever : 'no-store'
    res.writeHead(answer.status, { ...headers, 'content-type': 'application/octet-stream', 'cache-control': cache })
    await pipeline(answer.body, res)
  }

  /** Upstream's answer to what uv asks of a file. Throws `upstream-status`; a HEAD that is refused uv tries as a GET itself. */
  async function passedOn(req: IncomingMessage, url: string, signal: AbortSignal) {
    const range = req.headers.range
    const method = req.method === 'HEAD' ? 'HEAD' : 'GET'
    const answer = await outside.open({
      url,
      method,
      ...(range !== undefined && { range }),
      maxBytes: Number.MAX_SAFE_INTEGER,
      signal,
      trust: 'linked',
    })
    const { status } = answer
    if (method === 'HEAD' || status < 400 || status === 416) return answer
    const { host, pathname } = new URL(url)
    throw new AirlockError('upstream-status', { host, status, what: pathname })
  }

  /** Upstream's own file, or what the wheel says, of a large one by ranges: either way the wheel is on its way. */
  async function metadataOf(project: Project, file: ProjectFile, signal: AbortSignal): Promise<Told | null> {
    const begin = () => interestedIn(project.name).forEach((session) => session.prefetch.begin(project, file))
    const final = (bytes: Buffer | null) => bytes && { bytes, isFinal: true }
    if (file.coreMetadata !== false) {
      begin()
      const bytes = await metadata.upstream(file, signal)
      if (bytes) return { bytes, isFinal: file.coreMetadata !== true }
      // advertised and not there: many a mirror passes on pages and not what they name
    }
    const here = await metadata.pooled(file.sha256!, file.file)
    if (here) return final(here)
    if (file.size !== null && file.size > peekAbove) {
      begin()
      const bytes = await peek(file, signal)
      if (bytes) return { bytes, isFinal: false }
    }
    if (!prefetch.isSmall(file)) return null
    await prefetch.whole(project, file, signal)
    return final(await metadata.pooled(file.sha256!, file.file))
  }

  /** Another source read, another build: the same file may say something else, which its ETag tells. */
  async function source(req: IncomingMessage, res: ServerResponse, wanted: string): Promise<void> {
    const standIn = wanted.endsWith('.metadata') ? standIns.find(wanted.slice(0, -9)) : null
    if (!standIn) return send(res, 404, {}, 'nothing stands in here')
    const looking = interestedIn(standIn.project.name).find(({ looks }) => looks > 0)
    if (looking) looking.looks--
    const signal = gone(res)
    const guess = standIns.metadataOf(standIn, looking !== undefined, signal)
    const bytes = await orFail(req, standIn.project.name, signal, guess)
    const etag = `"${sha256Of(bytes)}"`
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache', etag }
    if (req.headers['if-none-match'] === etag) return send(res, 304, headers)
    send(res, 200, headers, bytes)
  }

  function offersMetadata(file: ProjectFile): boolean {
    return file.coreMetadata !== false || (file.file.endsWith('.whl') && prefetch.isSmall(file))
  }

  async function stagedPage(req: IncomingMessage, res: ServerResponse, index: string, name: string): Promise<void> {
    const stage = stages.get(index)
    const project = normalizeName(name)
    const rendered = await stage?.page(project)
    if (!rendered) return send(res, 404, {}, 'not in this index')
    const headers = { 'content-type': json, 'cache-control': 'no-cache', etag: rendered.etag }
    if (req.headers['if-none-match'] === rendered.etag) return send(res, 304, headers)
    send(res, 200, headers, rendered.json)
  }

  async function pooled(res: ServerResponse, sha256: string, wanted: string): Promise<void> {
    const bytes = wanted.endsWith('.metadata') ? await metadata.pooled(sha256, wanted.slice(0, -9)) : null
    if (!bytes) return send(res, 404, {}, 'not here')
    send(res, 200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': forever }, bytes)
  }

  function sessionOf(req: IncomingMessage): Session {
    const [, basic = ''] = /^Basic (.+)$/.exec(req.headers.authorization ?? '') ?? []
    const session = sessions.get(Buffer.from(basic, 'base64').toString().split(':')[0]!)
    if (!session) throw new AirlockError('route-unknown', { method: req.method ?? '', path: 'a solve that has ended' })
    return session
  }

  async function respond(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const [kind, ...rest] = path.slice(1).split('/').map(decodeURIComponent)
    if (kind === 'index' && rest[1]) return page(req, res, rest[1])
    if (kind === 'sources' && rest.length === 2) return source(req, res, rest[1]!)
    if (kind === 'files' && rest.length === 3) return file(req, res, rest[0]!, rest[1]!, rest[2]!)
    if (kind === 'stage' && rest[0] === 'pool' && rest.length === 4) return pooled(res, rest[2]!, rest[3]!)
    if (kind === 'stage' && rest[0] && rest[1]) return stagedPage(req, res, rest[0], rest[1])
    send(res, 404, {}, 'nothing here')
  }

  return {
    /** Mounted at `/pip`. */
    respond: (req: IncomingMessage, res: ServerResponse, path: string): Promise<void> =>
      respond(req, res, path).catch((error: unknown) => {
        if (!(error instanceof Unnamed)) throw error
        send(res, 401, { 'www-authenticate': 'Basic realm="solve"' })
      }),

    /** Opens a solve's session; `abort` ends the solver when upstream has failed it. */
    open(wish: Wish): Session & { close(): void } {
      const session: Session = {
        ...wish,
        id: `solve-${++opened}`,
        asked: new Map(),
        standIns: new Map(),
        withheld: false,
        looks: looksPerSolve,
        failure: null,
        prefetch: prefetch.open(),
      }
      const { id } = session
      sessions.set(id, session)
      const close = () => {
        sessions.delete(id)
        session.prefetch.close()
      }
      return Object.assign(session, { close })
    },

    /** Upstream as one solve sees it. The session's name is in the user part, which uv leaves out of its cache's keys. */
    indexUrl({ id }: Session): string {
      const url = new URL('/pip/index/upstream/', gatewayUrl())
      url.username = id
      return url.href
    },

    /** Shows a lane's index as it would be, until the returned function is called. */
    show(index: string, stage: StagedIndex): () => void {
      stages.set(index, stage)
      return () => {
        if (stages.get(index) === stage) stages.delete(index)
      }
    },
  }
}

export type PipGateway = ReturnType<typeof createPipGateway>

/** Aborts when whoever asked has gone. */
function gone(res: ServerResponse): AbortSignal {
  const abort = new AbortController()
  res.once('close', () => abort.abort())
  return abort.signal
}

function send(
  res: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer | string = '',
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  res.writeHead(status, { ...headers, ...(status !== 304 && { 'content-length': bytes.length }) })
  res.end(res.req.method === 'HEAD' || status === 304 ? undefined : bytes)
}
