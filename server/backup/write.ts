/**
 * `airlock backup`: the database as of one instant, keys and configuration in one file. It holds secrets (the key that
 * repositories are signed with, credentials), so only its owner can read it, and no answer of the API ever carries it.
 */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pack } from 'tar-stream'
import { copyDatabase } from '../../storage/copy.ts'
import { statePaths } from '../../storage/layout.ts'
import { besideConfig, type Config } from '../config.ts'
import { AirlockError } from '../errors.ts'
import { isName, manifestName, type Manifest } from './manifest.ts'

export type Written = {
  /** Absolute. */
  readonly file: string
  readonly bytes: number
  readonly sha256: string
  /** How many files are in it. */
  readonly files: number
  /** What the configuration names elsewhere: to be kept by other means. */
  readonly outside: readonly string[]
}

type Source = { readonly name: string; readonly path: string }
type Deps = { readonly config: Config; readonly now: () => Date }

/**
 * Writes a backup, whole or not at all; one that is there is replaced. `into` null: the state's own folder, where it is kept
 * until it is taken away. Throws `backup-unwritable`.
 */
export function createBackup({ config, now }: Deps) {
  const paths = statePaths(config.state)

  async function sources(copy: string): Promise<{ found: Source[]; outside: string[] }> {
    const keys = await readdir(paths.keys, { withFileTypes: true }).catch(absent)
    const own = (keys ?? [])
      .filter((entry) => entry.isFile() && isName(`keys/${entry.name}`))
      .map(({ name }) => ({ name: `keys/${name}`, path: join(paths.keys, name) }))
    const configured = config.file === null ? [] : [{ name: 'airlock.yaml', path: config.file }]
    const beside: Source[] = []
    const outside: string[] = []
    for (const given of namedPaths(config)) {
      const path = besideConfig(config, given)
      if (!(await stat(path).catch(absent))?.isFile()) continue
      const name = `beside/${given}`
      if (config.file === null || isAbsolute(given) || !isName(name)) outside.push(path)
      else beside.push({ name, path })
    }
    return { found: [{ name: 'airlock.db', path: copy }, ...own, ...configured, ...beside], outside }
  }

  async function write(into: string): Promise<Written> {
    const folder = await emptyFolder(join(paths.backup, 'copy'))
    const part = join(dirname(into), `.${basename(into)}.part`)
    try {
      await refuseFull(dirname(into), (await stat(paths.database)).size)
      const copy = join(folder, 'airlock.db')
      await copyDatabase(paths.database, copy)
      const { found, outside } = await sources(copy)
      const files = []
      for (const { name, path } of found) files.push({ name, ...(await digestOf(path)) })
      const createdAt = now().toISOString()
      const manifest: Manifest = { format: 'airlock-backup', version: 1, createdAt, files, outside }
      await rm(part, { force: true })
      const hash = createHash('sha256')
      await archive(part, manifest, found, hash)
      const { size } = await stat(part)
      await rename(part, into)
      await syncFolder(dirname(into))
      return { file: into, bytes: size, sha256: hash.digest('hex'), files: found.length, outside }
    } finally {
      await rm(folder, { recursive: true, force: true })
      await rm(part, { force: true })
    }
  }

  let turn: Promise<unknown> = Promise.resolve()

  return async function backup(into: string | null): Promise<Written> {
    const file = into === null ? join(paths.backup, 'airlock-backup.tar') : resolve(into)
    const result = turn.then(() => write(file))
    turn = result.catch(() => {})
    return result.catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException
      if (error instanceof AirlockError || typeof code !== 'string') throw error
      throw new AirlockError('backup-unwritable', { file, reason: code }, { cause: error })
    })
  }
}

export type Backup = ReturnType<typeof createBackup>

async function archive(part: string, manifest: Manifest, found: readonly Source[], hash: Hash): Promise<void> {
  const tar = pack()
  const mtime = new Date(manifest.createdAt)
  const entry = (name: string, size: number) => ({
    name,
    size,
    mtime,
    mode: 0o600,
    uid: 0,
    gid: 0,
    uname: '',
    gname: '',
  })
  async function fill(): Promise<void> {
    tar.entry(entry(manifestName, Buffer.byteLength(text)), text)
    for (const [at, { name, path }] of found.entries())
      await pipeline(createReadStream(path), tar.entry(entry(name, manifest.files[at]!.size)))
    tar.finalize()
  }
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  const output = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true })
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk)
      yield chunk
    }
  }
  await Promise.all([pipeline(tar, hashed, output), fill().catch((error: Error) => tar.destroy(error))])
}

/** One-line values of the configuration that may be paths. */
function namedPaths({ targets, upstreams }: Config): Set<string> {
  const values = Object.values(targets).flatMap(({ pip, apt }) => [
    pip?.installed,
    ...[apt?.sources ?? []].flat(),
    ...(apt?.keyrings ?? []),
    ...(apt?.preferences ?? []),
    apt?.status,
  ])
  const keys = Object.values(upstreams.apt).map(({ signedBy }) => signedBy)
  return new Set(
    [...values, ...keys].filter((value) => value !== undefined && value !== '' && !value.includes('\n')) as string[],
  )
}

async function digestOf(path: string): Promise<{ size: number; sha256: string }> {
  const { size } = await stat(path)
  if (size < 1 << 20)
    return {
      size,
      sha256: createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    }
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { size, sha256: hash.digest('hex') }
}

/** A copy and an archive, each as large as the database. */
async function refuseFull(folder: string, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const [free, needed] = [bavail * bsize, 2 * size + (1 << 20)]
  if (free < needed) throw new AirlockError('disk-full', { folder, free, needed })
}

/** For the state's owner, who makes it again if it was killed: nobody else's work lies there. */
export async function emptyFolder(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
