/** What helps somebody who is about to ask: each line as it is read, what is here already, a solve that keeps nothing. */
import { statfs } from 'node:fs/promises'
import type { Job, Closure } from '../../storage/records.ts'
import type { Visible } from '../../storage/visible.ts'
import type { Ecosystem, Listings, Target } from '../ecosystem.ts'
import { AirlockError, explain, isCode, type Language } from '../errors.ts'
import type { Queue } from '../queue.ts'
import type { Answer, Api } from './operations.ts'
import type { Known } from './known.ts'
import { toProblem } from './problems.ts'
import { viewItems } from './views.ts'

export type AskingDeps = {
  readonly ecosystems: ReadonlyMap<string, Ecosystem>
  readonly visible: Visible
  readonly listings: Pick<Listings, 'listed'>
  readonly known: Known
  readonly queue: Pick<Queue, 'depth'>
  /** A solve within the bounds that jobs' own solves have. */
  readonly solve: (ecosystem: Ecosystem, target: Target, job: Job, signal: AbortSignal) => Promise<Closure>
  readonly contacts: () => ReadonlyMap<string, { readonly at: string; readonly ok: boolean } | null>
  readonly root: string
  /** The low-water mark at which fetching stops. */
  readonly keepFree: number
}

export type Asking = Pick<Api, 'checkRequirements' | 'previewClosure' | 'listNames' | 'status'>
type CheckedLine = Answer<'checkRequirements'>['lines'][number]

/** Unknown names of one check for which near ones are looked up: the rest is a list that somebody pasted. */
const maxNear = 20
/** ms for a preview: longer than any solve that somebody would wait for. */
const patience = 180_000

export function createAsking({
  ecosystems,
  visible,
  listings,
  known,
  queue,
  solve,
  contacts,
  root,
  keepFree,
}: AskingDeps): Asking {
  function find(name: string, target: string): { ecosystem: Ecosystem; target: Target } {
    const ecosystem = ecosystems.get(name)
    if (!ecosystem) throw new AirlockError('ecosystem-unknown', { ecosystem: name, known: [...ecosystems.keys()] })
    const found = ecosystem.targets.get(target)
    if (found) return { ecosystem, target: found }
    throw new AirlockError('target-unknown', { target, ecosystem: name, known: [...ecosystem.targets.keys()] })
  }

  function read(
    ecosystem: Ecosystem,
    line: string,
    language: Language,
  ): Pick<CheckedLine, 'line' | 'roots' | 'problem'> {
    if (ecosystem.grants?.(line)) return { line, roots: [], problem: null }
    try {
      return { line, roots: [...ecosystem.parse([line]).roots], problem: null }
    } catch (error) {
      if (error instanceof AirlockError) return { line, roots: [], problem: toProblem(error, language) }
      throw error
    }
  }

  /** Root -> the version that a pod of this target would get of what is here; roots that are not here are absent. */
  async function here(ecosystem: Ecosystem, target: Target, roots: readonly string[]): Promise<Map<string, string>> {
    const understood = roots.flatMap((text) => {
      const meaning = ecosystem.understand?.(text)
      return meaning ? [{ text, ...meaning }] : []
    })
    const names = [...new Set(understood.map(({ name }) => name))]
    const releases = await visible.releases(ecosystem.name, target.name, target.lane, names)
    const found = new Map<string, string>()
    for (const { text, name, pick, alone } of understood) {
      const version = pick(releases.filter((release) => release.name === name).map((release) => release.version))
      // extras bring more than the release itself: then only the very same wish says that all of it is here
      if (version !== null && (alone || (await visible.proved(ecosystem.name, target.name, text))))
        found.set(text, version)
    }
    return found
  }

  return {
    async checkRequirements({ body, language }) {
      const targets = body.targets.map((target) => find(body.ecosystem, target))
      const ecosystem = ecosystems.get(body.ecosystem)!
      const lines = body.requirements.map((line) => read(ecosystem, line, language))
      const roots = [...new Set(lines.flatMap((line) => line.roots))]
      const hereOn = await Promise.all(
        targets.map(async ({ target }) => ({ target, versions: await here(ecosystem, target, roots) })),
      )
      let compared = 0
      const checked: CheckedLine[] = []
      for (const line of lines) {
        const names = line.roots.flatMap((text) => ecosystem.understand?.(text)?.name ?? [])
        const unknown = []
        for (const name of names) if (!(await known.has(ecosystem, name))) unknown.push(name)
        const [first] = unknown
        checked.push({
          ...line,
          known: unknown.length === 0,
          near: first === undefined || compared++ >= maxNear ? [] : [...(await known.near(ecosystem, first))],
          here: hereOn.flatMap(({ target, versions }) =>
            line.roots.length > 0 && line.roots.every((text) => versions.has(text))
              ? [
                  {
                    target: target.name,
                    version: line.roots.map((text) => versions.get(text)).join(', '),
                    install: ecosystem.installLine(line.roots, target),
                  },
                ]
              : [],
          ),
        })
      }
      return { lines: checked }
    },

    async previewClosure({ body, language, signal }) {
      const { ecosystem, target } = find(body.ecosystem, body.target)
      const { roots, options } = ecosystem.parse(body.requirements.filter((line) => !ecosystem.grants?.(line)))
      const at = new Date().toISOString()
      const job: Job = {
        id: 0,
        ecosystem: ecosystem.name,
        target: target.name,
        roots,
        options,
        confirmed: true,
        refresh: false,
        state: 'solving',
        createdAt: at,
        startedAt: at,
        finishedAt: null,
        problem: null,
        proved: null,
        remarks: [],
      }
      const ended = AbortSignal.any([AbortSignal.timeout(patience), ...(signal ? [signal] : [])])
      const closure = await solve(ecosystem, target, job, ended)
      const names = closure.items.map(({ artifact }) => artifact.name)
      const listed = new Set(
        (await listings.listed(target.lane, names)).map(({ artifact }) => `${artifact.sha256} ${artifact.file}`),
      )
      const items = closure.items.map((item) => ({
        ...item,
        isNew: !listed.has(`${item.artifact.sha256} ${item.artifact.file}`),
      }))
      const fresh = items.filter(({ isNew }) => isNew).map(({ artifact }) => artifact.size)
      return {
        ecosystem: body.ecosystem,
        target: target.name,
        closure: viewItems(items, null),
        bytes: fresh.includes(null) ? null : fresh.reduce<number>((sum, size) => sum + size!, 0),
        remarks: closure.remarks.map(({ code, fields }) => ({
          code,
          message: isCode(code) ? explain(code, fields, language).message : code,
          fields,
        })),
        install: ecosystem.installLine(roots, target),
      }
    },

    async listNames({ params, query }) {
      const ecosystem = ecosystems.get(params.ecosystem)
      return { names: ecosystem ? await known.beginning(ecosystem, query.prefix, query.limit) : [] }
    },

    async status() {
      const { bavail, blocks, bsize } = await statfs(root)
      return {
        disk: { free: bavail * bsize, total: blocks * bsize, keepFree },
        unfinished: queue.depth(),
        upstreams: [...contacts()].map(([name, contact]) => ({ name, contact })),
      }
    },
  }
}
