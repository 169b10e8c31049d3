/**
 * A tree as a pod would find it, checked without the code that wrote it:
 *
 *   assert.deepEqual((await checkTree(root)).faults, [])
 *   const before = await hashTree(root)        path -> mode and digest of every file that a pod can see
 */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Parser } from 'htmlparser2'
import { parse as parseToml } from 'smol-toml'
import { fromBuffer } from 'yauzl'

export type Checked = {
  /** What is wrong, each with the place; none: the tree is right. */
  readonly faults: readonly string[]
  readonly pages: number
  readonly links: number
}

type Link = {
  readonly file: string
  readonly href: string
  readonly sha256: string | undefined
  readonly metadata: string | undefined
  readonly requiresPython: string | undefined
  readonly yanked: string | boolean
}

type JsonFile = {
  readonly filename: string
  readonly url: string
  readonly hashes: { readonly sha256?: string }
  readonly size?: number
  readonly 'requires-python'?: string
  readonly 'core-metadata'?: { readonly sha256: string }
  readonly yanked: string | boolean
}

/** Every page and every link of every index, every lock of every request, the modes of everything. */
export async function checkTree(root: string): Promise<Checked> {
  const faults: string[] = []
  const counted = { pages: 0, links: 0 }
  const pip = join(root, 'pip')
  for (const index of await foldersIn(pip)) {
    if (index === 'pool') continue
    if (index === 'requests') await checkRequests(join(pip, index), faults)
    else await checkIndex(join(pip, index), faults, counted)
  }
  for (const [path, { mode, isFolder }] of await entriesOf(root)) {
    const right = path === '.incoming' ? 0o700 : isFolder ? 0o755 : 0o444
    if (mode !== right) faults.push(`${path}: its mode is ${mode.toString(8)}`)
  }
  return { faults: faults.map((fault) => fault.replaceAll(`${root}/`, '')), ...counted }
}

async function checkIndex(folder: string, faults: string[], counted: { pages: number; links: number }): Promise<void> {
  const [html, json] = await both(folder, faults)
  const listed = linksOf(html).map(({ href }) => href.replace(/\/$/, ''))
  const { projects = [] } = JSON.parse(json) as { projects?: { name: string }[] }
  if (
    !isDeepStrictEqual(
      listed,
      projects.map(({ name }) => name),
    )
  )
    faults.push(`${folder}: HTML and JSON differ`)
  const there = (await foldersIn(folder)).toSorted()
  for (const name of listed) if (!there.includes(name)) faults.push(`${folder}: ${name} is listed and has no page`)
  for (const name of there) if (!listed.includes(name)) faults.push(`${folder}: ${name} has a page and is not listed`)
  for (const name of there) await checkProject(join(folder, name), faults, counted)
}

async function checkProject(folder: string, faults: string[], counted: { pages: number; links: number }) {
  counted.pages++
  const [html, json] = await both(folder, faults)
  const links = linksOf(html)
  const files = (JSON.parse(json) as { files?: JsonFile[] }).files ?? []
  if (links.length === 0) faults.push(`${folder}: it lists nothing`)
  if (!isDeepStrictEqual(links, files.map(asLink))) faults.push(`${folder}: HTML and JSON differ`)
  for (const { file, href, sha256, metadata } of links) {
    counted.links++
    const path = join(folder, decodeURIComponent(href))
    const bytes = await read(path, faults, `${folder}: ${file}`)
    if (bytes === null) continue
    if (!path.endsWith(`/${file}`)) faults.push(`${folder}: ${file} leads to ${path}`)
    if (digest(bytes) !== sha256) faults.push(`${path}: its digest is not the one listed`)
    const entry = files.find(({ filename }) => filename === file)
    if (entry && entry.size !== bytes.length) faults.push(`${path}: its size is not the one listed`)
    const beside = await read(`${path}.metadata`, faults, `${folder}: ${file}.metadata`)
    if (beside === null) continue
    if (digest(beside) !== metadata) faults.push(`${path}.metadata: its digest is not the one listed`)
    if (!beside.equals((await metadataIn(bytes)) ?? Buffer.alloc(0)))
      faults.push(`${path}.metadata: not the wheel's own`)
  }
}

