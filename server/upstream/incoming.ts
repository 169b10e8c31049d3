/** What lies in `.incoming/`, for the sweeps: whole files that a job may need, downloads to resume, and the rest. */
import { randomBytes } from 'node:crypto'
import { readdirSync, renameSync, statSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { incomingDigestFolder, incomingFolder, incomingPath, inTree, sha256Pattern } from '../../storage/layout.ts'

export type Incoming = {
  readonly sha256: string
  /** Whole files. */
  readonly files: readonly string[]
  /** A download broke off here. */
  readonly partial: boolean
  /** The latest change to anything of it, ms since 1970. */
  readonly changedAt: number
}

/** Every digest's folder, sorted by digest. */
export async function listIncoming(root: string): Promise<Incoming[]> {
  const found: Incoming[] = []
  for (const sha256 of (await namesIn(inTree(root, incomingFolder))).toSorted()) {
    if (!sha256Pattern.test(sha256)) continue
    const folder = inTree(root, `${incomingFolder}/${sha256}`)
    const names = await namesIn(folder)
    const times = await Promise.all([folder, ...names.map((name) => join(folder, name))].map(changedAt))
    const files = names.filter((name) => !name.startsWith('.')).toSorted()
    found.push({ sha256, files, partial: names.includes('.part'), changedAt: Math.max(...times) })
  }
  return found
}

/** Takes a file of ours in as if it had been fetched: copied, synced, then given its name. Repeatable. */
export async function keepIncoming(
  root: string,
  from: string,
  { file, sha256 }: { readonly file: string; readonly sha256: string },
): Promise<void> {
  const folder = inTree(root, incomingDigestFolder(sha256))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const part = join(folder, `.kept-${randomBytes(8).toString('hex')}`)
  try {
    await copyFile(from, part)
    await synced(part)
    await rename(part, inTree(root, incomingPath(sha256, file)))
  } finally {
    await rm(part, { force: true })
  }
  for (const changed of [folder, inTree(root, incomingFolder)]) await synced(changed)
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Removes folders whose digest nobody needs: partial downloads at once, whole files when untouched since `before` (ms),
 * empty folders always. Also indexes that never got their name, by the same age. Returns the removed tree paths.
 * Only while nothing downloads or publishes: at boot.
 */
export async function sweepIncoming(
  root: string,
  options: { readonly needed: ReadonlySet<string>; readonly before: number },
): Promise<string[]> {
  const removed: string[] = []
  const remove = async (path: string) => {
    await rm(inTree(root, path), { recursive: true, force: true })
    removed.push(path)
  }
  for (const { sha256, files, partial, changedAt: at } of await listIncoming(root)) {
    const path = `${incomingFolder}/${sha256}`
    if (files.length === 0 && !partial) await remove(path)
    else if (options.needed.has(sha256)) continue
    else if (files.length === 0 || at < options.before) await remove(path)
    else if (partial) for (const name of ['.part', '.part.json']) await remove(`${path}/${name}`)
  }
  for (const name of await namesIn(inTree(root, incomingFolder))) {
    const path = `${incomingFolder}/${name}`
    if (name.startsWith('.gone-')) await remove(path)
    if (name.startsWith('.write-') && (await changedAt(inTree(root, path))) < options.before) await remove(path)
  }
  return removed
}

/**
 * Removes the folders that nobody has touched since `before` (ms), while others fetch and publish; but those of a digest
 * that is needed or busy. Judged and put aside in one go: whoever looks for a file, and touches it, does so before or after.
 */
export async function dropUnwanted(
  root: string,
  options: {
    /** Asked only where something is old. */
    readonly needed: () => Promise<ReadonlySet<string>>
    readonly isBusy: (sha256: string) => boolean
    readonly before: number
  },
): Promise<number> {
  const old = (await listIncoming(root)).filter(({ changedAt: at }) => at < options.before)
  if (old.length === 0) return 0
  const needed = await options.needed()
  let dropped = 0
  for (const { sha256 } of old.filter((one) => !needed.has(one.sha256) && !options.isBusy(one.sha256))) {
    const aside = putAside(root, sha256, options.before)
    if (aside === null) continue
    await rm(aside, { recursive: true, force: true })
    dropped++
  }
  return dropped
}

/** Null: somebody has touched it since, or taken it. */
function putAside(root: string, sha256: string, before: number): string | null {
  const folder = inTree(root, incomingDigestFolder(sha256))
  const aside = inTree(root, `${incomingFolder}/.gone-${randomBytes(8).toString('hex')}`)
  try {
    const all = [folder, ...readdirSync(folder).map((name) => join(folder, name))]
    if (all.some((path) => statSync(path).mtimeMs >= before)) return null
    renameSync(folder, aside)
    return aside
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return null
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await orAbsent(readdir(folder))) ?? []
}

async function changedAt(path: string): Promise<number> {
  return (await orAbsent(stat(path)))?.mtimeMs ?? 0
}

async function orAbsent<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}
