/**
 * Whether a .deb is the package that the archive's index says it is. Its bytes are right already (SHA-256, signed
 * index); this refuses what readers could understand differently, and reads members without unpacking anything.
 */
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import type { OpenChild } from '../child.ts'
import { AirlockError } from '../errors.ts'
import { readDebMembers, type Member } from './ar.ts'
import { parseFields, paragraphs, type Fields } from './stanza.ts'

/** Of the control member: packed, unpacked, and its entries. Real ones are a hundred times smaller. */
const limits = { packed: 16 << 20, unpacked: 64 << 20, entries: 10_000, control: 1 << 20 }
const inflate = { gz: promisify(gunzip), zst: promisify(zstdDecompress) }

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
      await handle.read(packed, 0, control.size, control.start)
      const found = paragraphs(await findControl(await unpack(packed, control, path, file, signal), file))
      if (found.length !== 1) throw invalid(file, `its control file has ${found.length} paragraphs`)
      return parseFields(found[0]!)
    } finally {
      await handle.close()
    }
  }

  async function unpack(
    packed: Buffer,
    { name }: Member,
    path: string,
    file: string,
    signal: AbortSignal,
  ): Promise<Buffer> {
    try {
      if (name.endsWith('.gz')) return await inflate.gz(packed, { maxOutputLength: limits.unpacked })
      if (name.endsWith('.zst')) return await inflate.zst(packed, { maxOutputLength: limits.unpacked })
      return name.endsWith('.xz') ? await unpackXz(path, signal) : packed
    } catch (cause) {
      signal.throwIfAborted()
      throw invalid(file, `its control member cannot be unpacked (${String(cause)})`, cause)
    }
  }

  /** Node has no xz: dpkg-deb, which every system with apt has, unpacks that. */
  async function unpackXz(path: string, signal: AbortSignal): Promise<Buffer> {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
    const parts: Buffer[] = []
    let size = 0
    for await (const part of openChild('dpkg-deb', ['--ctrl-tarfile', path], { env, signal })) {
      parts.push(part as Buffer)
      size += (part as Buffer).length
      if (size > limits.unpacked) throw new Error(`more than ${limits.unpacked} bytes`)
    }
    return Buffer.concat(parts)
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
async function findControl(tar: Buffer, file: string): Promise<string> {
  const entries = extract()
  let count = 0
  let text: string | null = null
  entries.end(tar)
  try {
    for await (const entry of entries) {
      const { header } = entry
      if (++count > limits.entries) throw invalid(file, 'its control member has too many entries')
      const oddity = oddityOf(header)
      if (oddity !== null) throw invalid(file, `its control member ${oddity}`)
      if (header.name.replace(/^\.\//, '') !== 'control') {
        entry.resume()
        continue
      }
      if (text !== null) throw invalid(file, 'it has two control files')
      if (header.type !== 'file' || header.size > limits.control)
        throw invalid(file, 'its control file is no plain file of usual size')
      const parts: Buffer[] = []
      for await (const part of entry) parts.push(part as Buffer)
      text = Buffer.concat(parts).toString('utf8')
    }
  } catch (cause) {
    if (cause instanceof AirlockError) throw cause
    throw invalid(file, `its control member cannot be read (${String(cause)})`, cause)
  }
  if (text === null) throw invalid(file, 'it has no control file')
  return text
}

function oddityOf({ name, type, pax }: Header): string | null {
  if (/^\/|(?:^|\/)\.\.(?:\/|$)/.test(name) || name.includes('\0')) return `names ${JSON.stringify(name)}`
  if (type !== 'file' && type !== 'directory' && type !== 'symlink') return `holds a ${type ?? 'thing of no type'}`
  // dpkg itself knows no such records
  return pax === null ? null : 'holds PAX records'
}

function invalid(file: string, reason: string, cause?: unknown): AirlockError {
  return new AirlockError('artifact-invalid', { file, reason }, { cause })
}
