/**
 * `names.pip: daily`: every name that the default index lists, fetched on a schedule and never because somebody typed. Off
 * unless the configuration says otherwise, since it asks upstream for what nobody has asked for.
 */
import { Parser } from 'htmlparser2'
import type { KnownName, Outside } from '../ecosystem.ts'
import { isProjectName, normalizeName } from './names.ts'
import type { PipUpstream } from './upstreams.ts'

type Deps = {
  readonly upstreams: readonly Pick<PipUpstream, 'name' | 'url'>[]
  readonly outside: Pick<Outside, 'page'>
  readonly stopping: AbortSignal
  readonly onError: (error: unknown) => void
  /** ms between two looks; what is younger than a day is not asked for again, restarts included. */
  readonly interval?: number
}

const accept = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1'
const day = 86_400
/** The largest index known has some 700,000 projects in 40 MB of JSON. */
const maxBytes = 256 << 20

/** Starts the schedule; what it returns gives the names known by now. */
export function followIndexNames({ upstreams, outside, stopping, onError, interval = 3_600_000 }: Deps) {
  let names: readonly KnownName[] = []
  let sha256: string | null = null
  const upstream = upstreams.find(({ name }) => name === 'default')

  async function look(url: string): Promise<void> {
    const page = await outside.page(url, { accept, maxBytes, maxAge: day, stale: true, signal: stopping })
    if (!page || page.sha256 === sha256) return
    names = readIndexNames(page).map((name) => ({ name, known: 'index', summary: null }))
    sha256 = page.sha256
  }

  if (upstream) {
    const turn = () => void look(upstream.url).catch((error: unknown) => stopping.aborted || onError(error))
    const timer = setInterval(turn, interval)
    timer.unref()
    stopping.addEventListener('abort', () => clearInterval(timer), { once: true })
    turn()
  }
  return (): readonly KnownName[] => names
}

/** PEP 691's JSON or PEP 503's HTML of an index itself; what is not a project's name is left out. */
export function readIndexNames({
  contentType,
  body,
}: {
  readonly contentType: string
  readonly body: Buffer
}): string[] {
  const found = new Set<string>()
  const add = (name: unknown) => {
    if (typeof name === 'string' && isProjectName(name)) found.add(normalizeName(name))
  }
  if (contentType.includes('json')) {
    const { projects } = JSON.parse(body.toString('utf8')) as { projects?: unknown }
    if (Array.isArray(projects)) for (const project of projects as { name?: unknown }[]) add(project?.name)
    return [...found]
  }
  let text: string | null = null
  const parser = new Parser({
    onopentag: (name) => void (text = name === 'a' ? '' : null),
    ontext: (more) => void (text = text === null ? null : text + more),
    onclosetag(name) {
      if (name === 'a') add(text?.trim())
      text = null
    },
  })
  parser.end(body.toString('utf8'))
  return [...found]
}
