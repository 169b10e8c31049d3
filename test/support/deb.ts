/**
 * Real .debs, built in memory: `await buildDeb({ name: 'jq', version: '1.0', depends: 'libjq1 (= 1.0)' })`.
 * What dpkg needs to install them is there; the same package always gives the same bytes.
 */
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack, type Header } from 'tar-stream'

export type PackageOptions = {
  readonly name: string
  readonly version?: string
  /** `all` unless said otherwise. */
  readonly architecture?: string
  /** Fields by name, `Depends` for instance, in place of the shorthands below. */
  readonly fields?: Readonly<Record<string, string>>
  readonly depends?: string
  readonly recommends?: string
  readonly conflicts?: string
  readonly provides?: string
  /** Path without a leading slash -> content; executable below usr/bin. */
  readonly files?: Readonly<Record<string, string>>
}

export type Deb = {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly control: string
  readonly bytes: Buffer
}

export async function buildDeb(options: PackageOptions): Promise<Deb> {
  const {
    name,
    version = '1.0-1',
    architecture = 'all',
    files = {},
    depends,
    recommends,
    conflicts,
    provides,
  } = options
  const fields = {
    Package: name,
    Version: version,
    Architecture: architecture,
    Maintainer: 'Test <test@packages.example>',
    ...(depends !== undefined && { Depends: depends }),
    ...(recommends !== undefined && { Recommends: recommends }),
    ...(conflicts !== undefined && { Conflicts: conflicts }),
    ...(provides !== undefined && { Provides: provides }),
    Section: 'misc',
    Priority: 'optional',
    ...options.fields,
    Description: `${name}, for tests`,
  }
  const control = Object.entries(fields)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('')
  const bytes = ar([
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.gz', gzipSync(await tar([['./control', control]]))],
    ['data.tar.gz', gzipSync(await tar(Object.entries(files).map(([path, text]) => [`./${path}`, text] as const)))],
  ])
  return { name, version, architecture, control, bytes }
}

/** An ar archive of these members, whatever they are. */
export function ar(members: readonly (readonly [name: string, bytes: Uint8Array])[]): Buffer {
  const parts = members.flatMap(([name, bytes]) => {
    const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`
    return [Buffer.from(header), bytes, Buffer.from(bytes.length % 2 ? '\n' : '')]
  })
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts])
}

/** A tar archive; a member may be given a header of its own. */
export function tar(
  members: readonly (readonly [path: string, text: string | Buffer, header?: Partial<Header>])[],
): Promise<Buffer> {
  const archive = pack()
  const folders = new Set<string>()
  for (const [path, text, header = {}] of members) {
    const parts = path.split('/').slice(0, -1)
    for (let depth = 2; depth <= parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/')
      if (folders.has(folder)) continue
      folders.add(folder)
      archive.entry({ name: `${folder}/`, type: 'directory', mode: 0o755, mtime: new Date(0) })
    }
    const mode = path.includes('/usr/bin/') ? 0o755 : 0o644
    archive.entry({ name: path, mode, mtime: new Date(0), ...header }, text)
  }
  archive.finalize()
  return buffer(archive)
}
