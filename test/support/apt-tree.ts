/**
 * apt's part of a tree as a pod would find it, checked without the code that wrote it:
 *
 *   assert.deepEqual(await checkAptTree(root), [])                         what InRelease leads to, and nothing else says otherwise
 *   assert.deepEqual(await checkAptTree(root, { between: true }), [])      between two steps: what InRelease leads to
 *   await packagesIn(root, 'default')                                      names that a pod is told
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

type Listed = { readonly name: string; readonly sha256: string; readonly size: number }

/** What is wrong, each with the place. Signatures are apt's own to judge. */
export async function checkAptTree(root: string, { between = false } = {}): Promise<string[]> {
  const faults: string[] = []
  for (const target of await targetsIn(root)) {
    const folder = join(root, 'apt', target)
    const listed = await listedBy(folder, faults)
    for (const { name, sha256, size } of listed) {
      await compare(join(folder, 'by-hash/SHA256', sha256), { sha256, size }, faults)
      if (!between) await compare(join(folder, name), { sha256, size }, faults)
    }
    const packages = listed.find(({ name }) => name === 'Packages')
    if (packages === undefined) continue
    const text = await readFile(join(folder, 'by-hash/SHA256', packages.sha256), 'utf8').catch(() => '')
    for (const stanza of stanzasOf(text)) {
      const [path = '?', sha256 = '', size] = ['Filename', 'SHA256', 'Size'].map((field) => fieldOf(stanza, field))
      await compare(join(root, 'apt', path), { sha256, size: Number(size) }, faults)
    }
    if (between) continue
    const release = await readFile(join(folder, 'Release'), 'utf8').catch(() => '')
    const signed = await readFile(join(folder, 'InRelease'), 'utf8')
    if (release === '' || !signed.replaceAll('\r', '').includes(release.trimEnd()))
      faults.push(`${target}: Release is not what InRelease signs`)
  }
  return faults.map((fault) => fault.replaceAll(`${root}/`, ''))
}

/** None where nothing was published. */
export async function packagesIn(root: string, target: string): Promise<string[]> {
  const folder = join(root, 'apt', target)
  const packages = (await listedBy(folder, [])).find(({ name }) => name === 'Packages')
  if (packages === undefined) return []
  const text = await readFile(join(folder, 'by-hash/SHA256', packages.sha256), 'utf8').catch(() => '')
  return stanzasOf(text).map((stanza) => fieldOf(stanza, 'Package')!)
}

async function targetsIn(root: string): Promise<string[]> {
  const entries = await readdir(join(root, 'apt'), { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory() && entry.name !== 'pool').map(({ name }) => name)
}

/** What InRelease names; none, and no fault, before the first one is there. */
async function listedBy(folder: string, faults: string[]): Promise<Listed[]> {
  const signed = await readFile(join(folder, 'InRelease'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return null
  })
  if (signed === null) return []
  const lines = /^SHA256:\r?\n((?: .+\n)+)/m.exec(signed.replaceAll('\r', ''))?.[1] ?? ''
  const listed = [...lines.matchAll(/^ ([0-9a-f]{64}) +(\d+) (\S+)$/gm)].map(([, sha256 = '', size, name = '']) => ({
    name,
    sha256,
    size: Number(size),
  }))
  if (!listed.some(({ name }) => name === 'Packages')) faults.push(`${folder}/InRelease: it lists no Packages`)
  return listed
}

async function compare(path: string, wanted: { sha256: string; size: number }, faults: string[]): Promise<void> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return null
  })
  if (bytes === null) faults.push(`${path} is not there`)
  else if (bytes.length !== wanted.size) faults.push(`${path}: its size is not the one listed`)
  else if (createHash('sha256').update(bytes).digest('hex') !== wanted.sha256)
    faults.push(`${path}: its digest is not the one listed`)
}

function stanzasOf(packages: string): string[] {
  return packages.split('\n\n').filter((stanza) => stanza.trim() !== '')
}

function fieldOf(stanza: string, field: string): string | undefined {
  return new RegExp(`^${field}: (.+)$`, 'm').exec(stanza)?.[1]
}
