/**
 * One digest's download on disk: `.part`, the bytes so far, and `.part.json`, what resumes it. The finished file gets its
 * name by rename, after its bytes are on disk.
 * Invariant: a file with its final name is whole; nothing is believed of a `.part` but what hashing it again shows.
 */
import { createHash, type Hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  chmod,
  constants,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  rmdir,
  writeFile,
  type FileHandle,
} from 'node:fs/promises'
import { join } from 'node:path'
import { incomingDigestFolder, incomingFolder, inTree } from '../../storage/layout.ts'

export type Part = {
  /** Where its bytes are until it is finished. */
  readonly path: string
  /** Bytes taken so far. */
  readonly length: number
  /** The strong ETag that a resume may rely on; null: none, start over. */
  readonly etag: string | null
  /** Forgets the bytes; what is taken from here on has this ETag (weak ones count as none). */
  restart(etag: string | null): Promise<void>
  /** Takes bytes; they are on their way to the file when it resolves. Throws the file system's errors. */
  take(chunk: Buffer): Promise<void>
  /** Everything taken is in the file; its digest. Nothing more may be taken. */
  digest(): Promise<string>
  /** Durable under its final name, 0444. Closes it. */
  finish(file: string): Promise<void>
  /** Keeps what is there for a resume. Repeatable. */
  close(): Promise<void>
  /** Removes it, and its folder unless something else lies there. */
  drop(): Promise<void>
}

const blockSize = 1 << 20
/** Blocks that no part uses: small files are many, and each new block brings the next garbage collection nearer. */
const spare: Buffer[] = []
const takeBlock = () => spare.pop() ?? Buffer.allocUnsafe(blockSize)

/** Whether anything of a digest may be here that a download could go on from. */
export function hasPart(root: string, sha256: string): boolean {
  return existsSync(inTree(root, incomingDigestFolder(sha256)))
}

/** Opens or begins it, hashing what is there if it came from this URL under a strong ETag. */
export async function openPart(root: string, sha256: string, url: string, signal: AbortSignal): Promise<Part> {
  const folder = inTree(root, incomingDigestFolder(sha256))
  const path = join(folder, '.part')
  const notePath = join(folder, '.part.json')
  const place = await makePlace(inTree(root, incomingFolder), folder)

  let hash: Hash = createHash('sha256')
  let noted = false
  let etag: string | null = null
  if (!place.isNew) {
    // killed between its last byte and its name, it is read-only
    await chmod(path, 0o600).catch(() => {})
    const old = await readNote(notePath)
    noted = old !== null
    etag = old?.url === url && typeof old.etag === 'string' ? strong(old.etag) : null
  }
  const anew = etag === null ? constants.O_TRUNC : 0
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | anew, 0o600)
  let written = 0
  // one block fills while the other is written
  let [block, other] = [takeBlock(), takeBlock()]
  let filled = 0
  let writing: Promise<void> = Promise.resolve()
  let closed = false

  /** Begins to write what is filled. Throws what the write before it met. */
  async function flush() {
    await writing
    // a small file is sooner fetched again than noted down
    if (filled === blockSize) await note()
    writing = writeAll(file, block.subarray(0, filled), written)
    // whoever needs the outcome awaits it; until then it is no unhandled rejection
    writing.catch(() => {})
    written += filled
    filled = 0
    ;[block, other] = [other, block]
  }

  async function settle() {
    await flush()
    await writing
  }

  async function restart(newEtag: string | null) {
    await writing
    if (noted) await rm(notePath, { force: true })
    noted = false
    // only now: a note must never speak of bytes that came under another ETag
    if (written > 0) await file.truncate(0)
    hash = createHash('sha256')
    written = 0
    filled = 0
    etag = strong(newEtag)
  }

  /** What a later try resumes by, once. */
  async function note() {
    if (noted || etag === null) return
    await writeFile(notePath, JSON.stringify({ url, etag }), { mode: 0o600 })
    noted = true
  }

  async function close() {
    if (closed) return
    closed = true
    try {
      await settle()
      if (written > 0) await note()
    } finally {
      await release()
    }
  }

  /** Only when no write is under way: the blocks will be another part's. */
  async function release() {
    spare.push(block, other)
    await file.close()
  }

  try {
    if (etag !== null) written = await hashAll(file, hash, block, signal)
  } catch (error) {
    await release()
    throw error
  }

  return {
    path,
    get length() {
      return written + filled
    },
    get etag() {
      return etag
    },
    restart,
    close,
    async take(chunk) {
      hash.update(chunk)
      for (let from = 0; from < chunk.length;) {
        const n = chunk.copy(block, filled, from)
        filled += n
        from += n
        if (filled === blockSize) await flush()
      }
    },
    async digest() {
      await settle()
      return hash.copy().digest('hex')
    },
    async finish(name) {
      await file.chmod(0o444)
      await file.sync()
      await writing
      closed = true
      await release()
      await rename(path, join(folder, name))
      if (noted) await rm(notePath, { force: true })
      // the folder's own name must be as durable as what lies in it
      await Promise.all([syncFolder(folder), syncShared(inTree(root, incomingFolder))])
      if (place.isFirst) await syncFolder(root)
    },
    async drop() {
      if (!closed) {
        closed = true
        await writing.catch(() => {})
        await release()
      }
      await Promise.all([rm(path, { force: true }), rm(notePath, { force: true })])
      // not empty: another file of the same digest lies there
      await rmdir(folder).catch(() => {})
    },
  }
}

