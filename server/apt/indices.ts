/**
 * A flat repository's index files as a pure function of its stanzas: one pass, three forms, digests on the way.
 * Source: Debian's repository format; what apt insists on is said where it matters.
 */
import { createHash } from 'node:crypto'
import type { Readable, Transform } from 'node:stream'
import { constants, createGzip, createZstdCompress } from 'node:zlib'
import type { AptStanza } from '../../storage/apt.ts'
import { indexFolder, poolPath, type TreePath } from '../../storage/layout.ts'
import { publishedStanza } from './stanza.ts'

/** An index file in one of its forms. */
export type IndexFile = {
  readonly name: 'Packages' | 'Packages.gz' | 'Packages.zst'
  readonly bytes: Buffer
  readonly sha256: string
}

const pieceSize = 64 << 10

/** `Filename` is relative to the archive's URI, which is `…/apt/`. */
export async function renderPackages(stanzas: Iterable<AptStanza>): Promise<IndexFile[]> {
  const plain = collector()
  const gzip = createGzip({ level: 6 })
  const zstd = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  const compressed = Promise.all([collect(gzip), collect(zstd)])
  for (const piece of pieces(stanzas)) {
    plain.add(piece)
    await Promise.all([write(gzip, piece), write(zstd, piece)])
  }
  gzip.end()
  zstd.end()
  const [asGzip, asZstd] = await compressed
  return [
    { name: 'Packages', ...plain.end() },
    { name: 'Packages.gz', ...asGzip },
    { name: 'Packages.zst', ...asZstd },
  ]
}

export type ReleaseFields = {
  readonly target: string
  readonly architectures: readonly string[]
  /** Seconds. */
  readonly date: number
  readonly files: readonly IndexFile[]
}

/**
 * Suite is the target's name: apt warns of any other. The uncompressed Packages must be listed, or apt skips the index
 * and ends well with an empty archive.
 */
export function renderRelease({ target, architectures, date, files }: ReleaseFields): string {
  const when = new Date(date * 1000).toUTCString().replace('GMT', 'UTC')
  return [
    'Origin: Airlock',
    'Label: Airlock',
    `Suite: ${target}`,
    `Codename: ${target}`,
    `Date: ${when}`,
    `Architectures: ${[...architectures, 'all'].join(' ')}`,
    'Acquire-By-Hash: yes',
    `Description: What was asked for on ${target}, proved installable`,
    'SHA256:',
    ...files.map(({ name, bytes, sha256 }) => ` ${sha256} ${bytes.length} ${name}`),
    '',
  ].join('\n')
}

/** Where a target's index file of this digest stays for a day after it was superseded. */
export function byHashPath(target: string, sha256: string): TreePath {
  return `${indexFolder('apt', target)}/by-hash/SHA256/${sha256}`
}

function* pieces(stanzas: Iterable<AptStanza>): Generator<Buffer> {
  let text = ''
  for (const { stanza, sha256, file } of stanzas) {
    text += `${publishedStanza(stanza, poolPath('apt', sha256, file).slice('apt/'.length))}\n\n`
    if (text.length < pieceSize) continue
    yield Buffer.from(text)
    text = ''
  }
  if (text !== '') yield Buffer.from(text)
}

function collector() {
  const hash = createHash('sha256')
  const parts: Buffer[] = []
  return {
    add(part: Buffer) {
      hash.update(part)
      parts.push(part)
    },
    end: () => ({ bytes: Buffer.concat(parts), sha256: hash.digest('hex') }),
  }
}

async function collect(stream: Readable): Promise<{ bytes: Buffer; sha256: string }> {
  const { add, end } = collector()
  for await (const part of stream) add(part as Buffer)
  return end()
}

function write(stream: Transform, piece: Buffer): Promise<void> | void {
  if (stream.write(piece)) return
  return new Promise((resolve) => stream.once('drain', resolve))
}
