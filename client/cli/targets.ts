/** The kinds of HomePod: `airlock targets`, and those that are added as pods describe themselves: `airlock target …`. */
import { localTime } from './amounts.ts'
import type { AnswerOf } from './api.ts'
import { pad, plain, plainLines, table, width } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits } from './exits.ts'
import { readText } from './files.ts'
import type { Kind } from './packages.ts'

type Json = { readonly json?: boolean }
type Listed = AnswerOf<'listTargets'>['json']['targets']
export type AddOptions = Json & { readonly python?: string; readonly index?: string; readonly only?: Kind }

/** `airlock targets`, `airlock target list` */
export async function targets(context: Context, { json }: Json): Promise<number> {
  const { io, words, call } = context
  const answer = await call('listTargets')
  if (json) {
    printJson(context, answer.text)
    return exits.done
  }
  const titles = (['columnName', 'columnEcosystem', 'columnSummary', 'columnIndex'] as const).map((title) =>
    words(title),
  )
  const rows = answer.json.targets.map(({ name, ecosystem, summary, index }) => [name, ecosystem, summary, index])
  // half an address is none
  io.stdout.write(`${table(titles, rows).join('\n')}\n`)
  for (const { name, problem } of answer.json.setAside ?? [])
    io.stderr.write(
      `airlock: ${words('targetAside', { target: name, why: plainLines(problem.detail) })}\n  ${plain(problem.hint)}\n`,
    )
  return exits.done
}

/** `airlock target add trixie pod.txt`, `-` being standard input. Throws WrongUsage for a file that cannot be read. */
export async function addTarget(
  context: Context,
  name: string,
  file: string,
  { json, python, index, only }: AddOptions,
): Promise<number> {
  const { io, words, call } = context
  const body = {
    name,
    description: await readText(context, file),
    ...(python !== undefined && { python }),
    ...(index !== undefined && { index }),
    ...(only !== undefined && { only }),
  }
  const answer = await call('addTarget', { body })
  if (json) {
    printJson(context, answer.text)
    return exits.done
  }
  io.stdout.write(`${words('targetAdded', { target: name })}\n`)
  printFacts(context, answer.json.targets)
  return exits.done
}

/** `airlock target show trixie` */
export async function showTarget(context: Context, name: string, { json }: Json): Promise<number> {
  const { io, words, call } = context
  const answer = await call('getTarget', { params: { name } })
  if (json) {
    printJson(context, answer.text)
    return exits.done
  }
  const { targets: all, description, problem } = answer.json
  printFacts(context, all)
  if (problem)
    io.stderr.write(
      `airlock: ${words('targetAside', { target: name, why: plainLines(problem.detail) })}\n  ${plain(problem.hint)}\n`,
    )
  if (description !== null) io.stdout.write(`\n${plainLines(description)}`)
  return exits.done
}

/** `airlock target remove trixie` */
export async function removeTarget(context: Context, name: string, { json }: Json): Promise<number> {
  const { io, words, call } = context
  const answer = await call('removeTarget', { params: { name } })
  if (json) printJson(context, answer.text)
  else io.stdout.write(`${words('targetRemoved', { target: name })}\n`)
  return exits.done
}

function printFacts({ io, words }: Context, all: Listed): void {
  for (const [at, { ecosystem, summary, source, index, facts, addedAt }] of all.entries()) {
    if (at > 0) io.stdout.write('\n')
    const rows: [string, string][] = [
      [ecosystem, summary],
      [words('targetFrom'), source],
      [words('targetIndex'), index],
      ...Object.entries(facts).map(([name, value]): [string, string] => [
        name,
        Array.isArray(value) ? value.join(', ') || '-' : String(value),
      ]),
      ...(addedAt === undefined ? [] : [[words('targetAddedAt'), localTime(addedAt)] as [string, string]]),
    ]
    const cells = Math.max(...rows.map(([title]) => width(title)))
    io.stdout.write(rows.map(([title, value]) => `  ${pad(plain(title), cells)}  ${plain(value)}\n`).join(''))
  }
}
