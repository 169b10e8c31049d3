import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { createCleartextMessage, enums, generateKey, readSignature, sign, type PartialConfig } from 'openpgp'
import { isKeybox, weakArchives, weaknessOf } from '../../server/apt/weak.ts'
import type { Source } from '../../server/apt/sources.ts'
import { temporaryFolder } from '../support/folders.ts'

const lax: PartialConfig = {
  v6Keys: false,
  aeadProtect: false,
  rejectHashAlgorithms: new Set(),
  preferredHashAlgorithm: enums.hash.sha1,
}
const sourceOf = (suite: string): Source => ({
  uris: ['http://deb.example/debian'],
  suites: [suite],
  components: ['main'],
  options: new Map(),
  place: 'the test',
})

/** An InRelease, signed over SHA-512, or with its signatures' digest or key said to be others. */
async function inRelease(lie: { hash?: number; key?: number } = {}): Promise<string> {
  const { privateKey } = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name: 'x' }],
    format: 'object',
    config: lax,
  })
  const signed = await sign({
    message: await createCleartextMessage({ text: 'Suite: trixie\n' }),
    signingKeys: privateKey,
    config: { v6Keys: false },
  })
  const begin = signed.indexOf('-----BEGIN PGP SIGNATURE-----')
  const signature = await readSignature({ armoredSignature: signed.slice(begin) })
  // RFC 9580, 5.2.3: version, type, key algorithm, hash algorithm
  for (const { signatureData } of signature.packets as unknown as readonly { signatureData: Uint8Array }[]) {
    if (lie.key !== undefined) signatureData[2] = lie.key
    if (lie.hash !== undefined) signatureData[3] = lie.hash
  }
  return signed.slice(0, begin) + signature.armor()
}

async function remarksOn(
  t: TestContext,
  suite: string,
  text: string,
  keyrings: { name: string; bytes: Buffer }[] = [],
) {
  const lists = await temporaryFolder(t)
  await writeFile(join(lists, 'deb.example_debian_dists_trixie_InRelease'), text)
  await writeFile(join(lists, 'deb.example_debian_dists_trixie_main_binary-amd64_Packages'), 'Package: x\n')
  return weakArchives({ name: 'pod', sources: [sourceOf(suite)], keyrings }, lists)
}

test('a signature of today has no weakness', async (t) => {
  assert.deepEqual(await remarksOn(t, 'trixie', await inRelease()), [])
})

test('a signature over SHA-1 is named with its archive, where the suite’s apt refuses it', async (t) => {
  const text = await inRelease({ hash: enums.hash.sha1 })
  const [remark] = await remarksOn(t, 'trixie-updates', text)
  assert.equal(remark!.code, 'apt-archive-weak')
  assert.equal(remark!.fields.archive, 'deb.example/debian/dists/trixie')
  assert.match(JSON.stringify(remark!.fields.reason), /SHA-1/)
  assert.deepEqual(await remarksOn(t, 'bookworm', text), [], 'an older apt takes it')
})

test('a keyring in GnuPG’s keybox form is named', async (t) => {
  const keybox = {
    name: 'old.gpg',
    bytes: Buffer.concat([Buffer.from([0, 0, 0, 32, 1, 1, 0, 2]), Buffer.from('KBXf'), Buffer.alloc(20)]),
  }
  assert.ok(isKeybox(keybox))
  assert.ok(!isKeybox({ name: 'new.gpg', bytes: Buffer.from([0x99, 0x01, 0x0d, 0x04]) }))
  const [remark] = await remarksOn(t, 'sid', await inRelease(), [keybox])
  assert.equal(remark!.fields.archive, 'old.gpg')
})

test('one good signature beside weak ones is enough, and DSA is weak', () => {
  const packets = (...all: readonly (readonly [hash: number, key: number])[]) =>
    ({ packets: all.map(([hashAlgorithm, publicKeyAlgorithm]) => ({ hashAlgorithm, publicKeyAlgorithm })) }) as never
  const { sha1, sha512 } = enums.hash
  const { dsa, eddsaLegacy } = enums.publicKey
  assert.equal(weaknessOf(packets([sha1, eddsaLegacy], [sha512, eddsaLegacy])), null)
  assert.match(weaknessOf(packets([sha512, dsa]))!.en, /DSA/)
  assert.match(weaknessOf(packets([sha1, eddsaLegacy], [sha512, dsa]))!.en, /SHA-1/)
  assert.equal(weaknessOf(packets()), null)
})

test('an index that cannot be read as signed is apt’s business, not a weakness', async (t) => {
  assert.deepEqual(await remarksOn(t, 'trixie', 'Suite: trixie\n'), [])
})
