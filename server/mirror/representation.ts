/** A page's bytes in the forms and encodings that clients ask for, each made once. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, gzip, gzipSync } from 'node:zlib'
import { guards, revalidated, type Headers } from './answers.ts'
import type { Form } from './negotiate.ts'

/** One form of a page in one encoding, ready to be sent. */
export type Representation = {
  /** Strong: of the bytes, the form and the encoding. */
  readonly etag: string
  /** A string, one character a byte, where that is faster: node then sends it with the headers in a single write. */
  readonly body: Buffer | string
  /** Of a 200, flat. */
  readonly headers: string[]
  /** Of a 304, flat. */
  readonly unchanged: string[]
}

export type Representations = (form: Form, wantsGzip: boolean) => Representation | Promise<Representation>

const types: Readonly<Record<Form, string>> = {
  json: 'application/vnd.pypi.simple.v1+json',
  html: 'application/vnd.pypi.simple.v1+html',
  text: 'text/html; charset=utf-8',
}

/** A page is digests for the most part, in which short matches cost more than they save: a twentieth less, and sooner. */
const squeezing = { level: 6, strategy: constants.Z_FILTERED } as const
/** Compressing this much takes a millisecond or two; more is left to the thread pool. */
const atOnce = 64 * 1024
/** Measured: a small body leaves 4 µs earlier as a string, one of 20 KB a microsecond later. */
const asString = 12 * 1024
const gzipAside = promisify(gzip)

/** `grew` hears how many bytes a further copy takes beside the original. */
export function createRepresentations(bytes: Buffer, grew: (by: number) => void): Representations {
  const hash = createHash('sha256').update(bytes).digest('base64url')
  const plain: Partial<Record<Form, Representation>> = {}
  const squeezed: Partial<Record<Form, Representation>> = {}
  let small: Buffer | Promise<Buffer> | null = null

  function keep(compressed: Buffer): Buffer {
    small = compressed
    grew(compressed.length)
    return compressed
  }

  function compress(): Buffer | Promise<Buffer> {
    if (bytes.length <= atOnce) return keep(gzipSync(bytes, squeezing))
    const under = gzipAside(bytes, squeezing).then(keep)
    // one that failed is tried again by the next request; this one's caller hears of it
    under.catch(() => (small = null))
    return (small = under)
  }

  function make(form: Form, body: Buffer, isGzip: boolean): Representation {
    const etag = `"${hash}-${form}${isGzip ? '-gzip' : ''}"`
    const unchanged = ['ETag', etag, ...revalidated, 'Vary', 'Accept, Accept-Encoding']
    const encoding: Headers = isGzip ? ['Content-Encoding', 'gzip'] : []
    const own = ['Content-Type', types[form], 'Content-Length', String(body.length), ...encoding]
    const headers = [...own, ...unchanged, ...guards]
    if (body.length > asString) return { etag, body, headers, unchanged }
    grew(body.length)
    return { etag, body: body.toString('latin1'), headers, unchanged }
  }

  return (form, wantsGzip) => {
    if (!wantsGzip) return (plain[form] ??= make(form, bytes, false))
    const ready = squeezed[form]
    if (ready !== undefined) return ready
    const body = small ?? compress()
    if (Buffer.isBuffer(body)) return (squeezed[form] = make(form, body, true))
    return body.then((done) => (squeezed[form] ??= make(form, done, true)))
  }
}
