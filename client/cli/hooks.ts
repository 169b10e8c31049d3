/** Who is told of what: `airlock notify list`, `airlock notify test team`. */
import { plain, plainLines, table } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits } from './exits.ts'

type Json = { readonly json?: boolean }

export async function listHooks(context: Context, { json }: Json): Promise<number> {
  const { io, words, call } = context
  const answer = await call('listHooks')
  if (json) {
    printJson(context, answer.text)
    return exits.done
  }
  const { hooks } = answer.json
  if (hooks.length === 0) {
    io.stdout.write(`${words('noHooks')}\n`)
    return exits.done
  }
  const titles = (['columnName', 'columnKind', 'columnOn', 'columnWaiting'] as const).map((title) => words(title))
  const rows = hooks.map(({ name, kind, on, waiting }) => [name, kind, on.join(', '), String(waiting)])
  io.stdout.write(`${table(titles, rows, io.stdout.columns).join('\n')}\n`)
  for (const { problem } of hooks) if (problem) io.stderr.write(`airlock: ${plainLines(problem.detail)}\n`)
  return exits.done
}

/** Waits for the receiver's own answer. */
export async function testHook(context: Context, hook: string, { json }: Json): Promise<number> {
  const { io, words, call } = context
  const answer = await call('testHook', { params: { hook }, idle: 60_000 })
  if (json) printJson(context, answer.text)
  else io.stdout.write(`${words('hookTested', { hook: plain(hook) })}\n`)
  return exits.done
}
