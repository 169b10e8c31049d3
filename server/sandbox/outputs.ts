/** Brings what a sandbox made out of it. It was written by code that nobody knows, which is dead by now. */
import { constants, createWriteStream } from 'node:fs'
import { open, opendir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { printable } from './log.ts'
import { outputFiles, type SandboxEnd } from './run.ts'

/** What wheels, metadata and lists are called. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9._+!-]{0,254}$/

/** No more entries of a folder are looked at: the rest can only be more of the same. */
const mostEntries = 10 * outputFiles

type Brought = Pick<SandboxEnd, 'outputs' | 'leftOut'>

/**
 * Copies the plain files of `from` into `into`; null: more or larger than allowed, and nothing is left in `into`.
 * `from` itself must be of our making, so that only its entries can be links.
 */
export async function bringOut(from: string, into: string, maxBytes: number): Promise<Brought | null> {
  const outputs: Brought['outputs'][number][] = []
  const leftOut: Brought['leftOut'][number][] = []
  let [entries, left] = [0, maxBytes]
  const tooLarge = async () => {
    await Promise.all(outputs.map(({ path }) => rm(path, { force: true })))
    return null
  }
  for await (const { name } of await opendir(from)) {
    if (++entries > mostEntries) return tooLarge()
    const shown = printable(name.replaceAll('\n', '\ufffd'))
    if (!plainName.test(name)) {
      leftOut.push({ name: shown, why: 'name' })
      continue
    }
    const bytes = await copy(join(from, name), join(into, name), left)
    if (typeof bytes === 'string') leftOut.push({ name: shown, why: bytes })
    else {
      outputs.push({ name, path: join(into, name) })
      if ((left -= bytes) < 0 || outputs.length > outputFiles) return tooLarge()
    }
  }
  return { outputs: outputs.toSorted((a, b) => (a.name < b.name ? -1 : 1)), leftOut }
}

/** The bytes copied, at most one more than allowed; or why it is no file to copy. */
async function copy(from: string, to: string, maxBytes: number): Promise<number | 'kind' | 'unreadable'> {
  // a link is not followed, a fifo not waited for
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY
  const file = await open(from, flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ELOOP' || error.code === 'ENXIO' || error.code === 'ENODEV') return 'kind' as const
    if (error.code === 'EACCES' || error.code === 'EPERM') return 'unreadable' as const
    throw error
  })
  if (typeof file === 'string') return file
  try {
    const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : { size: -1 }))
    if (size < 0) return 'kind'
    // a hole costs its maker nothing and us its whole size
    if (size > maxBytes) return maxBytes + 1
    const bytes = file.createReadStream({ autoClose: false, start: 0, end: Math.max(0, size - 1) })
    await pipeline(bytes, createWriteStream(to, { flags: 'wx', mode: 0o600 }))
    return size
  } finally {
    await file.close()
  }
}
