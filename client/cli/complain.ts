/** Every way to fail, as text on stderr and an exit code. An unknown error is a bug and passes through. */
import { plain, plainLines } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits } from './exits.ts'
import { NotAirlock, ProblemAnswer, Unreachable, WaitEnded } from './failures.ts'
import { isLoopback } from './maintain.ts'
import { sayLogId } from './outcome.ts'

/** `json`: a problem goes to stdout as it came, and nothing else is printed. */
export function complain(
  context: Context,
  error: unknown,
  options: { readonly json?: boolean; readonly work?: boolean },
): number {
  const { words, url } = context
  const say = (message: string, hint: string) => {
    context.io.stderr.write(`airlock: ${message}\n${hint === '' ? '' : `  ${hint}\n`}`)
  }
  if (error instanceof ProblemAnswer) {
    if (options.json) printJson(context, error.text)
    else {
      say(plainLines(error.problem.detail), plain(error.problem.hint))
      sayLogId(context, error.reqId)
    }
    return exits.problem
  }
  if (error instanceof Unreachable) {
    const fields = { url: error.url, reason: error.reason }
    if (error.sent) say(words('broken', fields), words('brokenHint'))
    else
      say(
        words('unreachable', fields),
        words(options.work && !isLoopback(url) ? 'offlineElsewhere' : 'unreachableHint'),
      )
    return exits.unreachable
  }
  if (error instanceof NotAirlock) {
    say(words('notAirlock', { url: error.url, what: plain(error.message) }), words('notAirlockHint'))
    return exits.problem
  }
  if (error instanceof WaitEnded) {
    const ids = error.ids.join(', ')
    say(
      words(error.reason === 'timeout' ? 'waitTimeout' : 'waitStopped', { ids }),
      words('waitHint', { id: error.ids[0] ?? '' }),
    )
    return error.reason === 'SIGINT' ? exits.interrupted : exits.waiting
  }
  throw error
}
