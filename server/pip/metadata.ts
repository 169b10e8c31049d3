/** Core metadata (METADATA) of wheels: upstream's `.metadata` files, and what lies in the wheels that are here. */
import { createHash } from 'node:crypto'
import type { Outside, PathOf } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import type { ProjectFile } from './simple-read.ts'
import { readWheel, type Wheel } from './wheel.ts'

type Deps = {
  readonly outside: Pick<Outside, 'page'>
  readonly pathOf: PathOf
}

/** PEP 658 files are small; the largest known has some 200 kB. */
const maxMetadata = 4 << 20
const remembered = 4096

export function createMetadata({ outside, pathOf }: Deps) {
  const wheels = new Map<string, Promise<Wheel>>()

  return {
    /** What upstream advertises beside a wheel, checked against the digest where the page gives one; null: nothing. */
    async upstream(file: ProjectFile, signal: AbortSignal): Promise<Buffer | null> {
      if (file.coreMetadata === false) return null
      const url = `${file.url}.metadata`
      const page = await outside.page(url, {
        accept: '*/*',
        maxBytes: maxMetadata,
        maxAge: Number.POSITIVE_INFINITY,
        signal,
      })
      if (!page) return null
      if (typeof file.coreMetadata === 'object' && page.sha256 !== file.coreMetadata.sha256) {
        throw new AirlockError('digest-mismatch', {
          file: `${file.file}.metadata`,
          expected: file.coreMetadata.sha256,
          found: page.sha256,
        })
      }
      return page.body
    },

    /**
     * A wheel that is here, read and checked once. Throws `artifact-invalid`; rejects with a RangeError when it is not here.
     */
    async wheel(sha256: string, file: string): Promise<Wheel> {
      const key = `${sha256}/${file}`
      const known = wheels.get(key)
      if (known) return known
      const path = pathOf({ ecosystem: 'pip', sha256, file })
      if (path === null) throw new RangeError(`${file} is not here`)
      const read = readWheel(path, file)
      wheels.set(key, read)
      if (wheels.size > remembered) wheels.delete(wheels.keys().next().value!)
      read.catch(() => wheels.delete(key))
      return read
    },

    /** METADATA of a wheel that is here, byte-exact; null when it is not. */
    async pooled(sha256: string, file: string): Promise<Buffer | null> {
      if (pathOf({ ecosystem: 'pip', sha256, file }) === null) return null
      return (await this.wheel(sha256, file)).metadata
    },
  }
}

export type Metadata = ReturnType<typeof createMetadata>

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
