/** What was built here: `airlock builds`, or one with everything that went in and its log. */
import type { AnswerOf } from './api.ts'
import { bytes, duration, localMinute } from './amounts.ts'
import { pad, plain, plainLines, table, width } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits } from './exits.ts'

export type BuildsOptions = { readonly limit?: number; readonly json?: boolean }
type Shown = AnswerOf<'listBuilds'>['json']['builds'][number]

/** `airlock builds` */
export async function builds(context: Context, { limit = 20, json }: BuildsOptions): Promise<number> {
  const { io, words, call } = context
  const answer = await call('listBuilds', { query: { limit: String(limit) } })
  if (json) {
    printJson(context, answer.text)
    return exits.done
  }
  const rows = answer.json.builds.map((build) => [
    String(build.id),
    plain(build.project),
    plain(build.version),
    duration(seconds(build)),
    localMinute(build.endedAt),
    outcome(context, build),
  ])
  if (rows.length === 0) {
    io.stdout.write(`${words('noBuilds')}\n`)
    return exits.done
  }
  const titles = (
    ['columnId', 'columnProject', 'columnVersion', 'columnTook', 'columnAdded', 'columnResult'] as const
  ).map((title) => words(title))
  io.stdout.write(`${table(titles, rows, io.stdout.columns).join('\n')}\n`)
  if (answer.json.next !== null) io.stdout.write(`${words('more', { limit: limit * 2 })}\n`)
  return exits.done
}

/** `airlock builds 7` */
export async function oneBuild(context: Context, id: number, { json }: BuildsOptions): Promise<number> {
  const { io, words, call } = context
  const answer = await call('getBuild', { id })
  if (json) {
    printJson(context, answer.text)
    return exits.done
  }
  const build = answer.json
  const { source, requirements, builder, problem, log } = build
  const facts: readonly (readonly [string, readonly string[]])[] = [
    [words('buildResult'), [outcome(context, build)]],
    [words('buildTook'), [duration(seconds(build))]],
    [words('buildSource'), [named(source)]],
    [words('buildRequirements'), requirements.map(named)],
    [
      words('buildBuilder'),
      [plain(`${String(builder['implementation'])} ${String(builder['python'])}, ${String(builder['platform'])}`)],
    ],
    [words('buildProblem'), problem ? [plain(problem.detail), plain(problem.hint)] : []],
  ]
  const cells = Math.max(...facts.map(([title]) => width(title)))
  const lines = facts.flatMap(([title, values]) =>
    values.map((value, at) => `  ${pad(at === 0 ? title : '', cells)}  ${value}`),
  )
  io.stdout.write(`${[`${plain(build.project)} ${plain(build.version)}`, ...lines].join('\n')}\n\n`)
  io.stdout.write(log === '' ? `${words('buildSilent')}\n` : `${plainLines(log)}\n`)
  return exits.done
}

function outcome({ words }: Context, { made }: Shown): string {
  return made ? `${plain(made.file)} (${bytes(made.size)})` : words('state:failed')
}

function named({ file, sha256 }: Shown['source']): string {
  return plain(`${file}  sha256:${sha256}`)
}

function seconds({ beganAt, endedAt }: Shown): number {
  return (Date.parse(endedAt) - Date.parse(beganAt)) / 1000
}
