/**
 * Opens files of the tree, and nothing else: regular files only, no link followed below the root, whoever put it there.
 * Opening never waits: a FIFO in the tree stops nobody.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { sep } from 'node:path'
import { inTree, type TreePath } from '../../storage/layout.ts'

/**
 * What tells one version of a file from another. A rename over it brings another inode, but inodes come back: only the
 * time of the last change, which nobody can set, tells a file from one that was there two versions ago.
 */
export type Version = {
  readonly ino: number
  readonly size: number
  readonly mtimeMs: number
  readonly ctimeMs: number
}

export type OpenFile = { readonly handle: FileHandle; readonly version: Version }

const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const absent = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'EINVAL'])

export function createDoor(root: string) {
  let realRoot: string | null = null

  /**
   * Whether no link was followed on the way to an open file: it is the file that is asked where it lies, since its path may
   * lead elsewhere by now. The root itself may be a link, and may be exchanged.
   */
  function liesInside(path: TreePath, descriptor: number): boolean {
    const real = placeOf(descriptor)
    const lies = (): boolean => realRoot !== null && real === realRoot + sep + path
    if (lies()) return true
    realRoot = realpathSync.native(root)
    return lies()
  }

  return {
    /** The absolute path, for a stat. */
    pathOf: (path: TreePath): string => inTree(root, path),

    /** Opens a file; null when there is none. The caller closes the handle. */
    async open(path: TreePath): Promise<OpenFile | null> {
      const absolute = inTree(root, path)
      const handle = await open(absolute, flags).catch(nullIfAbsent)
      if (handle === null) return null
      try {
        const stats = await handle.stat()
        if (stats.isFile() && liesInside(path, handle.fd)) return { handle, version: stats }
      } catch (error) {
        await handle.close()
        return nullIfAbsent(error)
      }
      await handle.close()
      return null
    },

    /** Reads a small file at once; null when there is none. */
    read(path: TreePath): { readonly bytes: Buffer; readonly version: Version } | null {
      const absolute = inTree(root, path)
      let descriptor: number | undefined
      try {
        descriptor = openSync(absolute, flags)
        const stats = fstatSync(descriptor)
        if (!stats.isFile() || !liesInside(path, descriptor)) return null
        return { bytes: readFileSync(descriptor), version: stats }
      } catch (error) {
        return nullIfAbsent(error)
      } finally {
        if (descriptor !== undefined) closeSync(descriptor)
      }
    },
  }
}

export type Door = ReturnType<typeof createDoor>

/** proc_pid_fd(5): the path of an open file; of one that was replaced since, the path that it had. */
function placeOf(descriptor: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`).replace(/ \(deleted\)$/, '')
  } catch (cause) {
    throw new Error('/proc does not say where a file lies', { cause })
  }
}

/** Null for an error that says that nothing is there; throws any other. */
export function nullIfAbsent(error: unknown): null {
  if (absent.has((error as NodeJS.ErrnoException).code ?? '')) return null
  throw error
}
