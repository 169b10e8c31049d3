/**
 * Airlock's archive key: Ed25519 in OpenPGP's version 4 form, which gpgv of Debian 12 and sqv of Debian 13 both accept.
 * Made at the first start; the secret half never leaves the state's folder.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  createCleartextMessage,
  createMessage,
  generateKey,
  readPrivateKey,
  sign,
  type PrivateKey,
  type PartialConfig,
} from 'openpgp'
import { AirlockError } from '../errors.ts'

export type Signer = {
  /** Armored: `homepod/airlock.asc`. */
  readonly publicKey: string
  /** InRelease and Release.gpg. The same text and date give the same bytes, or no index could be rebuilt. */
  sign(release: string, date: Date): Promise<{ readonly inRelease: string; readonly detached: string }>
}

const config: PartialConfig = { v6Keys: false, aeadProtect: false, nonDeterministicSignaturesViaNotation: false }

/** Opens the key file, or makes it (0600) where there is none. Throws `state-unusable` for one that is no key. */
export async function openSigner(file: string, now: () => Date): Promise<Signer> {
  const armored = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return null
  })
  const key = armored === null ? await makeKey(file, now()) : await readKey(file, armored)
  return {
    publicKey: key.toPublic().armor(),
    async sign(release, date) {
      const options = { signingKeys: key, date, config }
      const inRelease = await sign({ ...options, message: await createCleartextMessage({ text: release }) })
      const detached = await sign({ ...options, message: await createMessage({ text: release }), detached: true })
      return { inRelease, detached }
    },
  }
}

async function makeKey(file: string, date: Date): Promise<PrivateKey> {
  const { privateKey } = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name: 'Airlock archive key' }],
    format: 'object',
    date,
    config,
  })
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const next = join(dirname(file), '.next')
  const handle = await open(next, 'w', 0o600)
  try {
    await handle.writeFile(privateKey.armor())
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(next, file)
  const folder = await open(dirname(file), 'r')
  try {
    // a key that pods have been told must not go with the power
    await folder.sync()
  } finally {
    await folder.close()
  }
  return privateKey
}

async function readKey(file: string, armoredKey: string): Promise<PrivateKey> {
  try {
    return await readPrivateKey({ armoredKey })
  } catch (cause) {
    const instead = 'Restore the file from a backup; without it every pod must be given a new key.'
    throw new AirlockError('state-unusable', { folder: file, reason: 'it is not an OpenPGP key', instead }, { cause })
  }
}
