/** Loaded into a server that is to stop between the proof and the decision, for as long as the file that HOLD names is there. */
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cut } from '../support/sabotage.ts'

/** Where it stops. */
export const held: Cut = {
  file: 'server/fulfil.ts',
  from: 'signal.throwIfAborted()\n      const { artifacts',
  to: `await (await import(${JSON.stringify(import.meta.url)})).untilLet()\n      signal.throwIfAborted()\n      const { artifacts`,
}

/** Says that it has come there by a file beside it. All of it by the main thread: the other one's calls are counted. */
export async function untilLet(): Promise<void> {
  const hold = process.env['HOLD']!
  if (existsSync(hold)) writeFileSync(`${hold}.reached`, '')
  while (existsSync(hold)) await sleep(5)
}
