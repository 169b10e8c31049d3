/** Loaded before the server's own modules: on this machine there is no bubblewrap. */
import processes from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'

const { spawn } = processes
const changed = (command: string, args: readonly string[], options: processes.SpawnOptions) =>
  spawn(
    command,
    args.map((arg) => (arg === 'bwrap' ? '/nowhere/bwrap' : arg)),
    options,
  )
processes.spawn = changed as typeof spawn
syncBuiltinESMExports()
