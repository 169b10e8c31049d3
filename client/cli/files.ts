/** The files that people keep their wishes in. */
import { plain } from './columns.ts'
import type { Context } from './context.ts'
import { WrongUsage } from './failures.ts'

/** A file's text, `-` being standard input. Throws WrongUsage with the path and why it cannot be read. */
export async function readText({ io, words }: Context, path: string): Promise<string> {
  const file = path === '-' ? words('standardInput') : plain(path)
  const bytes = await io.read(path === '-' ? null : path).catch((error: NodeJS.ErrnoException) => {
    throw new WrongUsage(words('usageFileUnread', { file, reason: error.code ?? error.message }))
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new WrongUsage(words('usageFileText', { file }))
  }
}

/** One a line, without comments and blanks. */
export function linesOf(text: string): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
}
