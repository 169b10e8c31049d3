import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Everything that a pod can see: path -> digest. */
export async function snapshotOf(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split('/').some((part) => part.startsWith('.')))
    .toSorted()
  const digest = async (path: string) =>
    createHash('sha256')
      .update(await readFile(join(root, path)))
      .digest('hex')
  return Object.fromEntries(await Promise.all(files.map(async (path) => [path, await digest(path)] as const)))
}
