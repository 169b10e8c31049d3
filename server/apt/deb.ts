/**
 * Whether a .deb is the package that the archive's index says it is. Its bytes are right already (SHA-256, signed
 * index); this refuses what readers could understand differently, and reads members without unpacking anything.
 */
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { gunzip } from '../archive/gunzip.ts'
import type { TarMember } from '../archive/tar-names.ts'
import type { TarRefuse } from '../archive/tar-words.ts'
import { readTar } from '../archive/tar.ts'
import type { OpenChild } from '../child.ts'
import { zstdFrameEnd } from '../archive/zstd-frame.ts'
import { AirlockError } from '../errors.ts'
import { readDebMembers, type Member } from './ar.ts'
import { parseFields, paragraphs, type Fields } from './stanza.ts'

/** Of the control member: packed, unpacked, and its entries. Real ones are a hundred times smaller. */
const limits = { packed: 16 << 20, unpacked: 64 << 20, entries: 10_000, control: 1 << 20 }
const unpackZstd = promisify(zstdDecompress)
/** As deb-control's files are called; none lies in a folder. dpkg tells of a `.` and of a name that begins with `./`. */
const controlFile = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/

const identity = ['package', 'version', 'architecture'] as const

export function createDebs({ openChild }: { readonly openChild: OpenChild }) {
  /** The fields of a .deb's control file. Throws `artifact-invalid`. */
  async function readControl(path: string, file: string, signal: AbortSignal): Promise<Fields> {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      const { control } = await readDebMembers(handle, size, file)
      if (control.size > limits.packed) throw invalid(file, `its control member has ${control.size} bytes`)
      const packed = Buffer.alloc(control.size)
      const { bytesRead } = await handle.read(packed, 0, control.size, control.start)
      if (bytesRead !== control.size) throw invalid(file, 'it is cut short')
      const text = await findControl(unpack(packed, control, path, file, signal), file)
      const found = paragraphs(text)
      if (found.length !== 1) throw invalid(file, `its control file has ${found.length} paragraphs`)
      checkFields(found[0]!, file)
      return parseFields(found[0]!)
    } finally {
      await handle.close()
    }
  }

  /** What the control member holds, unpacked; no more of it than is asked for. */
  async function* unpack(
    packed: Buffer,
    { name }: Member,
    path: string,
    file: string,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    try {
      if (name.endsWith('.gz'))
        yield* gunzip(async (start, end) => packed.subarray(start, end), packed.length, refusal(file))
      else if (name.endsWith('.zst')) yield await unpackZstd(onlyFrame(packed), { maxOutputLength: limits.unpacked })
      else if (name.endsWith('.xz')) yield* unpackXz(path, signal)
      else yield packed
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof AirlockError) throw cause
      throw invalid(file, `its control member cannot be unpacked (${String(cause)})`, cause)
    }
  }

  /** Node has no xz: dpkg-deb, which every system with apt has, unpacks that. */
  function unpackXz(path: string, signal: AbortSignal): AsyncIterable<Buffer> {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
    return openChild('dpkg-deb', ['--ctrl-tarfile', path], { env, signal })
  }

  return {
    readControl,

    /** Throws `artifact-invalid` unless the file is a well-formed .deb whose control file agrees with its index entry. */
    async check(path: string, file: string, stanza: string, signal: AbortSignal): Promise<void> {
      const own = await readControl(path, file, signal)
      const listed = parseFields(stanza)
      for (const name of identity)
        if (own.get(name) !== listed.get(name))
          throw invalid(file, `its ${name} is ${own.get(name) ?? 'missing'}, the archive says ${listed.get(name)}`)
    },
  }
}

export type Debs = ReturnType<typeof createDebs>

/** `./control` of a control.tar, the whole archive read and judged. */
async function findControl(tar: AsyncIterable<Buffer>, file: string): Promise<string> {
  const refuse = refusal(file)
  const seen = new Set<string>()
  let text: string | null = null
  const members = readTar(tar, {
    maxBytes: limits.unpacked,
    maxMembers: limits.entries,
    keep: ({ name, size }) => name === 'control' && size <= limits.control,
    pax: false,
    refuse,
  })
  for await (const { member, content } of members) {
    const oddity = oddityOf(member, seen)
    if (oddity !== null) throw invalid(file, `its control member ${oddity}`)
    if (member.name !== 'control') continue
    if (content === null) throw invalid(file, 'its control file is no plain file of usual size')
    text = content.toString('utf8')
  }
  if (text === null) throw invalid(file, 'it has no control file')
  return text
}

/** Links among the files are taken: old packages have a script under two names. */
function oddityOf({ name, kind }: TarMember, seen: Set<string>): string | null {
  if (name === '' && kind === 'folder') return null
  if (seen.has(name)) return `has ${JSON.stringify(name)} twice`
  seen.add(name)
  if (kind !== 'file' && kind !== 'link') return `holds a ${kind}`
  return controlFile.test(name) ? null : `names ${JSON.stringify(name)}`
}

/** dpkg refuses these; other readers take one or the other. Bytes beyond ASCII are any: old maintainers wrote Latin-1. */
function checkFields(stanza: string, file: string): void {
  const seen = new Set<string>()
  for (const line of stanza.split('\n')) {
    if (/^[ \t]/.test(line)) {
      if (seen.size === 0) throw invalid(file, 'its control file begins in the middle of a field')
      continue
    }
    const name = /^([!-,.-9;-~][!-9;-~]*)[ \t]*:/.exec(line)?.[1]?.toLowerCase()
    if (name === undefined) throw invalid(file, 'its control file has a line that is no field')
    if (seen.has(name)) throw invalid(file, `its control file has ${name} twice`)
    seen.add(name)
  }
  if (stanza.includes('\0')) throw invalid(file, 'its control file has a zero byte')
}

/** Zstandard: one frame that fills the member. Node reads the first one, dpkg all. Source: RFC 8878. */
function onlyFrame(packed: Buffer): Buffer {
  if (zstdFrameEnd(packed) !== packed.length) throw new RangeError('it is not one zstd frame')
  return packed
}

function refusal(file: string): TarRefuse {
  return (reason) => {
    throw new AirlockError('artifact-invalid', { file, reason })
  }
}

function invalid(file: string, reason: string, cause?: unknown): AirlockError {
  return new AirlockError('artifact-invalid', { file, reason }, { cause })
}