/** A request's locks name files of the pool by path and by digest. */
async function checkRequests(folder: string, faults: string[]): Promise<void> {
  for (const id of await foldersIn(folder)) {
    const text = (await read(join(folder, id, 'requirements.txt'), faults, `requests/${id}`))?.toString() ?? ''
    const pinned = text.split('\n').flatMap((line) => /^\S+==\S+ --hash=sha256:([0-9a-f]{64})$/.exec(line)?.[1] ?? [])
    if (pinned.length !== text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length)
      faults.push(`${folder}/${id}/requirements.txt: a line without a digest`)
    const lock = (await read(join(folder, id, 'pylock.toml'), faults, `requests/${id}`))?.toString() ?? ''
    const { packages = [] } = parseToml(lock) as {
      packages?: { wheels: { path: string; hashes: { sha256: string } }[] }[]
    }
    const wheels = packages.flatMap(({ wheels: all }) => all)
    if (
      !isDeepStrictEqual(
        wheels.map(({ hashes }) => hashes.sha256),
        pinned,
      )
    )
      faults.push(`${folder}/${id}: locks differ`)
    for (const { path, hashes } of wheels) {
      const bytes = await read(join(folder, id, path), faults, `${folder}/${id}/pylock.toml`)
      if (bytes !== null && digest(bytes) !== hashes.sha256) faults.push(`${path}: not what requests/${id} locks`)
    }
  }
}

/** Path -> mode and digest of every file below the root that a pod can see. */
export async function hashTree(root: string): Promise<Record<string, string>> {
  const files = (await entriesOf(root)).filter(([path, { isFolder }]) => !isFolder && !path.startsWith('.'))
  const hashed = files.map(async ([path, { mode }]) => [
    path,
    `${mode.toString(8)} ${digest(await readFile(join(root, path)))}`,
  ])
  return Object.fromEntries(await Promise.all(hashed)) as Record<string, string>
}

function linksOf(html: string): Link[] {
  const links: Link[] = []
  let open: Record<string, string> | null = null
  let text = ''
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'a') [open, text] = [attributes, '']
    },
    ontext: (more) => void (text += more),
    onclosetag(name) {
      if (name !== 'a' || open === null) return
      const [href = '', sha256] = (open['href'] ?? '').split('#sha256=')
      const metadata = open['data-core-metadata']?.replace(/^sha256=/, '')
      const [requiresPython, yanked] = [open['data-requires-python'], open['data-yanked']]
      links.push({
        file: text,
        href,
        sha256,
        metadata,
        requiresPython,
        yanked: yanked === '' ? true : (yanked ?? false),
      })
      open = null
    },
  })
  parser.end(html)
  return links
}

function asLink(file: JsonFile): Link {
  return {
    file: file.filename,
    href: file.url,
    sha256: file.hashes.sha256,
    metadata: file['core-metadata']?.sha256,
    requiresPython: file['requires-python'],
    yanked: file.yanked,
  }
}

/** METADATA of a wheel; null where there is none. */
export function metadataIn(wheel: Buffer): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    fromBuffer(wheel, { lazyEntries: true }, (error, zip) => {
      // not a zip at all
      if (error) return resolve(null)
      zip.on('end', () => resolve(null))
      zip.on('entry', (entry: { fileName: string }) => {
        if (!/^[^/]+\.dist-info\/METADATA$/.test(entry.fileName)) return zip.readEntry()
        zip.openReadStream(entry as never, (failed, stream) => {
          if (failed) return reject(failed)
          const chunks: Buffer[] = []
          stream.on('data', (chunk: Buffer) => chunks.push(chunk))
          stream.on('end', () => resolve(Buffer.concat(chunks)))
        })
      })
      zip.readEntry()
    })
  })
}

async function both(folder: string, faults: string[]): Promise<[string, string]> {
  const html = await read(join(folder, 'index.html'), faults, folder)
  const json = await read(join(folder, 'index.json'), faults, folder)
  return [html?.toString() ?? '', json?.toString() ?? '{}']
}

/** Null, and a fault, when it is not there. */
async function read(path: string, faults: string[], whose: string): Promise<Buffer | null> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    faults.push(`${whose}: ${path} is not there`)
    return null
  })
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** Everything that a pod can see; `.incoming` itself, and nothing in it, since that comes and goes. */
async function entriesOf(root: string) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const seen = entries.filter(({ parentPath }) => !relative(root, parentPath).startsWith('.incoming'))
  return Promise.all(
    seen.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      return [relative(root, path), { mode: (await stat(path)).mode & 0o7777, isFolder: entry.isDirectory() }] as const
    }),
  )
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
