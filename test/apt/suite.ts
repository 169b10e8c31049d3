/**
 * One state of an archive as files, whatever a test wants to be wrong in it:
 *
 *   const files = await renderSuite({ packages: [stanza(deb)] })
 *   serve(upstream, files)                  every file at its path
 */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { createCleartextMessage, createMessage, sign, type PrivateKey } from 'openpgp'
import { makeArchiveKey } from '../support/archive.ts'
import { file, type Upstream } from '../support/upstream.ts'
import type { Deb } from '../support/deb.ts'

/** Path without a leading slash -> bytes. */
export type Files = ReadonlyMap<string, Buffer>

export const folder = 'dists/stable'
export const packagesAt = 'main/binary-amd64/Packages'
/** The archive's own key, made once a process. */
export const archiveKey = await makeArchiveKey()

export type SuiteOptions = {
  /** Paragraphs of the index, each without its last line end; or the whole index. */
  readonly packages: readonly string[] | Buffer
  /** Fields of Release; null leaves one out. */
  readonly release?: Readonly<Record<string, string | null>>
  /** What Release says of its files, in place of the truth. */
  readonly listing?: (lines: readonly string[]) => readonly string[]
  /** The name of the list of digests. */
  readonly digests?: 'SHA256' | 'MD5Sum'
  readonly key?: PrivateKey
  /** The text of the clear-signed file, changed once it is signed. */
  readonly inRelease?: (text: string) => string | Buffer
}

const config = { v6Keys: false, aeadProtect: false }
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
/** An instant as Release says it. */
export const when = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString().replace('GMT', 'UTC')

/** The paragraph of a .deb, with fields of its own in place of the honest ones; null leaves one out. */
export function stanza(deb: Deb, fields: Readonly<Record<string, string | null>> = {}): string {
  const honest = {
    ...Object.fromEntries(
      deb.control
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    ),
    Filename: pathOf(deb),
    Size: String(deb.bytes.length),
    SHA256: sha256(deb.bytes),
  }
  return Object.entries({ ...honest, ...fields })
    .flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]))
    .join('\n')
}

export function pathOf({ name, version, architecture }: Deb): string {
  return `pool/${name}_${version}_${architecture}.deb`
}

export async function renderSuite(options: SuiteOptions): Promise<Files> {
  const { packages, release = {}, listing = (lines) => lines, digests = 'SHA256', key = archiveKey } = options
  const plain = Buffer.isBuffer(packages) ? packages : Buffer.from(packages.map((text) => `${text}\n`).join('\n'))
  const files = new Map<string, Buffer>()
  const lines: string[] = []
  for (const [suffix, bytes] of [
    ['', plain],
    ['.gz', gzipSync(plain)],
  ] as const) {
    files.set(`${folder}/${packagesAt}${suffix}`, bytes)
    files.set(`${folder}/main/binary-amd64/by-hash/SHA256/${sha256(bytes)}`, bytes)
    const digest = digests === 'SHA256' ? sha256(bytes) : createHash('md5').update(bytes).digest('hex')
    lines.push(` ${digest} ${bytes.length} ${packagesAt}${suffix}`)
  }
  const fields = {
    Origin: 'Test',
    Suite: 'stable',
    Codename: 'stable',
    Date: when(-60),
    Architectures: 'amd64',
    Components: 'main',
    ...release,
  }
  const head = Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}\n`]))
  const text = `${head.join('')}${digests}:\n${listing(lines).join('\n')}\n`
  const signingKeys = key
  const clear = await sign({ message: await createCleartextMessage({ text }), signingKeys, config })
  const detached = await sign({ message: await createMessage({ text }), signingKeys, config, detached: true })
  files.set(`${folder}/InRelease`, Buffer.from(options.inRelease?.(clear) ?? clear))
  files.set(`${folder}/Release`, Buffer.from(text))
  files.set(`${folder}/Release.gpg`, Buffer.from(detached))
  return files
}

/** Every file at its path, and nothing else. */
export function serve(upstream: Upstream, files: Files): void {
  upstream.otherwise((req, res) => {
    const bytes = files.get((req.url ?? '/').slice(1))
    if (bytes === undefined) return res.writeHead(404, { 'content-length': 0 }).end()
    return file(bytes, { etag: `"${sha256(bytes)}"` })(req, res)
  })
}

/** As deb822, for a target: the archive's key is inline. */
export function sourcesOf(uri: string): string {
  const armored = archiveKey.toPublic().armor().trim().split(/\r?\n/)
  const signedBy = armored.map((line) => ` ${line === '' ? '.' : line}`).join('\n')
  return `Types: deb\nURIs: ${uri}\nSuites: stable\nComponents: main\nSigned-By:\n${signedBy}\n`
}
