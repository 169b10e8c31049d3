/**
 * A source distribution (PEP 517, 518, 625), read for what it says of itself. Members are read one by one: nothing is
 * unpacked to disk and nothing in it is run.
 */
import { gunzip } from '../archive/gunzip.ts'
import { readTar } from '../archive/tar.ts'
import { tarFaults } from '../archive/tar-words.ts'
import { AirlockError } from '../errors.ts'
import { sdistFaults } from './build-words.ts'
import { openFile } from './file-bytes.ts'
import type { Refuse } from './zip-words.ts'
import { withZip } from './zip.ts'

export type Sdist = {
  readonly pkgInfo: string | null
  readonly pyproject: string | null
  /** What setuptools wrote of its requirements: the only place in sdists from before it wrote them into PKG-INFO. */
  readonly requiresTxt: string | null
}

/** Real ones stay a hundred times below, but for data that somebody ships as code. */
const limits = { unpacked: 4 * 2 ** 30, members: 300_000, part: 4 << 20, parts: 16 << 20 }
/** As for zips: what unpacks to little does no harm, whatever it was. */
const maxRatio = 200
const harmlessSize = 256 << 20
/** The ends of names whose archives are read. */
const readable = /\.(?:tar\.gz|tgz|zip)$/
/** The folder that all lies in, at most, and below it what is read. */
const part = /^(?:[^/]+\/)?(?:PKG-INFO|pyproject\.toml|(?:[^/]+\/){0,3}[^/]+\.egg-info\/requires\.txt)$/

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
  return file.endsWith('.zip') ? readZip(path, refuse, signal) : readGzippedTar(path, refuse, signal)
}

async function readGzippedTar(path: string, refuse: Refuse, signal: AbortSignal | undefined): Promise<Sdist> {
  const { size, bytes, close } = await openFile(path)
  try {
    const read = (start: number, end: number) => {
      signal?.throwIfAborted()
      return bytes(start, end)
    }
    const parts = createParts(refuse)
    const members = readTar(gunzip(read, size, refuse), {
      maxBytes: Math.min(limits.unpacked, Math.max(harmlessSize, size * maxRatio)),
      maxMembers: limits.members,
      keep: ({ name, size }) => parts.wants(name, size),
      pax: true,
      refuse,
    })
    for await (const { member, content } of members) {
      if (member.name === '') continue
      // what lies behind a link, readers that unpack see and others do not
      if (member.kind !== 'file' && part.test(member.name)) refuse(sdistFaults.part(member.name))
      parts.add(member.name, content)
    }
    return parts.complete()
  } finally {
    await close()
  }
}

function readZip(path: string, refuse: Refuse, signal: AbortSignal | undefined): Promise<Sdist> {
  return withZip(
    path,
    refuse,
    async (zip) => {
      const parts = createParts(refuse)
      for (const member of zip.members.values()) {
        const isPart = part.test(member.name)
        if (isPart && (member.isFolder || member.isLink)) refuse(sdistFaults.part(member.name))
        const isWanted = isPart && parts.wants(member.name, member.size)
        parts.add(member.name, isWanted ? await zip.read(member, limits.part) : null)
      }
      return parts.complete()
    },
    signal,
  )
}

/** What is read of an sdist, until it is known where its source begins. */
function createParts(refuse: Refuse) {
  const found = new Map<string, string>()
  const tops = new Set<string>()
  let kept = 0

  return {
    /** Throws through `refuse` for more of it than any source has. */
    wants(name: string, size: number): boolean {
      if (!part.test(name)) return false
      kept += size
      if (size > limits.part || kept > limits.parts) refuse(tarFaults.large)
      return true
    },
    add(name: string, content: Buffer | null): void {
      tops.add(name.split('/', 1)[0]!)
      if (content === null) return
      const text = content.toString('utf8')
      // the last one is what is unpacked, the first one what others read
      if ((found.get(name) ?? text) !== text) refuse(tarFaults.twice(name))
      found.set(name, text)
    },
    /** As builders have it: the source is the one folder that all lies in, or where there are several, the whole. */
    complete(): Sdist {
      if (tops.size === 0) refuse(sdistFaults.broken)
      const [top] = tops
      const start = tops.size === 1 ? `${top}/` : ''
      const inside = [...found].flatMap(([name, text]) =>
        name.startsWith(start) ? [[name.slice(start.length), text] as const] : [],
      )
      const one = (name: string) => inside.find(([path]) => path === name)?.[1] ?? null
      const requiresTxt = inside.find(([path]) => /^(?:[^/]+\/){0,2}[^/]+\.egg-info\/requires\.txt$/.test(path))
      return { pkgInfo: one('PKG-INFO'), pyproject: one('pyproject.toml'), requiresTxt: requiresTxt?.[1] ?? null }
    },
  }
}
