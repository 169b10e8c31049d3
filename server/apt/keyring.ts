/** Keys that archives are verified with, as apt takes them. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { AirlockError } from '../errors.ts'
import type { Keyring } from './host.ts'
import type { Source } from './sources.ts'

export function isArmored(bytes: Buffer): boolean {
  return bytes.subarray(0, 4096).includes('-----BEGIN PGP')
}

/**
 * The key that a source's Signed-By names: the target's own of that file name, else this machine's at that path.
 * Throws `apt-file-missing`.
 */
export function findKeyring(path: string, carried: readonly Keyring[], source: Source): Keyring {
  const name = basename(path)
  const own = carried.find((keyring) => keyring.name === name)
  if (own) return own
  try {
    return { name, bytes: readFileSync(path) }
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new AirlockError('apt-file-missing', { path, place: source.place, reason }, { cause })
  }
}
