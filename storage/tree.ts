/**
 * The only writer below AIRLOCK_ROOT that makes anything visible. Each step of a publication is on disk, names and
 * all, before the next begins: temp file on the same filesystem, fsync, rename, fsync of each folder once.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, rmdir, stat, statfs, utimes, writeFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { AirlockError } from '../server/errors.ts'
import { incomingDigestFolder, incomingFolder, incomingPath, inTree, type TreePath } from './layout.ts'
import type { Artifact } from './records.ts'

/**
 * A file to publish: bytes made by us, or an artifact that is moved from where it was downloaded to. `modifiedAt` is for
 * files whose readers compare times, in whole seconds: two versions within one second must not look the same.
 */
export type TreeFile = { readonly path: TreePath } & (
  | { readonly bytes: Uint8Array; readonly modifiedAt?: Date }
  | { readonly artifact: Artifact }
)

/** Absolute; `size` is an artifact's. */
type Move = { readonly from: string; readonly to: string; readonly size: number | null }

const folderMode = 0o755
const fileMode = 0o444

export function createTree(root: string) {
  /**
   * By folder, the sync after which this process has changed nothing there. What lies in any other may be of a run that was
   * killed, or of a step that was refused, between a rename and its sync: to find it is not to know that it is durable.
   */
  const synced = new Map<string, Promise<void>>()

  /** Makes a folder and its missing parents, world-readable whatever the umask. */
  async function makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true, mode: folderMode })
    if (first === undefined) return
    for (let made = folder; ; made = dirname(made)) {
      synced.delete(dirname(made))
      await chmod(made, folderMode)
      if (made === first) return
    }
  }

  /** Makes durable what these folders list, and their own names up to the root. */
  async function settle(folders: Iterable<string>): Promise<void> {
    const ways = new Set([...folders].flatMap(wayTo))
    await all([...ways].map((folder) => synced.get(folder) ?? syncOnce(folder)))
  }

  function syncOnce(folder: string): Promise<void> {
    const sync = syncFolder(folder)
    synced.set(folder, sync)
    sync.catch(() => {
      if (synced.get(folder) === sync) synced.delete(folder)
    })
    return sync
  }

  function wayTo(folder: string): string[] {
    return folder.length <= root.length ? [folder] : [folder, ...wayTo(dirname(folder))]
  }

  /** Puts a file where a rename can make it visible, and says so in `written`; null when the very same bytes are there already. */
  async function prepare(file: TreeFile, written: string[]): Promise<Move | null> {
    const to = inTree(root, file.path)
    if ('artifact' in file) {
      const { sha256, file: name, size } = file.artifact
      if (await isThere(to, size)) return null
      const from = inTree(root, incomingPath(sha256, name))
      await chmod(from, fileMode).catch(unlessThere(to, size))
      return { from, to, size }
    }
    const present = await readFile(to).catch(absent)
    if (present && Buffer.from(file.bytes).equals(present)) return null
    const from = join(root, incomingFolder, `.write-${randomBytes(8).toString('hex')}`)
    written.push(from)
    await writeFile(from, file.bytes, { mode: fileMode, flag: 'wx', flush: true })
    if (file.modifiedAt) await utimes(from, file.modifiedAt, file.modifiedAt)
    await chmod(from, fileMode)
    return { from, to, size: null }
  }

  /** All or none: what was written of a step that cannot be prepared is taken away, since its next try writes it again. */
  async function prepareAll(files: readonly TreeFile[]): Promise<Move[]> {
    const written: string[] = []
    const prepared = await Promise.allSettled(files.map((file) => prepare(file, written)))
    const failed = prepared.find(({ status }) => status === 'rejected')
    if (failed === undefined)
      return prepared.flatMap((one) => (one.status === 'fulfilled' && one.value !== null ? [one.value] : []))
    await Promise.all(written.map((path) => rm(path, { force: true })))
    throw (failed as PromiseRejectedResult).reason
  }

  async function publishStep(files: readonly TreeFile[]): Promise<number> {
    const places = new Set(files.map((file) => dirname(inTree(root, file.path))))
    await all([...places].map(makeFolder))
    const moves = await prepareAll(files)
    try {
      await all(moves.map(({ from, to, size }) => rename(from, to).catch(unlessThere(to, size))))
    } finally {
      for (const { to } of moves) synced.delete(dirname(to))
    }
    await settle(places)
    await Promise.all(files.map(leaveIncoming))
    return moves.length
  }

  /** The folder that an artifact was fetched into goes when nothing else is in it: the next crash would only leave it to the sweep. */
  async function leaveIncoming(file: TreeFile): Promise<void> {
    if (!('artifact' in file)) return
    const folder = inTree(root, incomingDigestFolder(file.artifact.sha256))
    await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code ?? '')) throw error
    })
  }

  return {
    /**
     * Makes the steps visible one after the other. Repeatable: what is there already is left alone. Returns the files
     * written. Throws `disk-full`; other errors are the file system's.
     */
    async publish(steps: Iterable<readonly TreeFile[]>): Promise<number> {
      const given = [...steps]
      try {
        await mkdir(join(root, incomingFolder), { recursive: true, mode: 0o700 })
        await chmod(join(root, incomingFolder), 0o700)
        let written = 0
        for (const files of given) written += await publishStep(files)
        return written
      } catch (error) {
        throw await explain(error, root, given.flat())
      }
    },

    /** Takes a file away for good, and its folder where that is empty without it. What is gone already is no trouble. */
    async remove(path: TreePath): Promise<void> {
      const file = inTree(root, path)
      await rm(file, { force: true })
      await rmdir(dirname(file)).catch(() => syncFolder(dirname(file)).catch(absent))
    },
  }
}

export type Tree = ReturnType<typeof createTree>

/** Node has no name for a quota's error. */
async function explain(error: unknown, root: string, files: readonly TreeFile[]): Promise<unknown> {
  const { code, errno } = error as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && errno !== -constants.errno.EDQUOT) return error
  const { bavail, bsize } = await statfs(root)
  const needed = files.reduce((sum, file) => sum + ('bytes' in file ? file.bytes.length : 0), 0)
  return new AirlockError('disk-full', { folder: root, free: bavail * bsize, needed }, { cause: error })
}

/** Waits for every one, also where one fails: nothing goes on behind the back of whoever tries again. */
async function all<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function isThere(path: string, size: number | null): Promise<boolean> {
  return (await stat(path).catch(absent))?.size === size
}

/** An artifact that is no longer where it was fetched to is no trouble where another lane has just moved it to its place. */
function unlessThere(to: string, size: number | null) {
  return async (error: NodeJS.ErrnoException): Promise<void> => {
    if (error.code !== 'ENOENT' || !(await isThere(to, size))) throw error
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
