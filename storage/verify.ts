/** Are the bytes right? Hashes what the indexes list, and names what nothing lists. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { incomingPath, inTree, poolPath, type TreePath } from './layout.ts'
import type { Listings } from './listings.ts'
import type { Artifact } from './records.ts'

export type Verification = {
  readonly checked: number
  readonly damaged: readonly TreePath[]
  readonly unknown: readonly TreePath[]
}

/** Listings read at once: bounded memory whatever the tree holds. */
const pageSize = 1000

type PoolFile = Pick<Artifact, 'ecosystem' | 'sha256' | 'file'>

type Deps = {
  readonly root: string
  readonly listings: Listings
  /** What the pool keeps though no index lists it: what was built from, and what was listed until lately. */
  readonly kept: () => Promise<readonly PoolFile[]>
}

export function createVerify({ root, listings, kept }: Deps) {
  /**
   * Null: it is not there. What cannot be read is not whole. Between its decision and its publication a file lies in
   * `.incoming/`, and may be moved while it is looked for. Throws the signal's reason.
   */
  async function isWhole({ ecosystem, sha256, file }: PoolFile, signal?: AbortSignal): Promise<boolean | null> {
    const pool = poolPath(ecosystem, sha256, file)
    for (const path of [pool, incomingPath(sha256, file), pool]) {
      const found = await digestOf(path, signal)
      if (found !== null) return found === sha256
    }
    return null
  }

  /** Null: it is not there; empty: it cannot be read. */
  async function digestOf(path: TreePath, signal: AbortSignal | undefined): Promise<string | null> {
    const hash = createHash('sha256')
    try {
      await pipeline(createReadStream(inTree(root, path)), hash, { signal })
    } catch (error) {
      signal?.throwIfAborted()
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : ''
    }
    return hash.digest('hex')
  }

  /** Every file of an ecosystem's pool. */
  async function pooled(ecosystem: string): Promise<TreePath[]> {
    const pool = `${ecosystem}/pool`
    const entries = await readdir(inTree(root, pool), { recursive: true, withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw error
      },
    )
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => `${entry.parentPath.slice(root.length + 1)}/${entry.name}`)
      .toSorted()
  }

  /**
   * Reads every listed file once; each artifact is hashed once however many indexes list it. Unknown is what no index
   * lists and belongs to no listed file (`<file>.metadata` does).
   */
  async function verify(ecosystems: readonly string[], signal?: AbortSignal): Promise<Verification> {
    // before the listings: what is published from now on is none of it, and all of it was listed when it came
    const found = (await Promise.all(ecosystems.map(pooled))).flat()
    const listed = new Set<string>()
    const damaged: TreePath[] = []
    let after: { lane: string; file: string } | null = null
    for (;;) {
      const page = await listings.page(after, pageSize)
      for (const { artifact } of page) {
        signal?.throwIfAborted()
        const path = poolPath(artifact.ecosystem, artifact.sha256, artifact.file)
        if (listed.has(path)) continue
        listed.add(path)
        if (!(await isWhole(artifact, signal))) damaged.push(path)
      }
      const last = page.at(-1)
      if (!last) break
      after = { lane: last.lane, file: last.artifact.file }
    }
    for (const artifact of await kept()) {
      signal?.throwIfAborted()
      const path = poolPath(artifact.ecosystem, artifact.sha256, artifact.file)
      if (listed.has(path)) continue
      listed.add(path)
      // only for the record, or for who still has an older index: that it is gone is no damage
      if ((await isWhole(artifact, signal)) === false) damaged.push(path)
    }
    const strange = found.filter((path) => !listed.has(path) && !listed.has(path.replace(/\.metadata$/, '')))
    const unknown = strange.filter((path) => existsSync(inTree(root, path)))
    return { checked: listed.size, damaged, unknown }
  }

  return { verify, isWhole }
}

export type Verify = ReturnType<typeof createVerify>['verify']
export type IsWhole = ReturnType<typeof createVerify>['isWhole']
