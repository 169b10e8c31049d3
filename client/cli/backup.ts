/**
 * `airlock backup FILE`: the running server makes it on its own machine, and this takes it from there, since what is in it
 * must not cross a network; where no server runs, this machine does it.
 */
import { bytes } from './amounts.ts'
import { plain } from './columns.ts'
import { printJson, type Context } from './context.ts'
import { exits } from './exits.ts'
import { Unreachable } from './failures.ts'
import { isLoopback } from './maintain.ts'

type Options = { readonly json?: boolean; readonly offline?: boolean }

export async function backup(context: Context, file: string, { json, offline }: Options): Promise<number> {
  const { io, words, call, url } = context
  if (offline) return io.becomeServer('backup', file)
  const answer = await call('backup', { idle: 0 }).catch((error: unknown) => {
    if (error instanceof Unreachable && !error.sent && isLoopback(url)) return null
    throw error
  })
  if (answer === null) {
    io.stderr.write(`${words('offline', { url })}\n`)
    return io.becomeServer('backup', file)
  }
  const { file: made, bytes: size, files, outside } = answer.json
  for (const path of outside) io.stderr.write(`airlock: ${words('backupOutside', { file: plain(path) })}\n`)
  const reason = isLoopback(url) ? await taken(context, made, file) : words('backupElsewhere')
  if (reason !== null) {
    const fields = { made: plain(made), file: plain(file), reason }
    io.stderr.write(`airlock: ${words('backupNotTaken', fields)}\n  ${words('backupNotTakenHint')}\n`)
    return exits.failed
  }
  if (json) printJson(context, JSON.stringify({ ...answer.json, file }))
  else io.stdout.write(`${words('backedUp', { file: plain(file), count: files, size: bytes(size) })}\n`)
  return exits.done
}

/** Null, or why it could not be taken from where the server has put it. */
async function taken({ io }: Context, from: string, to: string): Promise<string | null> {
  try {
    await io.take(from, to)
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}
