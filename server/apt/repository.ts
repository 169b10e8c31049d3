/** A target's signed files, ready for the tree, from what the state says of it. */
import type { AptRepository, AptStanza } from '../../storage/apt.ts'
import { aptKeyPath, indexFolder } from '../../storage/layout.ts'
import type { Publication, TreeFile } from '../ecosystem.ts'
import { byHashPath, renderPackages, renderRelease, type IndexFile } from './indices.ts'
import type { Signer } from './sign.ts'

export type RenderedRepository = {
  /** In the order in which they may become visible: by hash, indexes, Release and its signature, InRelease. */
  readonly steps: Publication
  readonly indexes: readonly IndexFile[]
}

/** Invariant: the same state gives the same bytes. Every file's time is Release's Date, as some servers answer by it. */
export async function renderRepository(
  target: string,
  { date, architectures }: AptRepository,
  stanzas: Iterable<AptStanza>,
  signer: Signer,
): Promise<RenderedRepository> {
  const indexes = await renderPackages(stanzas)
  const release = renderRelease({ target, architectures, date, files: indexes })
  const modifiedAt = new Date(date * 1000)
  const { inRelease, detached } = await signer.sign(release, modifiedAt)
  const folder = indexFolder('apt', target)
  const file = (path: string, bytes: Buffer): TreeFile => ({ path, bytes, modifiedAt })
  return {
    indexes,
    steps: [
      [{ path: aptKeyPath, bytes: Buffer.from(signer.publicKey) }],
      indexes.map(({ sha256, bytes }) => file(byHashPath(target, sha256), bytes)),
      indexes.map(({ name, bytes }) => file(`${folder}/${name}`, bytes)),
      [file(`${folder}/Release`, Buffer.from(release)), file(`${folder}/Release.gpg`, Buffer.from(detached))],
      [file(`${folder}/InRelease`, Buffer.from(inRelease))],
    ],
  }
}
