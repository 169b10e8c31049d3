/**
 * A signed apt archive on loopback that a test moves between two requests:
 *
 *   const archive = await startArchive({ suite: 'stable' })
 *   await archive.add({ name: 'jq', depends: 'libjq1' }, { name: 'libjq1' })
 *   archive.sources            deb822, with its key inline
 *   archive.remove('jq')       the index and the .deb are gone
 *   archive.spoil = (path, bytes) => …   what is sent in place of a file; null: a 404
 *   archive.release = { 'Valid-Until': … }   fields of Release
 *   await archive.close()
 */
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { createCleartextMessage, generateKey, sign, type PrivateKey } from 'openpgp'
import { buildDeb, type Deb, type PackageOptions } from './deb.ts'

export type Archive = Awaited<ReturnType<typeof startArchive>>

const config = { v6Keys: false, aeadProtect: false }
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

export async function makeArchiveKey(date = new Date(Date.now() - 86_400_000)): Promise<PrivateKey> {
  const { privateKey } = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name: 'Test archive' }],
    format: 'object',
    date,
    config,
  })
  return privateKey
}

export async function startArchive({
  suite = 'stable',
  architectures = ['amd64'],
}: { readonly suite?: string; readonly architectures?: readonly string[] } = {}) {
  const key = await makeArchiveKey()
  const debs = new Map<string, Deb>()
  const asked: string[] = []
  let files: ReadonlyMap<string, Buffer> | null = null

  function fileOf({ name, version, architecture }: Deb): string {
    return `pool/main/${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
  }

  /** Every file of the archive as it is now. */
  async function render(): Promise<ReadonlyMap<string, Buffer>> {
    if (files) return files
    const all = new Map<string, Buffer>()
    const listed: string[] = []
    for (const architecture of architectures) {
      const packages = [...debs.values()]
        .filter((deb) => deb.architecture === 'all' || deb.architecture === architecture)
        .map(
          (deb) =>
            `${deb.control}${archive.stanza(deb)}Filename: ${fileOf(deb)}\nSize: ${deb.bytes.length}\n${archive.digests ? `SHA256: ${digest(deb.bytes)}\n` : ''}`,
        )
        .join('\n')
      const plain = Buffer.from(packages)
      for (const [suffix, bytes] of [
        ['', plain],
        ['.gz', gzipSync(plain)],
      ] as const) {
        const path = `main/binary-${architecture}/Packages${suffix}`
        all.set(`dists/${suite}/${path}`, bytes)
        all.set(`dists/${suite}/main/binary-${architecture}/by-hash/SHA256/${digest(bytes)}`, bytes)
        listed.push(` ${digest(bytes)} ${bytes.length} ${path}`)
      }
    }
    for (const deb of debs.values()) all.set(fileOf(deb), deb.bytes)
    const fields = {
      Origin: 'Test',
      Label: 'Test',
      Suite: suite,
      Codename: suite,
      Date: new Date().toUTCString().replace('GMT', 'UTC'),
      Architectures: architectures.join(' '),
      Components: 'main',
      ...archive.release,
    }
    const release = `${Object.entries(fields)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join('')}SHA256:\n${listed.join('\n')}\n`
    const signed = await sign({
      message: await createCleartextMessage({ text: release }),
      signingKeys: archive.signedWith,
      config,
    })
    all.set(`dists/${suite}/InRelease`, Buffer.from(signed))
    return (files = all)
  }

  const server = createServer((req, res) => {
    const path = decodeURIComponent((req.url ?? '/').slice(1))
    asked.push(path)
    void render().then((all) => {
      const bytes = archive.spoil(path, all.get(path) ?? null)
      if (bytes === null) return res.writeHead(404, { 'content-length': 0 }).end()
      const etag = `"${digest(bytes).slice(0, 16)}"`
      if (req.headers['if-none-match'] === etag) return res.writeHead(304, { etag }).end()
      return res.writeHead(200, { 'content-length': bytes.length, etag }).end(req.method === 'HEAD' ? undefined : bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  const archive = {
    url,
    suite,
    key,
    /** Paths in the order in which they were asked for. */
    asked,
    /** Set before the archive is read again; `touch` after a change of them. */
    release: {} as Record<string, string>,
    signedWith: key,
    /** Whether the index has SHA-256. */
    digests: true,
    spoil: (_path: string, bytes: Buffer | null): Buffer | null => bytes,
    stanza: (_deb: Deb): string => '',
    /** For the target: its key inline. */
    get sources(): string {
      return archive.sourcesAt(url)
    },
    sourcesAt(uri: string): string {
      const armored = key.toPublic().armor().trim().split(/\r?\n/)
      const signedBy = armored.map((line) => ` ${line === '' ? '.' : line}`).join('\n')
      return `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\nSigned-By:\n${signedBy}\n`
    },
    /** Adds packages, in place of those of the same name and architecture. */
    async add(...packages: readonly PackageOptions[]): Promise<readonly Deb[]> {
      const built = await Promise.all(packages.map(buildDeb))
      for (const deb of built) archive.put(deb)
      return built
    },
    put(deb: Deb): void {
      debs.set(`${deb.name}:${deb.architecture}`, deb)
      files = null
    },
    /** Keeps what has the same name: several versions at once. */
    async addBeside(options: PackageOptions): Promise<void> {
      const deb = await buildDeb(options)
      debs.set(`${deb.name}:${deb.architecture}=${deb.version}`, deb)
      files = null
    },
    remove(name: string): void {
      for (const [id, deb] of debs) if (deb.name === name) debs.delete(id)
      files = null
    },
    touch(): void {
      files = null
    },
    /** As a folder, for `file:`. */
    async writeTo(folder: string): Promise<void> {
      await rm(folder, { recursive: true, force: true })
      for (const [path, bytes] of await render()) {
        await mkdir(dirname(join(folder, path)), { recursive: true })
        await writeFile(join(folder, path), bytes)
      }
    },
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return archive
}
