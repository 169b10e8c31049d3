/**
 * `airlock restore`: a state from a backup. Invariant: nothing of the state changes before every file of the backup is here
 * and its digest is right; what was there is moved aside, never deleted. The database comes last: a restore that was cut
 * off leaves a state that can be restored again.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { lstat, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import { faultOfCopy } from '../../storage/copy.ts'
import { statePaths } from '../../storage/layout.ts'
import { AirlockError, type Phrase } from '../errors.ts'
import { manifestName, manifestSchema, type Manifest } from './manifest.ts'
import { absent, emptyFolder, syncFolder } from './write.ts'

export type Restored = {
  readonly state: string
  readonly createdAt: string
  readonly files: number
  /** Where what was there is now; null: nothing was. */
  readonly aside: string | null
  readonly outside: readonly string[]
}

/** Bytes: a manifest of 10,000 files has a fifth of this. */
const maxManifest = 8 << 20

/** The state's lock is the caller's. Throws `state-not-empty`, `backup-invalid`; then nothing has changed. */
export async function restoreBackup(file: string, state: string, force: boolean): Promise<Restored> {
  const paths = statePaths(state)
  const there = await occupied(state)
  if (there.length > 0 && !force) throw new AirlockError('state-not-empty', { folder: state, found: there })
  const folder = await emptyFolder(join(paths.backup, 'restore'))
  try {
    const manifest = await unpack(file, folder)
    const fault = faultOfCopy(join(folder, 'airlock.db'))
    if (fault !== null) throw invalid(file, faults[fault])
    const names = manifest.files.map(({ name }) => name)
    const aside = await moveAside(state, [...new Set([...there, ...names.map(placeOf)])])
    for (const name of names.filter((one) => one !== 'airlock.db')) await put(folder, state, name)
    await put(folder, state, 'airlock.db')
    return { state, createdAt: manifest.createdAt, files: names.length, aside, outside: manifest.outside }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What makes a state one. */
async function occupied(state: string): Promise<string[]> {
  const names = ['airlock.db', 'airlock.db-wal', 'airlock.db-shm', 'airlock.yaml']
  const found = await Promise.all(
    names.map(async (name) => ((await lstat(join(state, name)).catch(absent)) ? [name] : [])),
  )
  const keys = (await readdir(join(state, 'keys')).catch(absent)) ?? []
  return [...found.flat(), ...keys.map((name) => `keys/${name}`)]
}

/** Every file below `folder`, each as its manifest says. */
async function unpack(file: string, folder: string): Promise<Manifest> {
  const tar = extract()
  const left = new Map<string, { readonly size: number; readonly sha256: string }>()
  let manifest: Manifest | null = null
  const read = async (): Promise<void> => {
    for await (const entry of tar) {
      const { name, type, size } = entry.header
      if (type !== 'file') throw invalid(file, faults.strange)
      if (manifest === null) {
        if (name !== manifestName || (size ?? 0) > maxManifest) throw invalid(file, faults.notOne)
        manifest = parseManifest(file, (await buffer(entry)).toString('utf8'))
        for (const { name: one, ...stated } of manifest.files) left.set(one, stated)
        continue
      }
      const stated = left.get(name)
      if (!stated || stated.size !== size) throw invalid(file, faults.strange)
      left.delete(name)
      const path = join(folder, name)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const hash = createHash('sha256')
      await pipeline(
        entry,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk)
            yield chunk
          }
        },
        createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }),
      )
      if (hash.digest('hex') !== stated.sha256) throw invalid(file, changed(name))
    }
  }
  try {
    await Promise.all([pipeline(createReadStream(file), tar), read()])
  } catch (error) {
    if (error instanceof AirlockError) throw error
    const { code } = error as NodeJS.ErrnoException
    // without a code it is the archive's reader that speaks
    throw invalid(
      file,
      typeof code === 'string' && code !== 'ERR_STREAM_PREMATURE_CLOSE' ? { en: code, zh: code } : faults.notOne,
    )
  }
  if (manifest === null) throw invalid(file, faults.notOne)
  const [lacking] = left.keys()
  if (lacking !== undefined) throw invalid(file, lacks(lacking))
  if (!(manifest as Manifest).files.some(({ name }) => name === 'airlock.db')) throw invalid(file, lacks('airlock.db'))
  return manifest
}

function parseManifest(file: string, text: string): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(text))
  } catch {
    throw invalid(file, faults.manifest)
  }
}

/** Where a file of a backup belongs, below the state. */
function placeOf(name: string): string {
  return name.replace(/^beside\//, '')
}

async function put(folder: string, state: string, name: string): Promise<void> {
  const to = join(state, placeOf(name))
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  await rename(join(folder, name), to)
  await syncFolder(dirname(to))
}

/** Null: nothing was there. */
async function moveAside(state: string, names: readonly string[]): Promise<string | null> {
  let aside: string | null = null
  for (const name of names) {
    const from = join(state, name)
    if (!(await lstat(from).catch(absent))) continue
    aside ??= await mkdtemp(join(statePaths(state).backup, 'before-'))
    const to = join(aside, name)
    await mkdir(dirname(to), { recursive: true, mode: 0o700 })
    await rename(from, to)
  }
  if (aside !== null) await syncFolder(state)
  return aside
}

function invalid(file: string, reason: Phrase): AirlockError {
  return new AirlockError('backup-invalid', { file, reason })
}

const changed = (name: string): Phrase => ({
  en: `${name} is not what was backed up: its digest differs`,
  zh: `${name} 与备份时不同：摘要不一致`,
})
const lacks = (name: string): Phrase => ({ en: `${name} is missing: it was cut short`, zh: `缺少 ${name}：文件被截断` })

const faults = {
  notOne: { en: 'it is no backup, or was cut short', zh: '不是备份文件，或已被截断' },
  manifest: { en: 'its manifest is not one that this Airlock reads', zh: '此 Airlock 无法读取其清单' },
  strange: { en: 'it has what its manifest does not name', zh: '含有清单未列出的内容' },
  damaged: { en: 'its database is damaged', zh: '其数据库已损坏' },
  newer: { en: 'its database is of a newer Airlock', zh: '其数据库来自更新版本的 Airlock' },
} as const satisfies Record<string, Phrase>
