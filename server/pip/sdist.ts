/**
 * A source distribution (PEP 517, 518, 625), read for what it says of itself. Members are read one by one: nothing is
 * unpacked to disk and nothing in it is run.
 */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { AirlockError } from '../errors.ts'
import { sdistFaults } from './build-words.ts'
import type { Refuse } from './zip-words.ts'
import { withZip } from './zip.ts'

export type Sdist = {
  readonly pkgInfo: string | null
  readonly pyproject: string | null
  /** What setuptools wrote of its requirements: the only place in sdists from before it wrote them into PKG-INFO. */
  readonly requiresTxt: string | null
}

type Part = keyof Sdist

/** Real ones stay a hundred times below, but for data that somebody ships as code. */
const limits = { unpacked: 8 * 2 ** 30, entries: 300_000, member: 4 << 20 }
/** The ends of names whose archives are read. */
const readable = /\.(?:tar\.gz|tgz|zip)$/

/** Whether an sdist of this name is of a form that is read here. */
export function isReadableSdist(file: string): boolean {
  return readable.test(file)
}

/** Throws `artifact-invalid` for what is no archive of the form that its name says. */
export async function readSdist(path: string, file: string, signal?: AbortSignal): Promise<Sdist> {
  const refuse: Refuse = (reason) => {
    throw new AirlockError('artifact-invalid', { file, reason })
  }
  if (!isReadableSdist(file)) refuse(sdistFaults.form)
  return file.endsWith('.zip') ? readZip(path, refuse, signal) : readTar(path, refuse, signal)
}

async function readTar(path: string, refuse: Refuse, signal: AbortSignal | undefined): Promise<Sdist> {
  const found: Partial<Record<Part, string>> = {}
  const entries = extract()
  let count = 0
  let size = 0
  const source = createReadStream(path, { signal })
  const plain = createGunzip()
  const fail = (error: Error) => entries.destroy(error)
  source.once('error', fail)
  plain.once('error', fail)
  plain.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > limits.unpacked) fail(new AirlockError('artifact-invalid', { file: '', reason: sdistFaults.large }))
  })
  source.pipe(plain).pipe(entries)
  try {
    for await (const entry of entries) {
      if (++count > limits.entries) refuse(sdistFaults.large)
      const part = partOf(entry.header.name)
      if (part === null || entry.header.type !== 'file' || entry.header.size > limits.member) entry.resume()
      else found[part] ??= await textOf(entry)
    }
  } catch (error) {
    signal?.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error
    return refuse(error instanceof AirlockError ? sdistFaults.large : sdistFaults.broken)
  } finally {
    source.destroy()
    plain.destroy()
  }
  return complete(found)
}

function readZip(path: string, refuse: Refuse, signal: AbortSignal | undefined): Promise<Sdist> {
  return withZip(
    path,
    refuse,
    async (zip) => {
      const found: Partial<Record<Part, string>> = {}
      for (const member of zip.members.values()) {
        const part = member.isFolder || member.isLink ? null : partOf(member.name)
        if (part !== null && member.size <= limits.member)
          found[part] ??= (await zip.read(member, limits.member)).toString('utf8')
      }
      return complete(found)
    },
    signal,
  )
}

async function textOf(entry: AsyncIterable<unknown>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of entry) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

/** Which part of what is read a member is: all but requires.txt lie at the top of the one folder. */
function partOf(name: string): Part | null {
  const path = name.replace(/^\.\//, '')
  if (/^[^/]+\/PKG-INFO$/.test(path)) return 'pkgInfo'
  if (/^[^/]+\/pyproject\.toml$/.test(path)) return 'pyproject'
  return /^[^/]+\/(?:[^/]+\/){0,2}[^/]+\.egg-info\/requires\.txt$/.test(path) ? 'requiresTxt' : null
}

function complete({ pkgInfo = null, pyproject = null, requiresTxt = null }: Partial<Sdist>): Sdist {
  return { pkgInfo, pyproject, requiresTxt }
}