/** Only a strong ETag says that the bytes are the same (RFC 9110 13.1.5). */
function strong(etag: string | null): string | null {
  return etag !== null && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(etag) ? etag : null
}

/** Null: there is none. */
async function readNote(path: string): Promise<{ readonly url?: unknown; readonly etag?: unknown } | null> {
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as object | null) ?? {}
  } catch (error) {
    // torn, it says nothing
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : {}
  }
}

async function hashAll(file: FileHandle, hash: Hash, block: Buffer, signal: AbortSignal): Promise<number> {
  for (let at = 0; ;) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(block, 0, block.length, at)
    if (bytesRead === 0) return at
    hash.update(block.subarray(0, bytesRead))
    at += bytesRead
  }
}

/** A write may be short; the next one then tells why. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' })
    done += bytesWritten
  }
}

/** `.incoming/` folders that this process has found or made, and closed to others. */
const ours = new Set<string>()

/** The folder of one digest. `isNew`: nothing lies in it; `isFirst`: so is the folder around it. Mostly one call does for both. */
async function makePlace(incoming: string, folder: string): Promise<{ isNew: boolean; isFirst: boolean }> {
  const isFirst = !ours.has(incoming) && (await makePrivate(incoming))
  ours.add(incoming)
  try {
    await mkdir(folder, { mode: 0o700 })
    return { isNew: true, isFirst }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && ours.delete(incoming)) return makePlace(incoming, folder)
    if (code !== 'EEXIST') throw error
  }
  await makePrivate(folder)
  return { isNew: false, isFirst }
}

/** 0700 whatever was there. Whether it is new. */
async function makePrivate(folder: string): Promise<boolean> {
  const made = await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  return made !== undefined
}

/** The next sync of a folder, which serves everyone who asks before it begins. */
const nextSync = new Map<string, Promise<void>>()
const lastSync = new Map<string, Promise<void>>()

function syncShared(folder: string): Promise<void> {
  const waiting = nextSync.get(folder)
  if (waiting) return waiting
  const before = lastSync.get(folder) ?? Promise.resolve()
  const next = before
    .catch(() => {})
    .then(() => {
      nextSync.delete(folder)
      return syncFolder(folder)
    })
  nextSync.set(folder, next)
  lastSync.set(folder, next)
  return next
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
