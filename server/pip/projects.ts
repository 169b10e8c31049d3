/** What upstream lists of a project, from the one origin that it may come from. */
import type { Outside } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { PipUpstream } from './upstreams.ts'
import { normalizeName } from './names.ts'
import { readProjectPage, type ProjectPage } from './simple-read.ts'

export type Project = {
  readonly name: string
  /** The configured upstream's name. */
  readonly origin: string
  readonly page: ProjectPage
  /** Of the page's bytes: changes when upstream's answer does. */
  readonly sha256: string
  /** When upstream last gave or confirmed it. */
  readonly fetchedAt: string
}

type Deps = {
  readonly upstreams: readonly PipUpstream[]
  readonly outside: Pick<Outside, 'page'>
}

export type Wish = { readonly signal: AbortSignal; readonly fresh?: boolean; readonly stale?: boolean }

const accept = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1'
/** A page of 10,000 files has some 10 MB. */
const maxPage = 64 << 20
const parsedPages = 512

export function createProjects({ upstreams, outside }: Deps) {
  const parsed = new Map<string, Project>()

  /** Invariant: a project, also one that is only depended on, has one origin: the upstream that names it, else the default. */
  function originOf(name: string): PipUpstream {
    const upstream =
      upstreams.find(({ projects }) => projects.has(name)) ??
      upstreams.find((candidate) => candidate.name === 'default')
    if (!upstream) throw new AirlockError('upstream-missing', { project: name })
    return upstream
  }

  /**
   * Null: upstream knows no such project. `fresh`: ask upstream now, however new the cached page is. `stale`: the page as
   * last seen is better than none.
   */
  async function get(project: string, { signal, fresh = false, stale = false }: Wish): Promise<Project | null> {
    const name = normalizeName(project)
    const upstream = originOf(name)
    const url = `${upstream.url}${name}/`
    const answer = await outside.page(url, { accept, maxBytes: maxPage, signal, stale, ...(fresh && { maxAge: 0 }) })
    if (!answer) return null
    const known = parsed.get(url)
    parsed.delete(url)
    const page = known?.sha256 === answer.sha256 ? known.page : readProjectPage(answer)
    const current = { name, origin: upstream.name, page, sha256: answer.sha256, fetchedAt: answer.fetchedAt }
    parsed.set(url, current)
    if (parsed.size > parsedPages) parsed.delete(parsed.keys().next().value!)
    return current
  }

  return { get, originOf }
}

export type Projects = ReturnType<typeof createProjects>
