/** Loaded before the server's own modules, as sabotage: what should be in the pool before anything names it comes late. */
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const { rename } = promises
promises.rename = (from, to) => {
  if (!String(to).includes('/pip/pool/')) return rename(from, to)
  setTimeout(() => void rename(from, to), 10_000)
  return Promise.resolve()
}
syncBuiltinESMExports()
