/** Where argv, process.env and the process itself end. */
import { chmod, constants, copyFile, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { runCli } from './cli.ts'
import { exits } from './exits.ts'

// Whoever reads our output may stop early: `airlock status | head -1`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exits.done)
  throw error
})

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  user: userName(),
  read: (path) => (path === null ? buffer(process.stdin) : readFile(path)),
  async write(path, text) {
    const part = join(dirname(resolve(path)), `.${basename(path)}.part`)
    await writeFile(part, text, { mode: (await stat(path)).mode & 0o777, flush: true })
    await rename(part, path)
  },
  onSignal(listener) {
    process.on('SIGINT', listener).on('SIGTERM', listener)
    return () => void process.off('SIGINT', listener).off('SIGTERM', listener)
  },
  async take(from, to) {
    const part = join(dirname(resolve(to)), `.${basename(to)}.part`)
    try {
      await rm(part, { force: true })
      await copyFile(from, part, constants.COPYFILE_EXCL)
      await chmod(part, 0o600)
      const handle = await open(part, 'r+')
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(part, to)
    } finally {
      await rm(part, { force: true })
    }
    await rm(from)
  },
  becomeServer(command, ...args): number {
    const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))
    return process.execve!(process.execPath, [process.execPath, main, command, ...args], process.env)
  },
})

/** Undefined for a user that the system has no name for, as in many containers. */
function userName(): string | undefined {
  try {
    return userInfo().username || undefined
  } catch {
    return undefined
  }
}
