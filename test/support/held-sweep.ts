/**
 * Loaded before the server's own modules: its first removal of something in `.incoming/` waits until `go-on` lies in its state,
 * and says by `sweeping` there that it waits.
 */
import { existsSync, writeFileSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const { AIRLOCK_ROOT: root, AIRLOCK_STATE: state } = process.env
const { rm } = promises

if (root !== undefined && state !== undefined) {
  promises.rm = async (path, options) => {
    if (String(path).startsWith(`${root}/.incoming/`)) {
      writeFileSync(join(state, 'sweeping'), '')
      while (!existsSync(join(state, 'go-on'))) await sleep(10)
    }
    return rm(path, options)
  }
  syncBuiltinESMExports()
}
