/** What a notice says, in a few lines of plain text: what happened, to whom, what to do. Nothing in it is ever markup. */
import { explain, isCode, type Language } from '../errors.ts'
import type { Notice, NoticedRequest } from '../../storage/outbox.ts'

/** What only the server knows of a request. */
export type Context = {
  /** The line that installs it in a pod; empty: none. */
  readonly install: (request: NoticedRequest, roots: readonly string[]) => string
  /** Where a person reads of it; null: nobody said. */
  readonly link: (request: NoticedRequest) => string | null
}

export type Words = { readonly title: string; readonly text: string }

const titles: Readonly<Record<Notice['event'], Readonly<Record<Language, string>>>> = {
  ready: { en: 'ready', zh: '可安装' },
  failed: { en: 'failed', zh: '失败' },
  held: { en: 'held', zh: '搁置' },
  test: { en: 'test', zh: '测试' },
}

const words = {
  en: {
    request: 'Request',
    for: 'for',
    by: 'by',
    more: (count: number) => ` and ${count} more`,
    install: 'In the pod:',
    test: 'This is a test: notices arrive here.',
    separator: ', ',
  },
  zh: {
    request: '申请',
    for: '目标环境',
    by: '申请人',
    more: (count: number) => ` 等，另有 ${count} 项`,
    install: '在 HomePod 中：',
    test: '这是一条测试消息：通知可以送达此处。',
    separator: '、',
  },
} as const

/** Items of a request that are named, and requests of a notice. */
const mostNames = 8
const mostRequests = 5
/** Characters of one name and of an explanation. */
const longestName = 80
const longestReason = 400

export function sayNotice(notice: Notice, language: Language, context: Context): Words {
  const w = words[language]
  const what = notice.requests.map((request) => askedFor(request, language))
  const title = `Airlock: ${titles[notice.event][language]}${what.length === 0 ? '' : ` · ${what[0]}`}`
  const lines = notice.requests.slice(0, mostRequests).flatMap((request, at) => {
    const { id, target, requester } = request
    const by = requester === null ? '' : ` · ${w.by} ${clean(requester)}`
    const link = context.link(request)
    return [`${w.request} ${id} · ${what[at]!} · ${w.for} ${target}${by}`, ...(link === null ? [] : [link])]
  })
  if (notice.requests.length > mostRequests) lines.push(w.more(notice.requests.length - mostRequests).trim())
  const [first] = notice.requests
  if (notice.event === 'test') lines.push(w.test)
  if (notice.held) lines.push(reasonOf(notice.held.remark, language))
  if (notice.problem) lines.push(reasonOf(notice.problem, language))
  const install = notice.event === 'ready' && first ? context.install(first, notice.roots) : ''
  if (install !== '') lines.push(`${w.install} ${clean(install, longestReason)}`)
  return { title, text: lines.filter((line) => line !== '').join('\n') }
}

function askedFor({ ecosystem, requirements, more }: NoticedRequest, language: Language): string {
  const w = words[language]
  const named = requirements.slice(0, mostNames).map((one) => clean(one))
  const left = requirements.length - named.length + more
  return `${ecosystem} ${named.join(w.separator)}${left > 0 ? w.more(left) : ''}`
}

function reasonOf(
  { code, fields }: { readonly code: string; readonly fields: Notice['roots'] | object },
  language: Language,
): string {
  const { message, hint } = isCode(code) ? explain(code, fields as never, language) : { message: code, hint: '' }
  return clean(`${message} ${hint}`.trim(), longestReason)
}

/** On one line, without control characters or a switch of direction, and short. */
function clean(text: string, longest = longestName): string {
  const plain = text.replace(/[\p{Control}\u2028-\u202e\u2066-\u2069]+/gu, ' ').trim()
  return plain.length <= longest ? plain : `${plain.slice(0, longest - 1).trimEnd()}…`
}
