/** Loaded before the server's own modules: each child that it starts is written into the file that CHILDREN names, a line of JSON each. */
import child from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { CHILDREN } = process.env
if (CHILDREN !== undefined && process.argv[2] === 'serve') {
  const { spawn } = child
  child.spawn = ((command: string, args: readonly string[], options: object) => {
    appendFileSync(CHILDREN, `${JSON.stringify([command, ...args])}\n`)
    return spawn(command, args, options)
  }) as typeof spawn
  syncBuiltinESMExports()
}
