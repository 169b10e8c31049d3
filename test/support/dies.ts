/**
 * Loaded before the server's own modules: the server dies as by SIGKILL before its n-th rename into the tree, downloads
 * and publications alike, counted from the moment when a file `dies-at` with that number appears in its state.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

const { AIRLOCK_ROOT: root, AIRLOCK_STATE: state } = process.env
const { rename } = promises
let left: number | null = null

if (root !== undefined && state !== undefined) {
  const order = join(state, 'dies-at')
  promises.rename = async (from, to) => {
    if (String(to).startsWith(`${root}/`)) {
      if (left === null && existsSync(order)) {
        left = Number(readFileSync(order, 'utf8'))
        rmSync(order)
      }
      if (left !== null && --left === 0) process.kill(process.pid, 'SIGKILL')
    }
    return rename(from, to)
  }
  syncBuiltinESMExports()
}
