/**
 * What an apt that verifies with sqv (Debian 13 and later) refuses although this host's own took it: signatures over SHA-1
 * or older digests, DSA keys, GnuPG's keybox files. Said of a snapshot, for people: a pod of such a suite that still had
 * the archive among its sources would refuse it.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { enums, readSignature, type Signature } from 'openpgp'
import type { Phrase } from '../errors.ts'
import type { Remark } from '../../storage/records.ts'
import type { Keyring } from './host.ts'
import type { AptTarget } from './target.ts'

/** Suites whose apt verifies with sqv; of one that is newer than this list nothing is said. */
const sqvSuites = /^(?:trixie|forky|duke|sid|testing|unstable|experimental|plucky|questing|resolute)(?:[-/]|$)/

const weakDigests: ReadonlySet<number> = new Set([enums.hash.md5, enums.hash.sha1, enums.hash.ripemd])

const reasons = {
  digest: { en: 'its index is signed over SHA-1 or an older digest', zh: '其索引的签名使用了 SHA-1 或更旧的摘要' },
  dsa: { en: 'its index is signed with a DSA key', zh: '其索引使用 DSA 密钥签名' },
  keybox: { en: 'its keyring is a keybox of GnuPG', zh: '其密钥环是 GnuPG 的 keybox 文件' },
} as const satisfies Record<string, Phrase>

/** One remark an archive or keyring that the target's own apt would refuse; none where that apt verifies with gpgv. */
export async function weakArchives(
  target: Pick<AptTarget, 'name' | 'sources' | 'keyrings'>,
  lists: string,
): Promise<Remark[]> {
  if (!target.sources.some(({ suites }) => suites.some((suite) => sqvSuites.test(suite)))) return []
  const remark = (archive: string, reason: Phrase): Remark => ({
    code: 'apt-archive-weak',
    fields: { archive, target: target.name, reason },
  })
  const remarks = target.keyrings.filter(isKeybox).map(({ name }) => remark(name, reasons.keybox))
  for (const file of (await readdir(lists)).toSorted()) {
    const reason = await readIndexSignature(join(lists, file)).then((signature) => signature && weaknessOf(signature))
    if (reason) remarks.push(remark(file.replace(/_(?:InRelease|Release\.gpg)$/, '').replaceAll('_', '/'), reason))
  }
  return remarks
}

/** apt wants one signature that it takes; an archive is weak when every one is. */
export function weaknessOf(signature: Signature): Phrase | null {
  const found = signature.packets.map(({ hashAlgorithm, publicKeyAlgorithm }) => {
    if (publicKeyAlgorithm === enums.publicKey.dsa) return reasons.dsa
    return hashAlgorithm !== null && weakDigests.has(hashAlgorithm) ? reasons.digest : null
  })
  return found.length > 0 && found.every((reason) => reason !== null) ? found[0]! : null
}

/** GnuPG's own store has its magic in the first blob's header. */
export function isKeybox({ bytes }: Keyring): boolean {
  return bytes.subarray(8, 12).equals(Buffer.from('KBXf'))
}

/** Null for what is no signed index, or none that can be read: apt has verified it already. */
async function readIndexSignature(path: string): Promise<Signature | null> {
  if (!/_(?:InRelease|Release\.gpg)$/.test(path)) return null
  const text = await readFile(path, 'utf8')
  const armored = text.slice(Math.max(0, text.indexOf('-----BEGIN PGP SIGNATURE-----')))
  return readSignature({ armoredSignature: armored }).catch(() => null)
}
