/** What is mirrored: `airlock packages`, of one ecosystem, or one package with everything that is known of it. */
import type { AnswerOf } from './api.ts'
import { bytes, localMinute, localTime } from './amounts.ts'
import { pad, plain, table, width } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits } from './exits.ts'
import { WrongUsage } from './failures.ts'

export type Kind = 'pip' | 'apt'
export type PackagesOptions = { readonly text?: string; readonly limit?: number; readonly json?: boolean }
type Listed = AnswerOf<'listPackages'>['json']

/** What the API gives at once. */
const pageSize = 500

/** `airlock packages pip --text torch`. Without a kind: of both, and as JSON one document each by kind. */
export async function packages(
  context: Context,
  kind: Kind | undefined,
  { text, limit = 50, json }: PackagesOptions,
): Promise<number> {
  const { io, words } = context
  const kinds = kind === undefined ? (['pip', 'apt'] as const) : [kind]
  const found = await Promise.all(kinds.map(async (one) => [one, await upTo(context, one, text, limit)] as const))
  if (json) {
    printJson(context, JSON.stringify(kind === undefined ? Object.fromEntries(found) : found[0]![1]))
    return exits.done
  }
  const rows = found.flatMap(([one, { packages: list }]) =>
    list.map(({ name, files, bytes: size, addedAt }) => [one, name, String(files), bytes(size), localMinute(addedAt)]),
  )
  if (rows.length === 0) {
    io.stdout.write(`${text === undefined ? words('noPackages') : words('noPackagesLike', { text: plain(text) })}\n`)
    return exits.done
  }
  const titles = (['columnEcosystem', 'columnName', 'columnFiles', 'columnSize', 'columnAdded'] as const).map((title) =>
    words(title),
  )
  io.stdout.write(`${table(titles, rows, io.stdout.columns).join('\n')}\n`)
  if (found.some(([, { next }]) => next !== null)) io.stdout.write(`${words('more', { limit: limit * 2 })}\n`)
  return exits.done
}

/** Page after page up to the limit, as one page that the API might have given. */
async function upTo({ call }: Context, ecosystem: Kind, text: string | undefined, limit: number): Promise<Listed> {
  const list: Listed['packages'] = []
  let next: string | null = null
  do {
    const query: Record<string, string> = {
      limit: String(Math.min(pageSize, limit - list.length)),
      ...(text !== undefined && { text }),
      ...(next !== null && { cursor: next }),
    }
    const { json }: AnswerOf<'listPackages'> = await call('listPackages', { params: { ecosystem }, query })
    list.push(...json.packages)
    next = json.next
  } while (next !== null && list.length < limit)
  return { packages: list, next }
}

/** `airlock packages pip numpy`. Throws WrongUsage for what can be no name. */
export async function onePackage(
  context: Context,
  ecosystem: Kind,
  given: string,
  { json }: PackagesOptions,
): Promise<number> {
  const { io, words, call } = context
  if (!/[a-z0-9]/i.test(given)) throw new WrongUsage(words('usageName', { value: plain(given) }))
  // PEP 503: every spelling of a project is one name
  const name = ecosystem === 'pip' ? given.toLowerCase().replace(/[-_.]+/g, '-') : given
  const params = { ecosystem, name }
  if (json) {
    printJson(context, (await call('getPackage', { params })).text)
    return exits.done
  }
  const [{ json: found }, { json: described }] = await Promise.all([
    call('getPackage', { params }),
    call('describePackage', { params }),
  ])
  const roots = new Set(described.askers.map(({ id }) => id))
  const asked = described.askers.map(({ id, requester, at }) => {
    const fields = { id, requester: plain(requester ?? words('nobody')), at: localTime(at) }
    return words('packageAsker', fields)
  })
  const along = found.requests.filter(({ id }) => !roots.has(id)).map(({ id }) => String(id))
  const facts: [string, readonly string[]][] = [
    [words('packageAskers'), asked],
    [words('packageAlong'), along.length === 0 ? [] : [along.join(', ')]],
    [words('packageNeededBy'), found.neededBy.length === 0 ? [] : [plain(found.neededBy.join(', '))]],
    [words('detailInstall'), described.install.map(({ target, line }) => plain(`${line}  (${target})`))],
  ]
  const cells = Math.max(...facts.map(([title]) => width(title)))
  const lines = facts.flatMap(([title, values]) =>
    values.map((value, index) => `  ${pad(index === 0 ? title : '', cells)}  ${value}`),
  )
  const titles = (['columnVersion', 'columnSize', 'columnIndex', 'columnAdded', 'columnFile'] as const).map((title) =>
    words(title),
  )
  const rows = found.files.map((file) => [
    file.version,
    file.size === null ? words('unknown') : bytes(file.size),
    file.indexes.join(', '),
    localMinute(file.addedAt),
    file.file,
  ])
  const summary = found.summary === null ? '' : `: ${plain(found.summary)}`
  io.stdout.write(`${[`${ecosystem} ${plain(found.name)}${summary}`, ...lines].join('\n')}\n\n`)
  // a file's name is told from others by its end
  io.stdout.write(`${table(titles, rows).join('\n')}\n`)
  return exits.done
}
