/** `airlock rebuild` and `airlock verify`: the running server does it, and where none runs, this machine itself. */
import { plain } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits } from './exits.ts'
import { Unreachable } from './failures.ts'

type Options = { readonly json?: boolean; readonly offline?: boolean }

export async function maintain(
  context: Context,
  work: 'rebuild' | 'verify',
  { json, offline }: Options,
): Promise<number> {
  const { io, words, call, url } = context
  if (offline) return io.becomeServer(work)
  const answer = await call(work, { idle: 0 }).catch((error: unknown) => {
    // A connection that stood may have started the work, and a server elsewhere has another state than this machine.
    if (error instanceof Unreachable && !error.sent && isLoopback(url)) return null
    throw error
  })
  if (answer === null) {
    io.stderr.write(`${words('offline', { url })}\n`)
    return io.becomeServer(work)
  }
  const { checked, written, damaged, unknown } = answer.json
  if (json) {
    printJson(context, answer.text)
  } else {
    io.stdout.write(`${words(work === 'rebuild' ? 'rebuilt' : 'verified', { checked, written })}\n`)
    for (const [title, files] of [
      ['damaged', damaged],
      ['unknownFiles', unknown],
    ] as const) {
      if (files.length > 0)
        io.stdout.write(
          `${[words(title, { count: files.length }), ...files.map((file) => `  ${plain(file)}`)].join('\n')}\n`,
        )
    }
  }
  return damaged.length > 0 ? exits.failed : exits.done
}

export function isLoopback(url: string): boolean {
  const name = new URL(url).hostname
  return name === 'localhost' || name === '[::1]' || /^127(\.\d+){3}$/.test(name)
}
