/** Core metadata (METADATA) of wheels: upstream's `.metadata` files, and what lies in the wheels that are here. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Outside, PathOf } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { ProjectFile } from './simple-read.ts'
import { readWheel, type Wheel } from './wheel.ts'

type Deps = {
  readonly outside: Pick<Outside, 'page'>
  /** Where a wheel can be read that is here, durable or not yet. */
  readonly legibleAt: PathOf
}

/** PEP 658 files are small; the largest known has some 200 kB. */
const maxMetadata = 4 << 20
const remembered = 4096

export function createMetadata({ outside, legibleAt }: Deps) {
  const wheels = new Map<string, Promise<Wheel>>()

  async function readHere(sha256: string, file: string): Promise<Wheel> {
    const path = () => legibleAt({ ecosystem: 'pip', sha256, file })
    for (let at = path(); at !== null;) {
      try {
        return await readWheel(at, file)
      } catch (error) {
        // it may have got its name, or have been published, in between
        const [before, now] = [at, path()]
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || now === before) throw error
        at = now
      }
    }
    throw new RangeError(`${file} is not here`)
  }

  return {
    /**
     * What upstream advertises beside a wheel, checked against the digest where the page gives one; null: nothing. Only what
     * is right is kept for good: a proxy's page in its place would be given for ever.
     */
    async upstream(file: ProjectFile, signal: AbortSignal): Promise<Buffer | null> {
      if (file.coreMetadata === false) return null
      const options = { accept: '*/*', maxBytes: maxMetadata, signal }
      const ask = (maxAge?: number) =>
        outside.page(`${file.url}.metadata`, { ...options, ...(maxAge !== undefined && { maxAge }) })
      if (file.coreMetadata === true) return (await ask())?.body ?? null
      const expected = file.coreMetadata.sha256
      const kept = await ask(Number.POSITIVE_INFINITY)
      const page = kept === null || kept.sha256 === expected ? kept : await ask(0)
      if (page === null || page.sha256 === expected) return page?.body ?? null
      throw new AirlockError('digest-mismatch', { file: `${file.file}.metadata`, expected, found: page.sha256 })
    },

    /**
     * A wheel that is here, read and checked once. Throws `artifact-invalid`; rejects with a RangeError when it is not here.
     */
    async wheel(sha256: string, file: string): Promise<Wheel> {
      const key = `${sha256}/${file}`
      const known = wheels.get(key)
      if (known) return known
      const read = readHere(sha256, file)
      wheels.set(key, read)
      if (wheels.size > remembered) wheels.delete(wheels.keys().next().value!)
      read.catch(() => wheels.delete(key))
      return read
    },

    /** METADATA of a wheel that is here, byte-exact; null when it is not. */
    async pooled(sha256: string, file: string): Promise<Buffer | null> {
      if (legibleAt({ ecosystem: 'pip', sha256, file }) === null) return null
      return (await this.wheel(sha256, file)).metadata
    },
  }
}

export type Metadata = ReturnType<typeof createMetadata>

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Of a file's bytes, however many. */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal })
  return hash.digest('hex')
}
