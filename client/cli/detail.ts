/** One request with everything that is known of it. */
import type { ProblemView, RequestDetail } from '../../server/contract.ts'
import { bytes, duration, localTime } from './amounts.ts'
import { pad, plain, plainLines, table, width } from './columns.ts'
import type { Context } from './context.ts'
import { askedFor, stateOf, stateThen, whatOf } from './request-words.ts'
import type { Words } from './texts.ts'

export function printDetail({ io, words }: Context, request: RequestDetail): void {
  const sections = [
    head(request, words),
    history(request, words),
    timeline(request, words),
    closure(request, words, io.stdout.columns),
    request.remarks.length > 0
      ? [words('detailRemarks'), ...request.remarks.map(({ message }) => `  ${plain(message)}`)]
      : [],
    problem('detailWaiting', request.waiting, words),
    problem('detailProblem', request.problem, words, request.reqId),
  ]
  const text = sections.filter((lines) => lines.length > 0).map((lines) => `${lines.join('\n')}\n`)
  io.stdout.write(text.join('\n'))
}

function head(request: RequestDetail, words: Words): string[] {
  const { id, state, target, requester, note, createdAt, files, bytes: size, install } = request
  const facts = [
    [words('detailState'), stateOf(request, words)],
    [words('detailAsked'), whatOf(request, words)],
    [words('detailBy'), `${plain(requester ?? words('nobody'))}, ${localTime(createdAt)}`],
    ...(note ? [[words('detailNote'), plain(note)]] : []),
    ...(files === null ? [] : [[words('detailFiles'), size === null ? String(files) : `${files}, ${bytes(size)}`]]),
    ...updates(request, words),
    ...(state === 'ready' && install !== '' ? [[words('detailInstall'), plain(install)]] : []),
  ] as [string, string][]
  const cells = Math.max(...facts.map(([name]) => width(name)))
  const title = words('detailTitle', { id, what: askedFor(request, words), target: plain(target) })
  return [title, ...facts.map(([name, fact]) => `  ${pad(name, cells)}  ${fact}`)]
}

/** What comes along only because the archive moved, apart from what was asked for. */
function updates({ closure: items }: RequestDetail, words: Words): [string, string][] {
  const along = (items ?? []).filter(({ update }) => update)
  const size = along.reduce((sum, item) => sum + (item.size ?? 0), 0)
  return along.length === 0 ? [] : [[words('detailUpdates'), `${along.length}, ${bytes(size)}`]]
}

/** Who did what, where more was done than to ask. */
function history({ history: acts }: RequestDetail, words: Words): string[] {
  if (acts.length < 2) return []
  const lines = acts.map(({ act, requester, at }) => {
    const who = requester === null ? words('nobody') : plain(requester)
    return `  ${localTime(at)}  ${words(`act:${act}`, { who })}`
  })
  return [words('detailHistory'), ...lines]
}

function timeline(request: RequestDetail, words: Words): string[] {
  const { timeline: events } = request
  if (events.length === 0) return []
  const names = events.map(({ state }) => stateThen(request.requirements, state, words))
  const cells = Math.max(...names.map(width))
  const lines = events.map(({ at, seconds }, index) => {
    const took = seconds === null ? '' : `  ${duration(seconds)}`
    return `  ${localTime(at)}  ${pad(names[index]!, cells)}${took}`.trimEnd()
  })
  return [words('detailTimeline'), ...lines]
}

function closure({ closure: items }: RequestDetail, words: Words, columns: number | undefined): string[] {
  if (items === null || items.length === 0) return []
  const titles = (['columnProject', 'columnVersion', 'columnSize', 'columnHere', 'columnNeededBy'] as const).map(
    (title) => words(title),
  )
  const rows = items.map((item) => {
    const { project, version, size, root, neededBy, proved } = item
    return [
      project,
      proved === null ? version : words('provedOther', { version, proved: proved || '-' }),
      size === null ? words('unknown') : bytes(size),
      words(whence(item)),
      [...(root ? [words('askedFor')] : []), ...neededBy].join(', '),
    ]
  })
  const lines = table(titles, rows, columns === undefined ? undefined : columns - 2)
  return [words('detailClosure'), ...lines.map((line) => `  ${line}`)]
}

function whence({ source, build, update, new: isNew }: NonNullable<RequestDetail['closure']>[number]) {
  if (source) return 'isSource'
  if (update) return 'isUpdate'
  if (!isNew) return 'isHere'
  return build === null ? 'isNew' : 'isBuilt'
}

function problem(
  title: 'detailWaiting' | 'detailProblem',
  view: ProblemView | null,
  words: Words,
  reqId: string | null = null,
): string[] {
  if (!view) return []
  const logId = reqId === null ? [] : [`  ${words('logId', { id: plain(reqId) })}`]
  const lines = plainLines(view.detail).split('\n')
  return [
    words(title),
    ...lines.map((line) => `  ${line}`),
    ...(view.hint === '' ? [] : [`  ${plain(view.hint)}`]),
    ...logId,
  ]
}
