/** Records as the API shows them. */
import type { RecordedItem } from '../../storage/jobs.ts'
import type { Act } from '../../storage/requests.ts'
import type { Artifact, Event, Problem, Progress, Remark, Request } from '../../storage/records.ts'
import { poolPath, urlPath } from '../../storage/layout.ts'
import type { PackageFile } from '../../storage/packages.ts'
import type { ClosureItemView, PackageView, RequestDetail, RequestView } from '../contract.ts'
import { explain, isCode, type Language } from '../errors.ts'
import { viewProblem } from './problems.ts'

export type Live = { readonly progress: Progress | null; readonly waiting: Problem | null }
/** The line that installs it, and whether a withdrawal took back all of it. */
export type Offer = Pick<RequestView, 'install' | 'withdrawn'>
export type Size = { readonly files: number; readonly bytes: number | null }

export function viewRequest(
  request: Request,
  size: Size | undefined,
  live: Live,
  offer: Offer,
  language: Language,
): RequestView {
  const { job } = request
  return {
    id: request.id,
    batch: request.batch,
    ecosystem: request.ecosystem as RequestView['ecosystem'],
    target: request.target,
    requirements: [...request.asked],
    requester: request.requester,
    note: request.note,
    reqId: request.reqId,
    createdAt: request.createdAt,
    state: job.state,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
    job: job.id,
    progress: live.progress,
    waiting: live.waiting && viewProblem(live.waiting, language),
    files: size?.files ?? null,
    bytes: size?.bytes ?? null,
    ...offer,
    problem: job.problem && viewProblem(job.problem, language),
  }
}

export function viewPackage(
  ecosystem: PackageView['ecosystem'],
  name: string,
  files: readonly PackageFile[],
  asked: readonly { readonly id: number; readonly isRoot: boolean }[],
  neededBy: readonly string[],
): PackageView {
  const summaries = files.map(({ artifact }) => artifact.facts['summary']).filter((text) => typeof text === 'string')
  return {
    ecosystem,
    name,
    summary: summaries.at(-1) ?? null,
    files: files.map(({ artifact, lanes, addedAt }) => ({
      file: artifact.file,
      version: artifact.version,
      size: artifact.size,
      sha256: artifact.sha256,
      origin: artifact.origin,
      url: addressOf(artifact),
      uploadedAt: artifact.uploadedAt,
      addedAt,
      indexes: [...lanes],
      path: urlPath(poolPath(artifact.ecosystem, artifact.sha256, artifact.file)),
      facts: { ...artifact.facts },
    })),
    requests: asked.map(({ id, isRoot }) => ({ id, root: isRoot })),
    neededBy: [...neededBy],
  }
}

/** Without its query, in which an index may have put what opens it. */
function addressOf({ url }: Artifact): string {
  return url.replace(/[?#].*$/s, '')
}

export function viewDetail(
  view: RequestView,
  { timeline, acts }: { readonly timeline: readonly Event[]; readonly acts: readonly Act[] },
  items: readonly RecordedItem[] | null,
  remarks: readonly Remark[],
  proved: Readonly<Record<string, string>> | null,
  language: Language,
): RequestDetail {
  return {
    ...view,
    timeline: timeline.map(({ state, at }, index) => {
      const next = timeline[index + 1]
      return { state, at, seconds: next ? (Date.parse(next.at) - Date.parse(at)) / 1000 : null }
    }),
    history: [{ act: 'asked', requester: view.requester, at: view.createdAt }, ...acts],
    closure: items && viewItems(items, proved),
    remarks: remarks.map(({ code, fields }) => ({
      code,
      message: isCode(code) ? explain(code, fields, language).message : code,
      fields,
    })),
  }
}

export function viewItems(
  items: readonly RecordedItem[],
  proved: Readonly<Record<string, string>> | null,
): ClosureItemView[] {
  const own = reachedFromRoots(items, proved !== null)
  return items.map(({ artifact, isRoot, isNew, neededBy }) => {
    const picked = proved === null ? artifact.version : (proved[artifact.name] ?? '')
    return {
      project: artifact.name,
      version: artifact.version,
      file: artifact.file,
      size: artifact.size,
      sha256: artifact.sha256,
      origin: artifact.origin,
      url: addressOf(artifact),
      uploadedAt: artifact.uploadedAt,
      root: isRoot,
      neededBy: [...neededBy],
      new: isNew,
      update: !own.has(artifact.name),
      proved: picked === artifact.version ? null : picked,
      build: typeof artifact.facts['build'] === 'number' ? artifact.facts['build'] : null,
      source: artifact.facts['source'] === true,
    }
  })
}

/**
 * What a request needs itself: its roots and whatever they pull in. Everything, without a root that is in the closure, and
 * while nobody has said who needs whom, as before a proof.
 */
function reachedFromRoots(items: readonly RecordedItem[], isProved: boolean): ReadonlySet<string> {
  const needs = new Map<string, string[]>()
  for (const { artifact, neededBy } of items)
    for (const name of neededBy) needs.set(name, [...(needs.get(name) ?? []), artifact.name])
  const waiting = items.filter(({ isRoot }) => isRoot).map(({ artifact }) => artifact.name)
  const reached = new Set<string>()
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue
    reached.add(name)
    waiting.push(...(needs.get(name) ?? []))
  }
  const isSaid = isProved || needs.size > 0
  return isSaid && reached.size > 0 ? reached : new Set(items.map(({ artifact }) => artifact.name))
}
